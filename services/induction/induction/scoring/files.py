"""Files of truths and predictions, joined by id, or the original system's export.

What cannot be scored is `Unscorable`: one line for a person that names the file and the line, and
never says a word of what stands there.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from nlu_shared.schemas.exported import CodedStatement, RefusedStatement, read_export
from nlu_shared.schemas.ground_truth import Context, StreamEnd
from nlu_shared.schemas.labels import NoLabel, read_label
from nlu_shared.schemas.prompts import TaskKind
from nlu_shared.schemas.scores import CaseId, PredictedLine, TruthLine
from pydantic import JsonValue, ValidationError

from induction.task_kinds.base import Prediction
from induction.task_kinds.extraction import ExtractionTask

BOM = b"\xef\xbb\xbf"
MISSING = "no prediction"
UNUSABLE = "no usable answer"
Line = TypeVar("Line", bound=PredictedLine)


class Unscorable(Exception):
    """A file that cannot be scored, and where it cannot."""


@dataclass(frozen=True, slots=True)
class File:
    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Scored:
    """A case's truth and what was predicted of it; a fault says why nothing was."""

    id: CaseId
    truth: JsonValue
    prediction: Prediction
    group: str | None = None
    context: Context | None = None


def read(truths: File, predictions: File | None, kind: TaskKind) -> tuple[list[Scored], int]:
    """Every case that has a truth, in the order of the truths, and how many were left out.

    The original system's export is scored on its own predictions, since its items are numbered anew
    when it is read; statements it predicted nothing of are left out. Raises Unscorable.
    """
    exported = _export(truths) if kind is TaskKind.EXTRACTION else None
    if exported is None:
        if predictions is None:
            raise Unscorable(f"{truths.name} holds no predictions of its own: name --predictions")
        return _joined(truths, predictions, kind)
    if predictions is not None:
        raise Unscorable(f"{truths.name} holds predictions of its own: leave --predictions out")
    scored = list(_own(exported))
    if not scored:
        raise Unscorable(
            f"{truths.name}: none of {len(exported)} approved statements has a prediction"
        )
    return scored, len(exported) - len(scored)


def _export(file: File) -> list[CodedStatement | RefusedStatement] | None:
    try:
        return list(read_export(json.loads(file.content)))
    except (ValueError, RecursionError):  # ValidationError is a ValueError
        return None


def _own(exported: Iterable[CodedStatement | RefusedStatement]) -> Iterator[Scored]:
    for one in exported:
        if isinstance(one, CodedStatement) and one.predicted is not None:
            yield Scored(
                one.statement,
                one.truth.model_dump(mode="json"),
                Prediction(one.predicted.model_dump(mode="json")),
                one.group,
                one.context,
            )


def _joined(truths: File, predictions: File, kind: TaskKind) -> tuple[list[Scored], int]:
    known, predicted = _by_id(truths, TruthLine), _by_id(predictions, PredictedLine)
    read = {key: _truth(place, line.output, kind) for key, (place, line) in known.items()}
    labelled = {key: truth for key, truth in read.items() if truth is not None}
    if not labelled:
        raise Unscorable(f"{truths.name} holds no truth")
    for key, (place, _) in predicted.items():
        if key not in known:
            raise Unscorable(f"{place}: its id has no truth")
    answers = {key: _prediction(line.output, kind) for key, (_, line) in predicted.items()}
    missing = Prediction(fault=MISSING)
    scored = [
        Scored(one.id, labelled[key], answers.get(key, missing), one.group, one.context)
        for key, (_, one) in known.items()
        if key in labelled
    ]
    return scored, len(known) - len(scored)


def _truth(place: str, output: JsonValue, kind: TaskKind) -> JsonValue:
    """By the one reading of all doors; None where a text was not labelled. Raises Unscorable."""
    if kind is TaskKind.EXTRACTION:
        if not ExtractionTask().is_valid_output(output):
            raise Unscorable(f"{place}: its output is no extraction")
        return output
    try:
        return read_label(output)
    except NoLabel as wrong:
        raise Unscorable(f"{place}: its output is no label: {wrong}") from None


def _by_id(file: File, shape: type[Line]) -> dict[str, tuple[str, Line]]:
    """Each line with its place in the file."""
    lines: dict[str, tuple[str, Line]] = {}
    for place, line in _lines(file, shape):
        if str(line.id) in lines:
            raise Unscorable(f"{place}: its id stands on an earlier line")
        lines[str(line.id)] = place, line
    return lines


def _lines(file: File, shape: type[Line]) -> Iterator[tuple[str, Line]]:
    """Empty lines are left out, as is the end of nlu-logger's stream of truths."""
    # Of bytes: text would also be parted at separators that JSON may hold as they are.
    for number, line in enumerate(file.content.removeprefix(BOM).splitlines(), start=1):
        if not line.strip():
            continue
        place = f"{file.name}, line {number}"
        try:
            yield place, shape.model_validate_json(line)
        except ValidationError as broken:
            if shape is not TruthLine or not _is_end(line):
                raise Unscorable(f"{place}: {_reason(broken)}") from None


def _is_end(line: bytes) -> bool:
    try:
        StreamEnd.model_validate_json(line)
    except ValidationError:
        return False
    return True


def _reason(broken: ValidationError) -> str:
    first = broken.errors(include_input=False, include_url=False)[0]
    return f"{first['loc'][0]}: {first['msg']}" if first["loc"] else "no JSON object"


def _prediction(output: JsonValue, kind: TaskKind) -> Prediction:
    if kind is TaskKind.EXTRACTION:
        is_usable = ExtractionTask().is_valid_output(output)
        return Prediction(output) if is_usable else Prediction(fault=UNUSABLE)
    try:
        label = read_label(output)
    except NoLabel:
        label = None
    return Prediction(fault=UNUSABLE) if label is None else Prediction(label)
