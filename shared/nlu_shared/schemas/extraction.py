"""What is said about a family, as structured codes, and the export of the system they come from.

Ids are links inside one extraction and carry no meaning of their own, so they are read leniently:
whole numbers in any spelling, absent where nothing links to the item. All else is strict.
How two extractions are compared is in `induction.tasks.extraction`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, JsonValue, ValidationError

from nlu_shared.schemas.base import Fraction, SafeText, Schema, Slug
from nlu_shared.schemas.ground_truth import GroundTruthIn


class Gender(StrEnum):
    MALE = "male"
    FEMALE = "female"
    ABORTION = "abortion"
    MISCARRIAGE = "miscarriage"
    UNKNOWN = "unknown"


class EventKind(StrEnum):
    BONDED = "bonded"
    MARRIED = "married"
    BIRTH = "birth"
    ADOPTED = "adopted"
    MOVED = "moved"
    SEPARATED = "separated"
    DIVORCED = "divorced"
    SHIFT = "shift"
    DEATH = "death"


class DateCertainty(StrEnum):
    UNKNOWN = "unknown"
    APPROXIMATE = "approximate"
    CERTAIN = "certain"


class Direction(StrEnum):
    """Which way a symptom, anxiety or functioning went."""

    UP = "up"
    DOWN = "down"
    SAME = "same"


class Relationship(StrEnum):
    FUSION = "fusion"
    CONFLICT = "conflict"
    DISTANCE = "distance"
    OVERFUNCTIONING = "overfunctioning"
    UNDERFUNCTIONING = "underfunctioning"
    PROJECTION = "projection"
    DEFINED_SELF = "defined-self"
    TOWARD = "toward"
    AWAY = "away"
    INSIDE = "inside"
    OUTSIDE = "outside"
    CUTOFF = "cutoff"


def _no_truth_value(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("an id is a number")
    return value


def _nothing_is_empty(value: object) -> object:
    return () if value is None else value


ItemId = Annotated[int, BeforeValidator(_no_truth_value)]
"""Negative for a new item, positive for one that is already committed."""
ItemIds = Annotated[tuple[ItemId, ...], BeforeValidator(_nothing_is_empty)]


class Person(Schema):
    """`parents` is the id of a pair bond."""

    id: ItemId | None = None
    name: SafeText | None = None
    last_name: SafeText | None = None
    gender: Gender | None = None
    parents: ItemId | None = None
    confidence: Fraction | None = None


class PairBond(Schema):
    """`married`: False says never married, None that it is not known."""

    id: ItemId | None = None
    person_a: ItemId | None = None
    person_b: ItemId | None = None
    married: bool | None = None
    confidence: Fraction | None = None


class Event(Schema):
    """Something that happened. The four SARF variables are coded on shift events."""

    id: ItemId | None = None
    kind: EventKind
    person: ItemId | None = None
    spouse: ItemId | None = None
    child: ItemId | None = None
    description: SafeText | None = None
    notes: SafeText | None = None
    location: SafeText | None = None
    dateTime: SafeText | None = None
    endDateTime: SafeText | None = None
    dateCertainty: DateCertainty | None = None
    symptom: Direction | None = None
    anxiety: Direction | None = None
    relationship: Relationship | None = None
    functioning: Direction | None = None
    relationshipTargets: ItemIds = ()
    relationshipTriangles: ItemIds = ()
    confidence: Fraction | None = None


class Extraction(Schema):
    """What one statement adds to, changes in and deletes (ids) from what is known."""

    people: Annotated[tuple[Person, ...], BeforeValidator(_nothing_is_empty)] = ()
    events: Annotated[tuple[Event, ...], BeforeValidator(_nothing_is_empty)] = ()
    pair_bonds: Annotated[tuple[PairBond, ...], BeforeValidator(_nothing_is_empty)] = ()
    delete: ItemIds = ()


class _Lenient(BaseModel):
    """A part of the foreign export: what it says beyond this is left aside."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class ExportedFeedback(_Lenient):
    auditor_id: str | None = None
    edited_extraction: dict[str, JsonValue] | None = None
    approved: bool = False


class ExportedStatement(_Lenient):
    id: int | str
    text: str | None = None
    speaker_type: str | None = None
    pdp_deltas: dict[str, JsonValue] | None = None
    approved_feedback: ExportedFeedback | None = None


class ExportedHead(_Lenient):
    id: int | str


class ExportedDiscussion(_Lenient):
    """One discussion as the original system exports it."""

    discussion: ExportedHead
    statements: tuple[ExportedStatement, ...]


@dataclass(frozen=True, slots=True)
class CodedStatement:
    """A statement with its approved extraction, what was said `before` it (speaker and text), and
    what the original system itself had `predicted`, where that can be read."""

    discussion: str
    statement: str
    text: str
    before: tuple[tuple[str, str], ...]
    truth: Extraction
    predicted: Extraction | None

    def as_ground_truth(self, task: Slug, *, may_quote: bool) -> GroundTruthIn:
        """The case to send to nlu-logger; cases of one discussion are one group."""
        return GroundTruthIn(
            task=task,
            text=self.text,
            truth=self.truth.model_dump(mode="json", exclude_defaults=True),
            group=f"discussion-{self.discussion}",
            may_quote=may_quote,
        )


@dataclass(frozen=True, slots=True)
class RefusedStatement:
    """An approved statement that cannot become a case, and the first reason why."""

    discussion: str
    statement: str
    reason: str


def read_export(export: JsonValue) -> Iterator[CodedStatement | RefusedStatement]:
    """The approved statements of an export (one discussion, or a list of them), in its order.

    Fields that this data model does not know are left aside; values it does not know refuse
    the statement. Statements without an approved extraction are only conversation. Raises
    ValidationError where the whole is not such an export.
    """
    for one in export if isinstance(export, list) else [export]:
        yield from _coded(ExportedDiscussion.model_validate(one))


def _coded(exported: ExportedDiscussion) -> Iterator[CodedStatement | RefusedStatement]:
    discussion = str(exported.discussion.id)
    before: list[tuple[str, str]] = []
    for said in exported.statements:
        feedback = said.approved_feedback
        if feedback is not None and feedback.approved and feedback.edited_extraction is not None:
            statement = str(said.id)
            truth = _read(feedback.edited_extraction)
            if isinstance(truth, str):
                yield RefusedStatement(discussion, statement, truth)
            elif not said.text:
                yield RefusedStatement(discussion, statement, "no text")
            else:
                predicted = _read(said.pdp_deltas) if said.pdp_deltas is not None else None
                yield CodedStatement(
                    discussion,
                    statement,
                    said.text,
                    tuple(before),
                    truth,
                    predicted if isinstance(predicted, Extraction) else None,
                )
        before.append((said.speaker_type or "", said.text or ""))


def _read(exported: dict[str, JsonValue]) -> Extraction | str:
    """The extraction, or the place and the reason where it fails."""
    parts: dict[Literal["people", "events", "pair_bonds"], type[Schema]] = {
        "people": Person,
        "events": Event,
        "pair_bonds": PairBond,
    }
    known: dict[str, Any] = {"delete": exported.get("delete")}
    for part, model in parts.items():
        items = exported.get(part) or []
        known[part] = [_known(item, model) for item in items] if isinstance(items, list) else items
    try:
        return Extraction.model_validate(known)
    except ValidationError as invalid:
        first = invalid.errors(include_input=False, include_url=False)[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"


def _known(item: JsonValue, model: type[Schema]) -> JsonValue:
    if not isinstance(item, dict):
        return item
    return {name: value for name, value in item.items() if name in model.model_fields}
