"""The items that most of several extractions have. Pure.

What is one item is told by content, never by id, and more strictly than a scorer does, which needs
a matcher: people by their plain names, pair bonds by their ends, events by their kind, by whom they
are about and by dates that can be the same. Committed items (id > 0) are told by their id.

An item that more than half of the extractions have is elected. Each field of it is what most of
these have, the first of them where that is even; a link goes to an elected item, or is left out.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any, TypeVar

from pydantic import JsonValue

from nlu_shared.rendering.dates import When, closeness, when, within_tolerance
from nlu_shared.rendering.extraction import short
from nlu_shared.rendering.names import plain
from nlu_shared.schemas.base import Schema, canonical
from nlu_shared.schemas.extraction import (
    BY_CHILD,
    BY_COUPLE,
    VARIABLES,
    Event,
    Extraction,
    PairBond,
    Person,
)

Key = tuple[Any, ...]
"""Of an item: equal where two extractions mean the same one. Begins with a word for its sort."""
Value = TypeVar("Value")
Item = TypeVar("Item", bound=Schema)
LINKS = ("person", "spouse", "child")
MANY = ("relationshipTargets", "relationshipTriangles")
DATES = ("dateTime", "endDateTime", "dateCertainty")
ALONE = ("description", "notes", "location", *VARIABLES)
MOST_PAIRED = 200
"""Events about the same people that are paired by how near they are; of more, only equal ones."""


def elected(extractions: Sequence[Extraction]) -> JsonValue:
    """In the shortest JSON, new items numbered from -1 down. The order of the extractions changes
    only what is even."""
    ballots = [_Ballot(one) for one in extractions]
    people = _majority([one.people for one in ballots])
    bonds = _majority([one.bonds for one in ballots])
    events = _events(ballots)
    new = [key for key in (*people, *bonds) if key[0] != "given"]
    ids = {key: -number for number, key in enumerate(new, start=1)}
    links = _Links(ids)
    coded = [
        _event(votes, links, key[1] if key[0] == "given" else -len(new) - number)
        for number, (key, votes) in enumerate(events, start=1)
    ]
    deleted = Counter(id for one in extractions for id in set(one.delete))
    return short(
        Extraction(
            people=tuple(_person(votes, links.to(key), links) for key, votes in people.items()),
            pair_bonds=tuple(_bond(votes, links.to(key), links) for key, votes in bonds.items()),
            events=tuple(coded),
            delete=tuple(sorted(id for id, n in deleted.items() if 2 * n > len(ballots))),
        )
    )


class _Ballot:
    """One extraction, its items by key."""

    def __init__(self, extraction: Extraction) -> None:
        self._keys: dict[int, Key] = {}
        self.people = self._keyed(extraction.people, lambda one: ("person", *_name(one)))
        self.bonds = self._keyed(
            extraction.pair_bonds,
            lambda one: ("bond", *_sorted([self.key(one.person_a), self.key(one.person_b)])),
        )
        self.events = extraction.events

    def key(self, id: int | None) -> Key | None:
        """What an id stands for; None for nothing, and for a new item that is not there."""
        if id is None or id > 0:
            return None if id is None else ("given", id)
        return self._keys.get(id)

    def _keyed(
        self, items: Iterable[Item], key_of: Callable[[Item], Key]
    ) -> dict[Key, tuple["_Ballot", Item]]:
        """Namesakes are told apart by their turn, the turns by what else is known of them."""
        keyed: dict[Key, tuple[_Ballot, Item]] = {}
        turns: Counter[Key] = Counter()
        for item in sorted(items, key=_content):
            id = getattr(item, "id", None)
            key = key_of(item)
            turns[key] += 1
            key = ("given", id) if id is not None and id > 0 else (*key, turns[key])
            keyed.setdefault(key, (self, item))
            if id is not None:
                self._keys.setdefault(id, key)
        return keyed

    def about(self, event: Event) -> Key:
        """The kind of an event and whom it is about, as far as events of that kind are told by it;
        a committed one by its id."""
        if event.id is not None and event.id > 0:
            return ("given", event.id)
        person, spouse, child = (self.key(getattr(event, name)) for name in LINKS)
        if event.kind in BY_CHILD:
            return (event.kind.value, child)
        if event.kind in BY_COUPLE:
            return (event.kind.value, *_sorted([person, spouse]))
        return (event.kind.value, person, spouse, child)


Vote = tuple[_Ballot, Item]
"""An item and the extraction it stands in."""


class _Links:
    """Ids of what was elected."""

    def __init__(self, ids: Mapping[Key, int]) -> None:
        self._ids = ids

    def to(self, key: Key | None) -> int | None:
        if key is None:
            return None
        id: int | None = key[1] if key[0] == "given" else self._ids.get(key)
        return id


def _majority(
    ballots: Sequence[Mapping[Key, Vote[Item]]],
) -> dict[Key, list[Vote[Item]]]:
    """The votes for each item that more than half have, in an order that no ballot decides."""
    votes: dict[Key, list[Vote[Item]]] = {}
    for ballot in ballots:
        for key, vote in ballot.items():
            votes.setdefault(key, []).append(vote)
    return {key: votes[key] for key in _sorted(votes) if 2 * len(votes[key]) > len(ballots)}


def _events(ballots: Sequence[_Ballot]) -> list[tuple[Key, list[Vote[Event]]]]:
    alike: dict[Key, list[tuple[int, Event]]] = {}
    for number, ballot in enumerate(ballots):
        for event in ballot.events:
            alike.setdefault(ballot.about(event), []).append((number, event))
    chosen = []
    for key in _sorted(alike):
        for cluster in _clusters(alike[key]):
            if 2 * len(cluster) > len(ballots):
                votes = [(ballots[number], cluster[number]) for number in sorted(cluster)]
                chosen.append((key, votes))
    return chosen


def _clusters(events: Sequence[tuple[int, Event]]) -> list[dict[int, Event]]:
    """Which events of several extractions, all about the same, are one: the nearest are put
    together first, and no two of one extraction (agglomerative clustering, complete linkage)."""
    ordered = sorted(events, key=lambda one: (_content(one[1]), one[0]))
    dates = [when(one.dateTime, one.dateCertainty) for _, one in ordered]
    contents = [_content(one) for _, one in ordered]
    of = list(range(len(ordered)))
    clusters = {place: [place] for place in of}
    pairs = [
        (
            _nearness(ordered[a][1], ordered[b][1], dates[a], dates[b]),
            contents[a] != contents[b],
            a,
            b,
        )
        for a, b in combinations(range(len(ordered)), 2)
        if ordered[a][0] != ordered[b][0]
        and (contents[a] == contents[b] or len(ordered) <= MOST_PAIRED)
    ]
    for _, _, a, b in sorted(pairs):
        one, other = clusters[of[a]], clusters[of[b]]
        apart = {ordered[at][0] for at in one}.isdisjoint(ordered[at][0] for at in other)
        if apart and all(within_tolerance(dates[x], dates[y]) for x in one for y in other):
            del clusters[of[b]]
            one += other
            for place in other:
                of[place] = of[a]
    return [{ordered[at][0]: ordered[at][1] for at in places} for places in clusters.values()]


def _nearness(one: Event, other: Event, date: When, other_date: When) -> tuple[float, int]:
    """The smaller the nearer: by date, then by the codes they share."""
    shared = sum(getattr(one, name) is getattr(other, name) for name in VARIABLES)
    return -closeness(date, other_date), -shared


def _person(votes: Sequence[Vote[Person]], id: int | None, links: _Links) -> Person:
    return Person(
        id=id,
        parents=links.to(_most(ballot.key(one.parents) for ballot, one in votes)),
        **_fields(votes, ("name", "last_name", "gender")),
    )


def _bond(votes: Sequence[Vote[PairBond]], id: int | None, links: _Links) -> PairBond:
    ends = _most((ballot.key(one.person_a), ballot.key(one.person_b)) for ballot, one in votes)
    first, second = map(links.to, ends)
    return PairBond(id=id, person_a=first, person_b=second, **_fields(votes, ("married",)))


def _event(votes: Sequence[Vote[Event]], links: _Links, id: int) -> Event:
    linked = _most(tuple(ballot.key(getattr(one, name)) for name in LINKS) for ballot, one in votes)
    dated = _most(tuple(getattr(one, name) for name in DATES) for _, one in votes)
    return Event(
        id=id,
        kind=_most(one.kind for _, one in votes),
        **dict(zip(LINKS, map(links.to, linked), strict=True)),
        **dict(zip(DATES, dated, strict=True)),
        **{name: _linked(votes, name, links) for name in MANY},
        **_fields(votes, ALONE),
    )


def _linked(votes: Sequence[Vote[Event]], name: str, links: _Links) -> tuple[int, ...]:
    """Those that more than half of the votes name."""
    named = Counter(
        key for ballot, one in votes for key in {ballot.key(id) for id in getattr(one, name)}
    )
    many = [links.to(key) for key, n in named.items() if 2 * n > len(votes)]
    return tuple(sorted((id for id in many if id is not None), reverse=True))


def _fields(votes: Sequence[Vote[Any]], names: Iterable[str]) -> dict[str, Any]:
    return {name: _most(getattr(one, name) for _, one in votes) for name in names}


def _most(values: Iterable[Value]) -> Value:
    """The most frequent of them, the first of several such."""
    return Counter(values).most_common(1)[0][0]


def _name(person: Person) -> tuple[str, str]:
    """Nameless people are told by their gender."""
    name = plain(person.name)
    return name, "" if name else str(person.gender or "")


def _content(item: Schema) -> str:
    """All that it says but its links: these are ids."""
    ids = {"id", "confidence", "parents", "person_a", "person_b", *LINKS, *MANY}
    return canonical(item.model_dump(mode="json", exclude=ids))


def _sorted(keys: Iterable[Value]) -> list[Value]:
    """Of keys of any sorts, in an order of their own."""
    return sorted(keys, key=repr)
