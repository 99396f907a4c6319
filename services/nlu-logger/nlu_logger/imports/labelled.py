"""Rows as cases: a text and its label, or a discussion of the extraction export. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from nlu_shared.files.formats.base import GROUP, LABEL, TEXT
from nlu_shared.files.rows import Line, cell, column
from nlu_shared.kit.errors import Invalid
from nlu_shared.kit.http.plain import check_line
from nlu_shared.kit.refusals import places
from nlu_shared.schemas.exported import (
    CodedStatement,
    ExportedDiscussion,
    RefusedStatement,
    read_export,
)
from nlu_shared.schemas.ground_truth import GroundTruthIn
from nlu_shared.schemas.labels import NoLabel, read_truth
from nlu_shared.schemas.predictions import INTENT
from pydantic import JsonValue, ValidationError

LONGEST_NAME = 64
"""Of a statement's id in an answer; it is the caller's own text."""
Case = GroundTruthIn | Invalid | None
"""None where the row has no label: nobody has said anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelling:
    """What the cases are of."""

    task: str
    may_quote: bool | None
    allow_new: bool = False


def cases_of(line: Line, how: Labelling) -> Iterator[tuple[str | None, Case]]:
    """The cases of one line, each with the statement it is from where the line is a discussion."""
    if isinstance(line.row, Invalid):
        yield None, line.row
    elif "statements" in line.row:
        yield from _discussed(dict(line.row), how)
    else:
        yield None, _labelled(dict(line.row), how)


def _labelled(row: dict[str, JsonValue], how: Labelling) -> Case:
    if column(row, TEXT) is None or column(row, LABEL) is None:
        return Invalid("The row lacks the text column or the label column.", code="no_column")
    text, context = cell(row, TEXT), row.get("context")
    try:
        truth = read_truth(_structured(cell(row, LABEL)))
        if truth is None:
            return None
        if truth == {} and how.task == INTENT:
            return Invalid("An empty object is no label.", code="no_label")
        if isinstance(text, str) and not text.strip():
            return Invalid("The text is blank.")
        return GroundTruthIn.model_validate(
            {
                "task": how.task,
                "text": text,
                "context": context if isinstance(context, dict) else None,
                "truth": truth,
                "group": _group(cell(row, GROUP)),
                "may_quote": how.may_quote,
                "allow_new": how.allow_new,
            }
        )
    except ValidationError as wrong:
        return Invalid(places(wrong, GroundTruthIn))
    except NoLabel as wrong:
        return Invalid(f"{wrong}", code=wrong.code)


def _group(value: JsonValue) -> JsonValue:
    """Numbers name groups as well; what says nothing names none."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value or None


def _structured(label: JsonValue) -> JsonValue:
    """A truth that is an object stands as its JSON where a column holds texts only: in a table,
    and in the files of a data set."""
    if not isinstance(label, str) or not label.startswith("{"):
        return label
    try:
        truth: JsonValue = check_line(label.encode())
    except Invalid:
        return label
    return truth


def _discussed(discussion: dict[str, JsonValue], how: Labelling) -> Iterator[tuple[str, Case]]:
    try:
        statements = list(read_export(discussion))
    except ValidationError as wrong:
        yield "discussion", Invalid(places(wrong, ExportedDiscussion))
        return
    for statement in statements:
        yield statement.statement[:LONGEST_NAME], _coded(statement, how)


def _coded(statement: CodedStatement | RefusedStatement, how: Labelling) -> Case:
    if isinstance(statement, RefusedStatement):
        return Invalid(statement.reason)
    try:
        return statement.as_ground_truth(how.task, may_quote=how.may_quote)
    except ValidationError as wrong:
        return Invalid(places(wrong, GroundTruthIn))
