"""How the rows of a file of any size reach a running nlu-logger: in small parts, and each row with
what became of it."""

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

import httpx2
from nlu_shared.files.reading import FileKind
from nlu_shared.files.rows import Line
from nlu_shared.kit.errors import Invalid
from nlu_shared.schemas.imports import HistoryAnswer, LineResult
from nlu_shared.schemas.labels import LabelWarning
from pydantic import JsonValue

from nlu_logger.commands.remote import reason_of
from nlu_logger.imports.results import refused

CASES_AT_ONCE = 200
BYTES_AT_ONCE = 1_000_000
LINES_AT_ONCE = 1_000
Part = list[tuple[Line, bytes]]
"""Rows with what is sent of them; of a row that cannot be read nothing is."""


def sent(
    http: httpx2.Client,
    path: str,
    params: Mapping[str, str | bool],
    lines: Iterable[Line],
    counts: Counter[str],
) -> Iterator[tuple[Line, LineResult]]:
    """What became of each row, in the file's order, and in `counts` of how many; says at the end
    which labels are nearly others and which columns were left aside. Ends the program where a part
    as a whole is refused."""
    close: dict[str, LabelWarning] = {}
    ignored: dict[str, None] = {}
    for part in _parts(lines):
        readable = [(line, body) for line, body in part if body]
        answered = _answered(http, path, params, [body for _, body in readable])
        counts.update(answered.model_dump(exclude={"items", "ignored"}))
        ignored.update(dict.fromkeys(answered.ignored))
        results: dict[int, list[LineResult]] = {}
        for one in answered.items:
            line = readable[one.line - 1][0]
            moved = one.model_copy(update={"line": line.number})
            results.setdefault(id(line), []).append(moved)
        for line, _ in part:
            if isinstance(line.row, Invalid):
                counts["refused"] += 1
                yield line, refused(line.number, line.row)
            for result in results.get(id(line), ()):
                if result.warning:
                    close.setdefault(result.warning.label, result.warning)
                yield line, result
    if ignored:
        print(f"left aside, since the original table has no such column: {', '.join(ignored)}")
    for warning in close.values():
        print(f"{warning.label} is nearly {', '.join(warning.like)}. {warning.detail}")


def _answered(
    http: httpx2.Client, path: str, params: Mapping[str, str | bool], bodies: list[bytes]
) -> HistoryAnswer:
    if not bodies:
        return HistoryAnswer(
            items=[], created=0, repeated=0, skipped=0, refused=0, past_retention=0
        )
    answer = http.post(
        path, params=params, content=b"\n".join(bodies), headers={"content-type": FileKind.JSONL}
    )
    if not answer.is_success:
        sys.exit(f"nlu-logger: {reason_of(answer.content, answer.status_code)}")
    return HistoryAnswer.model_validate({"past_retention": 0, **answer.json()})


def tell(line: Line, result: LineResult) -> None:
    """One line for a person, without a word of what stands there."""
    item = f" ({result.item})" if result.item else ""
    print(f"{line.unit} {line.number}{item}: {result.code}: {result.detail}")


def _parts(lines: Iterable[Line]) -> Iterator[Part]:
    """Rows, as many as fit one request."""
    part: Part = []
    cases = size = 0
    for line in lines:
        readable = not isinstance(line.row, Invalid)
        body = json.dumps(line.row).encode() if readable else b""
        more = 0 if isinstance(line.row, Invalid) else _cases_in(line.row)
        too_much = cases + more > CASES_AT_ONCE or size + len(body) > BYTES_AT_ONCE
        if part and (too_much or len(part) >= LINES_AT_ONCE):
            yield part
            part, cases, size = [], 0, 0
        part.append((line, body))
        cases, size = cases + more, size + len(body)
    if part:
        yield part


def _cases_in(row: Mapping[str, JsonValue]) -> int:
    """At most: a discussion may make one of each statement."""
    statements = row.get("statements")
    return len(statements) if isinstance(statements, list) else 1
