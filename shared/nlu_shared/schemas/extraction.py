"""What is said about a family, as structured codes.

Ids are links inside one extraction and carry no meaning of their own, so they are read leniently:
whole numbers in any spelling, absent where nothing links to the item. All else is strict.
How two extractions are compared is in `induction.task_kinds.extraction`; whole discussions are
read in `discussions`.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator

from nlu_shared.schemas.base import Confidence, SafeText, Schema

VARIABLES = ("symptom", "anxiety", "relationship", "functioning")
"""What a shift codes."""


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


BY_CHILD = frozenset({EventKind.BIRTH, EventKind.ADOPTED})
BY_COUPLE = frozenset(
    {EventKind.MARRIED, EventKind.DIVORCED, EventKind.SEPARATED, EventKind.BONDED}
)
"""By whom an event of that kind is told: its child, or a couple in either order."""


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
    confidence: Confidence | None = None


class PairBond(Schema):
    """`married`: False says never married, None that it is not known."""

    id: ItemId | None = None
    person_a: ItemId | None = None
    person_b: ItemId | None = None
    married: bool | None = None
    confidence: Confidence | None = None


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
    confidence: Confidence | None = None


class Extraction(Schema):
    """What one statement adds to, changes in and deletes (ids) from what is known."""

    people: Annotated[tuple[Person, ...], BeforeValidator(_nothing_is_empty)] = ()
    events: Annotated[tuple[Event, ...], BeforeValidator(_nothing_is_empty)] = ()
    pair_bonds: Annotated[tuple[PairBond, ...], BeforeValidator(_nothing_is_empty)] = ()
    delete: ItemIds = ()
