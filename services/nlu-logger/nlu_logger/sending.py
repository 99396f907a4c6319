"""How the rows of a file of any size reach a running nlu-logger: in small parts, and each row with
what became of it."""

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

import httpx2
from nlu_shared.files.reading import Kind
from nlu_shared.files.rows import Line
from nlu_shared.kit.errors import Invalid
from nlu_shared.schemas.imports import HistoryAnswer, LineResult
from pydantic import JsonValue

from nlu_logger.imports.results import refused
from nlu_logger.remote import reason_of

CASES_AT_ONCE = 200
BYTES_AT_ONCE = 1_000_000
Part = list[tuple[Line, bytes]]


def sent(
    http: httpx2.Client,
    path: str,
    params: Mapping[str, str | bool],
    lines: Iterable[Line],
    counts: Counter[str],
) -> Iterator[tuple[Line, LineResult]]:
    """What became of each row, and in `counts` of how many. Ends the program where a part as a
    whole is refused."""
    for read in _parts(lines):
        if isinstance(read, Line):
            counts["refused"] += 1
            if isinstance(read.row, Invalid):
                yield read, refused(read.number, read.row)
            continue
        body = b"\n".join(one for _, one in read)
        answer = http.post(path, params=params, content=body, headers={"content-type": Kind.JSONL})
        if not answer.is_success:
            sys.exit(f"nlu-logger: {reason_of(answer.content, answer.status_code)}")
        answered = HistoryAnswer.model_validate({"past_retention": 0, **answer.json()})
        counts.update(answered.model_dump(exclude={"items"}))
        for one in answered.items:
            line = read[one.line - 1][0]
            yield line, one.model_copy(update={"line": line.number})


def tell(line: Line, result: LineResult) -> None:
    """One line for a person, without a word of what stands there."""
    item = f" ({result.item})" if result.item else ""
    print(f"{line.unit} {line.number}{item}: {result.code}: {result.detail}")


def _parts(lines: Iterable[Line]) -> Iterator[Part | Line]:
    """Rows, as many as fit one request; those unreadable by themselves."""
    part: Part = []
    cases = size = 0
    for line in lines:
        if isinstance(line.row, Invalid):
            yield line
            continue
        one, more = json.dumps(line.row).encode(), _cases_in(line.row)
        if part and (cases + more > CASES_AT_ONCE or size + len(one) > BYTES_AT_ONCE):
            yield part
            part, cases, size = [], 0, 0
        part.append((line, one))
        cases, size = cases + more, size + len(one)
    if part:
        yield part


def _cases_in(row: Mapping[str, JsonValue]) -> int:
    """At most: a discussion may make one of each statement."""
    statements = row.get("statements")
    return len(statements) if isinstance(statements, list) else 1
