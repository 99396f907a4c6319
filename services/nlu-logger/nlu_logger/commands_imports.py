"""The commands that bring files in: any size, sent in small parts, told line by line.

What was sent before an interruption stays; the same file sent again adds nothing to it.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from nlu_shared.kit.errors import Invalid
from nlu_shared.schemas.imports import HistoryAnswer, LineResult
from nlu_shared.schemas.labels import LabelWarning
from nlu_shared.schemas.predictions import INTENT
from pydantic import JsonValue

from nlu_logger.imports.lines import Kind, Line, read
from nlu_logger.imports.results import SKIPPED, refused
from nlu_logger.remote import HERE, Key, Url, client, reason_of

KINDS = {".csv": Kind.CSV, ".tsv": Kind.CSV, ".json": Kind.JSON}
CASES_AT_ONCE = 200
BYTES_AT_ONCE = 1_000_000


def import_corrections(
    file: Path,
    *,
    approve: bool = False,
    allow_new: bool = False,
    url: Url = HERE,
    key: Key = "",
) -> None:
    """Brings in the filled review file (.jsonl, .json, .csv).

    Parameters
    ----------
    approve: make ground truth of it at once; the key must be allowed to decide.
    allow_new: add labels that the task's set lacks to the set.
    """
    params: dict[str, str | bool] = {"approve": approve, "allow_new": allow_new}
    _end(_bring(file, "/v1/corrections:import", params, url, key))


def import_ground_truth(
    file: Path,
    *,
    task: str,
    text_column: str = "text",
    label_column: str = "label",
    group_column: str = "group",
    may_quote: bool = True,
    allow_new: bool = False,
    url: Url = HERE,
    key: Key = "",
) -> None:
    """Brings in texts with their labels, or the extraction export of the original system.

    Parameters
    ----------
    group_column: what a case must not be parted from; texts without one stand alone.
    may_quote: whether these texts may appear inside a prompt.
    allow_new: add labels that the task's set lacks to the set.
    """
    params: dict[str, str | bool] = {
        "task": task,
        "text_column": text_column,
        "label_column": label_column,
        "group_column": group_column,
        "may_quote": may_quote,
        "allow_new": allow_new,
    }
    _end(_bring(file, "/v1/ground-truth:import", params, url, key))


def import_logs(
    file: Path,
    *,
    task: str = INTENT,
    approve: bool = False,
    allow_new: bool = False,
    url: Url = HERE,
    key: Key = "",
) -> None:
    """Brings in rows of the original nlu_prompt_logs, however old (an administrator's key).

    Parameters
    ----------
    approve: make ground truth of their corrections at once; otherwise they are proposed.
    allow_new: add labels that the task's set lacks to the set.
    """
    params: dict[str, str | bool] = {"task": task, "approve": approve, "allow_new": allow_new}
    counts = _bring(file, "/v1/predictions:import", params, url, key)
    if past := counts["past_retention"]:
        print(
            f"{past} are older than the retention: it will drop them soon, and keep without"
            " names what training may keep, of corrected ones those that are approved by then"
        )
    _end(counts)


def _bring(
    file: Path, path: str, params: dict[str, str | bool], url: str, key: str
) -> Counter[str]:
    """Sends the file, prints the lines that were refused, and counts what became of the others."""
    counts: Counter[str] = Counter()
    close: dict[str, LabelWarning] = {}
    with file.open("rb") as opened, client(url, key) as http:
        for part in _parts(read(opened, KINDS.get(file.suffix.lower(), Kind.JSONL)), counts):
            body = b"\n".join(line for _, line in part)
            answer = http.post(
                path, params=params, content=body, headers={"content-type": Kind.JSONL}
            )
            if not answer.is_success:
                sys.exit(f"nlu-logger: {reason_of(answer.content, answer.status_code)}")
            answered = HistoryAnswer.model_validate({"past_retention": 0, **answer.json()})
            counts.update(answered.model_dump(exclude={"items"}))
            for one in answered.items:
                if one.code not in (None, SKIPPED):
                    _tell(part[one.line - 1][0], one)
                if one.warning:
                    close.setdefault(one.warning.label, one.warning)
    for warning in close.values():
        print(f"{warning.label} is nearly {', '.join(warning.like)}. {warning.detail}")
    return counts


def _parts(lines: Iterable[Line], counts: Counter[str]) -> Iterator[list[tuple[int, bytes]]]:
    """Lines with their numbers, as many as fit one request; those unreadable are told here."""
    part: list[tuple[int, bytes]] = []
    cases = size = 0
    for line in lines:
        if isinstance(line.row, Invalid):
            _tell(line.number, refused(line.number, line.row))
            counts["refused"] += 1
            continue
        sent, more = json.dumps(line.row).encode(), _cases_in(line.row)
        if part and (cases + more > CASES_AT_ONCE or size + len(sent) > BYTES_AT_ONCE):
            yield part
            part, cases, size = [], 0, 0
        part.append((line.number, sent))
        cases, size = cases + more, size + len(sent)
    if part:
        yield part


def _cases_in(row: Mapping[str, JsonValue]) -> int:
    """At most: a discussion may make one of each statement."""
    statements = row.get("statements")
    return len(statements) if isinstance(statements, list) else 1


def _tell(number: int, result: LineResult) -> None:
    item = f" ({result.item})" if result.item else ""
    print(f"line {number}{item}: {result.code}: {result.detail}")


def _end(counts: Counter[str]) -> None:
    print(
        f"{counts['created']} new, {counts['repeated']} there already,"
        f" {counts['skipped']} skipped, {counts['refused']} refused"
    )
    if counts["refused"]:
        sys.exit(1)
