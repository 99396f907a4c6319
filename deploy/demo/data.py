"""A file of texts and labels, read and checked before anything else starts.

Nothing here is sent anywhere. Every fault is a `BadData` whose text is one line for a person.
"""

import csv
import hashlib
import io
import json
import random
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from nlu_shared.schemas.base import Label, Utterance
from nlu_shared.schemas.labels import NoLabel, read_label
from nlu_shared.schemas.prompts import TaskKind
from pydantic import JsonValue, TypeAdapter, ValidationError

MOST_LABELS = 1_000
MOST_BYTES = 200_000_000
DELIMITERS = {".csv": ",", ".tsv": "\t"}
JSON_LINES = {".jsonl", ".ndjson"}
_UTTERANCE: TypeAdapter[str] = TypeAdapter(Utterance)
_LABEL: TypeAdapter[str] = TypeAdapter(Label)


class BadData(Exception):
    """The file cannot be used; the message says why and, where it is known, what to do."""


@dataclass(frozen=True, slots=True)
class Row:
    """`truth` is a label or an extraction; texts of one `group` are never split apart."""

    text: str
    truth: JsonValue
    group: str | None = None


@dataclass(frozen=True, slots=True)
class DataSet:
    """`rows` in a seeded order; `skipped` counts rows left out, by reason."""

    name: str
    rows: tuple[Row, ...]
    skipped: Mapping[str, int]
    kind: TaskKind = TaskKind.INTENT

    @property
    def labels(self) -> tuple[str, ...]:
        """Of an intent task; what is extracted has codes of its own."""
        if self.kind is not TaskKind.INTENT:
            return ()
        return tuple(sorted({str(row.truth) for row in self.rows}))

    @property
    def says(self) -> str:
        if self.kind is TaskKind.INTENT:
            return f"{len(self.rows)} texts, {len(self.labels)} labels"
        return f"{len(self.rows)} statements of {len({row.group for row in self.rows})} discussions"

    @property
    def slug(self) -> str:
        """Equal texts and labels under an equal name are the same task, run after run."""
        by_text = sorted(self.rows, key=lambda row: row.text)
        content = json.dumps([[row.text, row.truth] for row in by_text])
        plain = re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-") or "data"
        return f"{plain[:40]}-{hashlib.sha256(content.encode()).hexdigest()[:8]}"


def read(path: Path, *, text: str, label: str, limit: int | None = None, seed: int = 0) -> DataSet:
    """The usable rows of a CSV, TSV or JSON Lines file, or a sample of `limit` of them that keeps
    the labels in proportion. Raises BadData."""
    skipped: Counter[str] = Counter()
    rows: dict[str, Row] = {}
    for spoken, named in _records(path, text, label):
        if not spoken or named is None:
            skipped["without text or label"] += 1
        elif not _storable(spoken, named):
            skipped["too long or not storable"] += 1
        elif known := rows.get(_same(spoken)):
            skipped["repeated" if known.truth == named else "repeated, other label"] += 1
        else:
            rows[_same(spoken)] = Row(spoken, named)
    usable = list(rows.values())
    _check(path, usable, label, limit)
    return DataSet(path.stem, tuple(sample(usable, limit, seed)), dict(skipped))


def sample(rows: list[Row], limit: int | None, seed: int) -> list[Row]:
    """`limit` rows, each label with its share and at least one. The order is seeded, too."""
    order = random.Random(seed)  # noqa: S311
    mixed = sorted(rows, key=lambda row: (str(row.truth), row.text))
    order.shuffle(mixed)
    if limit is None or limit >= len(mixed):
        return mixed
    by_label: dict[str, list[Row]] = defaultdict(list)
    for row in mixed:
        by_label[str(row.truth)].append(row)
    ranked = sorted(
        ((place + 0.5) / len(group) if place else 0.0, label, place)
        for label, group in by_label.items()
        for place in range(len(group))
    )
    chosen = {by_label[label][place].text for _, label, place in ranked[:limit]}
    return [row for row in mixed if row.text in chosen]


def _check(path: Path, rows: list[Row], label: str, limit: int | None) -> None:
    labels = {str(row.truth) for row in rows}
    if not rows:
        raise BadData(f"{path} holds no row with both a text and a label")
    if len(labels) < 2:
        raise BadData(f"{path} has one label only ({labels.pop()!r}); at least 2 are needed")
    if len(labels) > MOST_LABELS:
        raise BadData(
            f"{path} has {len(labels)} labels, the most is {MOST_LABELS}; is {label!r} the column?"
        )
    if limit is not None and limit < len(labels):
        raise BadData(f"LIMIT={limit} leaves out some of the {len(labels)} labels in {path}")


def _records(path: Path, text: str, label: str) -> Iterator[tuple[str, str | None]]:
    content = decoded(path)
    if path.suffix.lower() in JSON_LINES:
        yield from _json_lines(path, content, text, label)
    elif path.suffix.lower() in DELIMITERS:
        yield from _table(path, content, text, label)
    else:
        raise BadData(f"{path} is none of {', '.join([*DELIMITERS, *sorted(JSON_LINES)])}")


def decoded(path: Path) -> str:
    """The text of a file. Raises BadData."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise BadData(f"{path} is larger than {MOST_BYTES // 1_000_000} MB")
        content = path.read_bytes()
    except FileNotFoundError:
        raise BadData(f"there is no file {path}") from None
    except OSError as error:
        raise BadData(f"{path} cannot be read: {error.strerror}") from None
    try:
        decoded = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadData(f"{path} is not UTF-8 (byte {error.start}); save it as UTF-8") from None
    if not decoded.strip():
        raise BadData(f"{path} is empty")
    return decoded


def _table(path: Path, content: str, text: str, label: str) -> Iterator[tuple[str, str | None]]:
    delimiter = DELIMITERS[path.suffix.lower()]
    reader = csv.DictReader(io.StringIO(content, newline=""), delimiter=delimiter, strict=True)
    try:
        columns = reader.fieldnames or []
        if len(columns) < 2:
            raise BadData(
                f"{path} has one column only; a text and a label column are needed,"
                f" separated by {'commas' if delimiter == ',' else 'tabs'}"
            )
        _check_columns(path, list(columns), text, label)
        for row in reader:
            place = f"{path}, line {reader.line_num}"
            yield (row[text] or "").strip(), _label_of(row[label], place)
    except csv.Error as error:
        raise BadData(f"{path}, after line {reader.line_num}: {error}") from None


def _json_lines(
    path: Path, content: str, text: str, label: str
) -> Iterator[tuple[str, str | None]]:
    for number, line in enumerate(content.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            raise BadData(f"{path}, line {number} is not JSON") from None
        if not isinstance(row, dict):
            raise BadData(f"{path}, line {number} is not a JSON object")
        _check_columns(path, list(row), text, label, line=number)
        yield _plain(row[text]), _label_of(row[label], f"{path}, line {number}")


def _check_columns(
    path: Path, columns: list[str], text: str, label: str, *, line: int | None = None
) -> None:
    if text == label:
        raise BadData(f"TEXT and LABEL name the same column, {text!r}")
    for option, wanted in (("TEXT", text), ("LABEL", label)):
        if wanted not in columns:
            where = f"{path}, line {line}" if line else str(path)
            raise BadData(
                f"{where} has no {wanted!r}; it has {', '.join(map(repr, columns)) or 'nothing'}."
                f" Name it with {option}="
            )


def _label_of(value: JsonValue, place: str) -> str | None:
    """By the one reading of all doors; None where nothing was labelled. Raises BadData."""
    try:
        return read_label(value)
    except NoLabel as wrong:
        raise BadData(f"{place}: {wrong}") from None


def _plain(value: object) -> str:
    return value.strip() if isinstance(value, str) else "" if value is None else json.dumps(value)


def _same(text: str) -> str:
    """Texts that are one text to nlu-logger, which keeps one truth for each."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _storable(text: str, label: str) -> bool:
    try:
        _UTTERANCE.validate_python(text)
        _LABEL.validate_python(label)
    except ValidationError:
        return False
    return True
