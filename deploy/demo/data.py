"""A file of texts and labels, read and checked before anything else starts.

Nothing here is sent anywhere. Every fault is a `BadData` whose text is one line for a person.
"""

import hashlib
import json
import random
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from nlu_shared.files.formats.base import LABEL, TEXT, Columns
from nlu_shared.files.formats.plain import DISCUSSIONS
from nlu_shared.files.formats.registry import BY_NAME, NAMES
from nlu_shared.files.lines import lines_of
from nlu_shared.files.reading import NotUnderstood, examples
from nlu_shared.files.rows import Line
from nlu_shared.kit.errors import Invalid
from nlu_shared.schemas.base import Label, Utterance
from nlu_shared.schemas.labels import NoLabel, SeveralLabels, read_label
from nlu_shared.schemas.prompts import TaskKind
from pydantic import JsonValue, TypeAdapter, ValidationError

MOST_LABELS = 1_000
MOST_BYTES = 200_000_000
SEVERAL = "several_labels"
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


def read(
    path: Path,
    *,
    text: str | None = None,
    label: str | None = None,
    format: str | None = None,
    limit: int | None = None,
    seed: int = 0,
) -> DataSet:
    """The usable rows of a file of any known format, or a sample of `limit` of them that keeps the
    labels in proportion. Raises BadData; a row with several labels is left out, one that cannot be
    read refuses the file."""
    skipped: Counter[str] = Counter()
    rows: dict[str, Row] = {}
    for spoken, named in _labelled(path, Columns(text, label), format, skipped):
        if not spoken or named is None:
            skipped["without text or label"] += 1
        elif not _storable(spoken, named):
            skipped["too long or not storable"] += 1
        elif known := rows.get(_same(spoken)):
            skipped["repeated" if known.truth == named else "repeated, other label"] += 1
        else:
            rows[_same(spoken)] = Row(spoken, named)
    usable = list(rows.values())
    _check(path, usable, label or LABEL, limit)
    return DataSet(path.stem, tuple(sample(usable, limit, seed)), dict(skipped))


def holds_discussions(path: Path) -> bool:
    """Whether the file is an export of coded discussions. Raises BadData where there is none."""
    try:
        opened = examples([_content(path)], Columns(), strict=False)
    except Invalid:
        return False
    return opened.format is DISCUSSIONS


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


def _labelled(
    path: Path, columns: Columns, format: str | None, skipped: Counter[str]
) -> Iterator[tuple[str, str | None]]:
    """Each text with its label. Counts the rows whose label is none, by reason."""
    faults = []
    for line in _lines(path, columns, format):
        if isinstance(line.row, Invalid):
            if line.row.code == SEVERAL:
                skipped["with several labels"] += 1
            else:
                faults.append(f"{line.unit} {line.number}: {line.row}")
            continue
        try:
            named = read_label(line.row.get(LABEL))
        except SeveralLabels:
            skipped["with several labels"] += 1
        except NoLabel as none:
            faults.append(f"{line.unit} {line.number}: {none}")
        else:
            yield _plain(line.row.get(TEXT)), named
    if faults:
        more = f" ({len(faults) - 1} more like it)" if len(faults) > 1 else ""
        raise BadData(f"{path}, {faults[0]}{more}")


def _lines(path: Path, columns: Columns, format: str | None) -> Iterator[Line]:
    if columns.text == columns.label and columns.text is not None:
        raise BadData(f"TEXT and LABEL name the same column, {columns.text!r}")
    if format is not None and format not in BY_NAME:
        raise BadData(f"FROM={format} is none of {', '.join(NAMES)}")
    try:
        known = None if format is None else BY_NAME[format]
        yield from examples([_content(path)], columns, format=known).lines
    except NotUnderstood as unknown:
        raise BadData(_unknown(path, unknown, columns)) from None
    except Invalid as unreadable:
        raise BadData(f"{path}: {unreadable}") from None


def _unknown(path: Path, unknown: NotUnderstood, columns: Columns) -> str:
    """Names the columns that there are: the file is the reader's own."""
    if not unknown.columns:
        return f"{path}: {unknown}"
    if len(unknown.columns) == 1:
        return f"{path} has one column only; a text and a label column are needed"
    needed = (("TEXT", columns.text or TEXT), ("LABEL", columns.label or LABEL))
    option, name = next((one for one in needed if one[1] not in unknown.columns), needed[1])
    has = ", ".join(map(repr, unknown.columns))
    return f"{path} has no {name!r}; it has {has}. Name it with {option}=. {unknown}"


def decoded(path: Path) -> str:
    """The text of a file. Raises BadData."""
    try:
        return "".join(lines_of([_content(path)]))
    except Invalid as unreadable:
        raise BadData(f"{path}: {unreadable}") from None


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise BadData(f"{path} is larger than {MOST_BYTES // 1_000_000} MB")
        content = path.read_bytes()
    except FileNotFoundError:
        raise BadData(f"there is no file {path}") from None
    except OSError as error:
        raise BadData(f"{path} cannot be read: {error.strerror}") from None
    if not content.strip():
        raise BadData(f"{path} is empty")
    return content


def _plain(value: JsonValue) -> str:
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
