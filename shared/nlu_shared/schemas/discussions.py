"""What the statements of a discussion add up to, under ids that hold through all of them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

from nlu_shared.schemas.extraction import Event, Extraction, PairBond, Person

Item = TypeVar("Item", Person, Event, PairBond)
LINKS = ("id", "parents", "person_a", "person_b", "person", "spouse", "child")
LISTS = ("relationshipTargets", "relationshipTriangles")
NOTHING = (None, ())


def cumulated(statements: Iterable[Extraction]) -> Extraction:
    """Everything said so far, in the order it came; ids must hold through the statements.

    A later item with a known id changes what it states of the earlier one; an item without an id
    is always new; a deleted item takes the links to it along.
    """
    people: list[Person] = []
    events: list[Event] = []
    bonds: list[PairBond] = []
    for statement in statements:
        gone = frozenset(statement.delete)
        people = _kept(_merged(people, statement.people), gone)
        events = _kept(_merged(events, statement.events), gone)
        bonds = _kept(_merged(bonds, statement.pair_bonds), gone)
    return Extraction(people=tuple(people), events=tuple(events), pair_bonds=tuple(bonds))


def renumbered(one: Extraction, ids: Mapping[int, int]) -> Extraction:
    """The same extraction under other ids; those that are not in `ids` stay."""

    def moved(item: Item) -> Item:
        links = {
            name: ids.get(old, old)
            for name in LINKS
            if (old := getattr(item, name, None)) is not None
        }
        lists = {
            name: tuple(ids.get(old, old) for old in getattr(item, name))
            for name in LISTS
            if hasattr(item, name)
        }
        return item.model_copy(update={**links, **lists})

    return Extraction(
        people=tuple(map(moved, one.people)),
        events=tuple(map(moved, one.events)),
        pair_bonds=tuple(map(moved, one.pair_bonds)),
        delete=tuple(ids.get(old, old) for old in one.delete),
    )


def ids_of(one: Extraction) -> list[int]:
    """Of its items, in their order."""
    items: tuple[Person | PairBond | Event, ...] = (*one.people, *one.pair_bonds, *one.events)
    return [item.id for item in items if item.id is not None]


def linked(one: Extraction) -> Iterator[int]:
    """The ids that its items and deletions point to."""
    yield from one.delete
    for item in (*one.people, *one.pair_bonds, *one.events):
        for name in LINKS[1:]:
            if (link := getattr(item, name, None)) is not None:
                yield link
        for name in LISTS:
            yield from getattr(item, name, ())


def _merged(known: list[Item], items: Iterable[Item]) -> list[Item]:
    merged = list(known)
    position = {item.id: place for place, item in enumerate(merged) if item.id is not None}
    for item in items:
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
