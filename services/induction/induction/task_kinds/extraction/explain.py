"""Why a matching is as it is: every pair, and for every miss the nearest candidate and what failed.

Error patterns are built from exactly this. The rules themselves are in `match`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from nlu_shared.rendering.dates import closeness, within_tolerance
from nlu_shared.schemas.extraction import Event, PairBond, Person

from induction.task_kinds.extraction import assign, names
from induction.task_kinds.extraction.match import Matching, same_couple, same_gender, same_people

Item = Person | Event | PairBond


class Entity(StrEnum):
    PERSON = "person"
    EVENT = "event"
    PAIR_BOND = "pair_bond"


class Condition(StrEnum):
    """What stands between two items, the lightest first."""

    TAKEN = "taken"  # nothing does, but the candidate is matched to another
    DATE = "date"
    GENDER = "gender"
    LINK = "link"
    NAME = "name"
    KIND = "kind"
    ABSENT = "absent"  # the other side has no item of this entity


@dataclass(frozen=True, slots=True)
class Paired:
    """`similarity` is of names or dates, 0 to 1; of pair bonds it is always 1."""

    entity: Entity
    truth: Item
    predicted: Item
    similarity: float


@dataclass(frozen=True, slots=True)
class ItemMiss:
    """An item of ground truth that was not found, or (`is_extra`) one that should not be there.

    `failed` are all conditions that keep it from `nearest`; `condition` is the one to name.
    """

    entity: Entity
    is_extra: bool
    item: Item
    nearest: Item | None
    failed: tuple[Condition, ...]

    @property
    def condition(self) -> Condition:
        return self.failed[-1]


@dataclass(frozen=True, slots=True)
class _Table:
    """All items of one entity on both sides, what matched, and how any two compare."""

    entity: Entity
    truth: Sequence[Item]
    predicted: Sequence[Item]
    matched: Sequence[assign.Pair]
    failed: Callable[[assign.Pair], Iterable[Condition]]
    similarity: Callable[[assign.Pair], float]


def pairs(matching: Matching) -> list[Paired]:
    return [
        Paired(
            table.entity,
            table.truth[pair[0]],
            table.predicted[pair[1]],
            table.similarity(pair),
        )
        for table in _tables(matching)
        for pair in table.matched
    ]


def misses(matching: Matching) -> list[ItemMiss]:
    """What was not found, then what should not be there; people, pair bonds, then events."""
    return [miss for table in _tables(matching) for miss in _misses(table)]


def _misses(table: _Table) -> Iterator[ItemMiss]:
    rows = {row for row, _ in table.matched}
    columns = {column for _, column in table.matched}
    for row, item in enumerate(table.truth):
        if row not in rows:
            near = [(row, column) for column in range(len(table.predicted))]
            yield _miss(table, item, near, is_extra=False)
    for column, item in enumerate(table.predicted):
        if column not in columns:
            near = [(row, column) for row in range(len(table.truth))]
            yield _miss(table, item, near, is_extra=True)


def _miss(table: _Table, item: Item, near: list[assign.Pair], *, is_extra: bool) -> ItemMiss:
    """Nearest is what fails least: in the fewest conditions, the lightest, the most similar."""
    weight = list(Condition).index
    failures = [(tuple(sorted(table.failed(pair), key=weight)), pair) for pair in near]
    if not failures:
        return ItemMiss(table.entity, is_extra, item, None, (Condition.ABSENT,))
    failed, (row, column) = min(
        failures,
        key=lambda one: (len(one[0]), [weight(c) for c in one[0]], -table.similarity(one[1])),
    )
    nearest = table.truth[row] if is_extra else table.predicted[column]
    return ItemMiss(table.entity, is_extra, item, nearest, failed or (Condition.TAKEN,))


def _tables(matching: Matching) -> Iterator[_Table]:
    truth, predicted, view = matching.truth, matching.predicted, matching.view
    links, ends = truth.as_truth.links, truth.as_truth.ends

    def name_likeness(pair: assign.Pair) -> float:
        return names.similarity(truth.names[pair[0]], predicted.names[pair[1]])

    def person_failed(pair: assign.Pair) -> Iterator[Condition]:
        if name_likeness(pair) < names.ALIKE:
            yield Condition.NAME
        if not same_gender(truth, predicted, pair):
            yield Condition.GENDER

    def bond_failed(pair: assign.Pair) -> Iterator[Condition]:
        if not same_couple(ends[pair[0]], view.ends[pair[1]]):
            yield Condition.LINK

    def ends_shared(pair: assign.Pair) -> float:
        return len(set(ends[pair[0]]) & set(view.ends[pair[1]])) / 2

    def event_failed(pair: assign.Pair) -> Iterator[Condition]:
        kind = truth.events[pair[0]].kind
        if kind is not predicted.events[pair[1]].kind:
            yield Condition.KIND
        if not same_people(kind, links[pair[0]], view.links[pair[1]]):
            yield Condition.LINK
        if not within_tolerance(truth.dates[pair[0]], predicted.dates[pair[1]]):
            yield Condition.DATE

    def date_likeness(pair: assign.Pair) -> float:
        return closeness(truth.dates[pair[0]], predicted.dates[pair[1]])

    yield _Table(
        Entity.PERSON,
        truth.people,
        predicted.people,
        matching.people,
        person_failed,
        name_likeness,
    )
    yield _Table(
        Entity.PAIR_BOND,
        truth.pair_bonds,
        predicted.pair_bonds,
        matching.pair_bonds,
        bond_failed,
        ends_shared,
    )
    yield _Table(
        Entity.EVENT,
        truth.events,
        predicted.events,
        matching.events,
        event_failed,
        date_likeness,
    )
