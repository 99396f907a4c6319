"""What became of each line, and how many of each kind there are. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TypeVar

from nlu_shared.files.rows import Line, under
from nlu_shared.kit.errors import Invalid, ServiceError
from nlu_shared.kit.refusals import places, tellable
from nlu_shared.schemas.imports import ImportAnswer, LineResult
from pydantic import BaseModel, ValidationError

Row = TypeVar("Row", bound=BaseModel)
CREATED, REPEATED = 201, 200
SKIPPED, ERASED = "skipped", "erased"
WITHOUT_NEWS = ("updated_at",)
"""Columns of the original table that say nothing which is not said otherwise."""
EMPTY: tuple[object, ...] = (None, "", [], {})
OFFERED = 20
"""Labels that a line's refusal names."""
KINDS = {CREATED: "created", REPEATED: "repeated"}


def understood(
    lines: Iterable[Line], model: type[Row]
) -> tuple[list[tuple[int, Row]], list[LineResult]]:
    """The rows that can be read, with their lines, and why the others cannot."""
    rows, failed = [], []
    for line in lines:
        try:
            if isinstance(line.row, Invalid):
                raise line.row
            rows.append((line.number, model.model_validate(under(line.row, model.model_fields))))
        except ValidationError as wrong:
            failed.append(refused(line.number, Invalid(places(wrong, model))))
        except Invalid as unreadable:
            failed.append(refused(line.number, unreadable))
    return rows, failed


def left_aside(lines: Iterable[Line], model: type[BaseModel]) -> list[str]:
    """The columns that hold something of which no field is made, each once; what is no name of
    ours is not repeated."""
    known = {*model.model_fields, *WITHOUT_NEWS}
    rows = [line.row for line in lines if not isinstance(line.row, Invalid)]
    others = {
        name
        for row in rows
        for name, value in under(row, known).items()
        if name not in known and value not in EMPTY
    }
    return sorted({tellable(name, None) for name in others})


def refused(line: int, error: ServiceError, *, item: str | None = None) -> LineResult:
    offered = f" Labels: {', '.join(error.labels[:OFFERED])}" if error.labels else ""
    detail = f"{error}{offered}"
    return LineResult(line=line, item=item, status=error.status, code=error.code, detail=detail)


def skipped(line: int) -> LineResult:
    return LineResult(line=line, status=REPEATED, code=SKIPPED)


def erased(line: int) -> LineResult:
    """What an erasure removed, or would have, stays away."""
    return LineResult(
        line=line,
        status=REPEATED,
        code=ERASED,
        detail="Its person was erased after it was said; it stays erased.",
    )


def summed(results: Sequence[LineResult]) -> ImportAnswer:
    """In the order of the file."""
    counts = Counter(
        one.code if one.code in (SKIPPED, ERASED) else KINDS.get(one.status, "refused")
        for one in results
    )
    return ImportAnswer(
        items=sorted(results, key=lambda one: one.line),
        created=counts["created"],
        repeated=counts["repeated"],
        skipped=counts[SKIPPED],
        erased=counts[ERASED],
        refused=counts["refused"],
    )
