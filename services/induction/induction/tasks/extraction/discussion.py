"""A discussion as a whole: what all its statements add up to, and what that scores.

The score of the sum is steadier than the mean over statements: an item that comes a statement late
is no mistake, and an empty statement no success. Ids must hold through the discussion.
"""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from nlu_shared.measure.f1 import Counts
from nlu_shared.schemas.extraction import Event, Extraction, PairBond, Person

from induction.tasks.extraction import score

Item = TypeVar("Item", Person, Event, PairBond)
NOTHING = (None, ())


def cumulated(statements: Iterable[Extraction]) -> Extraction:
    """Everything said so far, in the order it came.

    A later item with a known id changes what it states of the earlier one; an item without an id
    is always new; a deleted item takes the links to it along.
    """
    people: list[Person] = []
    events: list[Event] = []
    bonds: list[PairBond] = []
    for said in statements:
        gone = frozenset(said.delete)
        people = _kept(_merged(people, said.people), gone)
        events = _kept(_merged(events, said.events), gone)
        bonds = _kept(_merged(bonds, said.pair_bonds), gone)
    return Extraction(people=tuple(people), events=tuple(events), pair_bonds=tuple(bonds))


def counts(
    truths: Sequence[Sequence[Extraction]], predictions: Sequence[Sequence[Extraction]]
) -> Counts:
    """Counts of whole discussions, each given as its statements, shape (discussions, components,
    3); see `score.counts`."""
    return score.counts([cumulated(one) for one in truths], [cumulated(one) for one in predictions])


def _merged(known: list[Item], said: Iterable[Item]) -> list[Item]:
    merged = list(known)
    position = {item.id: place for place, item in enumerate(merged) if item.id is not None}
    for item in said:
        if item.id is not None and item.id in position:
            stated = {
                name: value
                for name in type(item).model_fields
                if (value := getattr(item, name)) not in NOTHING
            }
            merged[position[item.id]] = merged[position[item.id]].model_copy(update=stated)
            continue
        if item.id is not None:
            position[item.id] = len(merged)
        merged.append(item)
    return merged


def _kept(items: list[Item], gone: frozenset[int]) -> list[Item]:
    if not gone:
        return items
    return [_unlinked(item, gone) for item in items if item.id not in gone]


def _unlinked(item: Item, gone: frozenset[int]) -> Item:
    links = {
        name: None
        for name in ("parents", "person_a", "person_b", "person", "spouse", "child")
        if getattr(item, name, None) in gone
    }
    lists = {
        name: tuple(one for one in getattr(item, name) if one not in gone)
        for name in ("relationshipTargets", "relationshipTriangles")
        if hasattr(item, name)
    }
    return item.model_copy(update={**links, **lists})
