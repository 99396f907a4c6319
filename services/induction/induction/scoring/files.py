"""Files of truths and predictions, joined by id, or the original system's export.

What cannot be scored is `Unscorable`: one line for a person that names the file and the line, and
never says a word of what stands there.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from nlu_shared.files.formats.spoken import embedded
from nlu_shared.files.json_rows import parse
from nlu_shared.files.lines import lines_of
from nlu_shared.files.reading import read as read_rows
from nlu_shared.files.rows import Fault, Line, column, under
from nlu_shared.schemas.exported import CodedStatement, RefusedStatement, read_export
from nlu_shared.schemas.ground_truth import Context, StreamEnd
from nlu_shared.schemas.labels import NoLabel, read_label
from nlu_shared.schemas.prompts import TaskKind
from nlu_shared.schemas.scores import CaseId, NamedLine, PredictedLine, TruthLine
from pydantic import JsonValue, ValidationError

from induction.task_kinds.base import ModelPrediction
from induction.task_kinds.extraction import ExtractionTask

MISSING = "no prediction"
UNUSABLE = "no usable answer"
OUTPUTS = ("output", "truth", "label")
"""Names of what a file of truths or predictions holds of a case."""
Read = TypeVar("Read", bound=NamedLine)


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
    prediction: ModelPrediction
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


def ids_of(file: File) -> list[tuple[str, str]]:
    """The ids that a file names, each with its place: one a line, or rows of JSON with an
    `id`. Raises Unscorable, also where it names none."""
    try:
        lines = [line.strip() for line in lines_of([file.content])]
    except Fault as unreadable:
        raise Unscorable(f"{file.name}: {unreadable}") from None
    if next((line for line in lines if line), "").startswith(("{", "[")):
        named = [(place, str(line.id)) for place, line in _lines(file, NamedLine)]
    else:
        named = [(f"{file.name}, line {at}", line) for at, line in enumerate(lines, 1) if line]
    if not named:
        raise Unscorable(f"{file.name} names no case")
    return named


def _export(file: File) -> list[CodedStatement | RefusedStatement] | None:
    try:
        return list(read_export(parse("".join(lines_of([file.content])))))
    except (Fault, ValueError, RecursionError):  # ValidationError is a ValueError
        return None


def _own(exported: Iterable[CodedStatement | RefusedStatement]) -> Iterator[Scored]:
    for one in exported:
        if isinstance(one, CodedStatement) and one.predicted is not None:
            yield Scored(
                one.statement,
                one.truth.model_dump(mode="json"),
                ModelPrediction(one.predicted.model_dump(mode="json")),
                one.group,
                one.context,
            )


def _joined(truths: File, predictions: File, kind: TaskKind) -> tuple[list[Scored], int]:
    """A case nobody labelled is left out and counted."""
    known, predicted = _by_id(truths, TruthLine), _by_id(predictions, PredictedLine)
    if not known:
        raise Unscorable(f"{truths.name} holds no truth")
    for key, (place, _) in predicted.items():
        if key not in known:
            raise Unscorable(f"{place}: its id has no truth")
    answers = {key: _prediction(line.output, kind) for key, (_, line) in predicted.items()}
    missing = ModelPrediction(fault=MISSING)
    scored = [
        Scored(one.id, truth, answers.get(key, missing), one.group, one.context)
        for key, (place, one) in known.items()
        if (truth := _truth(place, one.output, kind)) is not None
    ]
    if not scored:
        raise Unscorable(f"{truths.name}: none of {len(known)} cases is labelled")
    return scored, len(known) - len(scored)


def _by_id(file: File, shape: type[Read]) -> dict[str, tuple[str, Read]]:
    """Each line with its place in the file."""
    lines: dict[str, tuple[str, Read]] = {}
    for place, line in _lines(file, shape):
        if str(line.id) in lines:
            raise Unscorable(f"{place}: its id stands on an earlier line")
        lines[str(line.id)] = place, line
    return lines


def _lines(file: File, shape: type[Read]) -> Iterator[tuple[str, Read]]:
    """Empty lines are left out, as is the end of nlu-logger's stream of truths."""
    for line in _rows(file):
        place = f"{file.name}, {line.unit} {line.number}"
        if not isinstance(line.row, Mapping):
            raise Unscorable(f"{place}: {line.row}")
        try:
            yield place, shape.model_validate(_named(line.row))
        except ValidationError as broken:
            if shape is not TruthLine or not _is_end(line.row):
                raise Unscorable(f"{place}: {_reason(broken)}") from None


def _rows(file: File) -> Iterator[Line]:
    try:
        yield from read_rows([file.content])
    except Fault as unreadable:
        raise Unscorable(f"{file.name}: {unreadable}") from None


def _named(row: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Under the names of a line; a table holds an object as text."""
    fields = under(row, ["id", "group", "context", *OUTPUTS])
    output = next((name for name in OUTPUTS if column(fields, name) is not None), None)
    if output is not None:
        fields["output"] = embedded(fields[output])
    for name in ("group", "context"):
        fields[name] = embedded(fields.get(name)) or None
    return {name: one for name, one in fields.items() if name not in OUTPUTS[1:]}


def _is_end(row: Mapping[str, JsonValue]) -> bool:
    try:
        StreamEnd.model_validate(row)
    except ValidationError:
        return False
    return True


def _reason(broken: ValidationError) -> str:
    first = broken.errors(include_input=False, include_url=False)[0]
    return f"{first['loc'][0]}: {first['msg']}" if first["loc"] else "no JSON object"


def _truth(place: str, output: JsonValue, kind: TaskKind) -> JsonValue:
    """None where nothing was labelled. Raises Unscorable for what is no truth of this kind."""
    if kind is TaskKind.EXTRACTION:
        if not ExtractionTask().is_valid_output(output):
            raise Unscorable(f"{place}: its output is no extraction")
        return output
    try:
        return read_label(output)
    except NoLabel as none:
        raise Unscorable(f"{place}: its output is no label: {none}") from None


def _prediction(output: JsonValue, kind: TaskKind) -> ModelPrediction:
    """Read as truths are, so that a number or a list of one is the same on both sides."""
    if kind is TaskKind.EXTRACTION:
        is_usable = ExtractionTask().is_valid_output(output)
        return ModelPrediction(output) if is_usable else ModelPrediction(fault=UNUSABLE)
    try:
        label = read_label(output)
    except NoLabel:
        label = None
    return ModelPrediction(fault=UNUSABLE) if label is None else ModelPrediction(label)
