"""What an extraction prompt says: rules about codes, and examples taken apart clause by clause.

Pure. An example's event belongs to the clause that shares most words with its description, its
date and its people. Who does what in it is kept as a shape, by the places of the names. Nothing is
understood.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from offline_model.clauses import Clause, Mention, clauses, lower_case
from offline_model.words import words

Choices = Mapping[str, Sequence[str]]
"""The values that each coded field of an event may have."""
KIND, CERTAINTY, NOTHING = "kind", "dateCertainty", "nothing"
SLOTS = ("person", "spouse", "child", "relationshipTargets", "relationshipTriangles")
ENDS = ("person_a", "person_b")
MOST_SHOWN = 1_500
"""Clauses, and mentions in them, that a prompt teaches by: more than a prompt of ordinary examples
holds. What is learnt from them takes time that grows with their square."""
UNNAMED, EARLIER = -1, (-2, -3)
"""Places of people whom a clause does not name: one whose name the text never says, and the last
two who were named before. Places from 0 are those of its own names."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Which place fills which slot of an event and its pair bond, in a clause of so many names.

    Of no kind where a clause tells of a pair bond at most.
    """

    kind: str
    names: int
    slots: tuple[tuple[str, int], ...]
    married: bool | None = None

    @property
    def places(self) -> set[int]:
        return {place for _, place in self.slots}


@dataclass(frozen=True, slots=True)
class Shown:
    """A clause of an example, whom it speaks of, and what is coded of it."""

    clause: Clause
    named: tuple[str, ...]
    unnamed: str | None
    codes: tuple[tuple[str, str], ...]
    certainty: str | None
    shape: Shape


@dataclass(slots=True)
class Coded:
    """What the prompt tells: `rules` as (code, words), `mentions` with whether they are people."""

    lower_case: set[str]
    rules: list[tuple[str, str]] = field(default_factory=list)
    mentions: list[tuple[Mention, bool]] = field(default_factory=list)
    shown: list[Shown] = field(default_factory=list)


def read(system: str, heads: Mapping[str, str], choices: Choices) -> Coded:
    """`heads` are what a line `- <head>: <words>` may begin with, and the code it is about. Lines
    that are neither a rule nor an example are passed over."""
    coded = Coded(set(lower_case(system)))
    for line in filter(None, map(str.strip, system.splitlines())):
        head, colon, tail = line.removeprefix("- ").partition(":")
        if line.startswith("- ") and colon and head.strip() in heads:
            coded.rules.append((heads[head.strip()], tail))
        elif line.startswith("{"):
            try:
                example = _Example(json.loads(line), choices)
                mentions, shown = list(example.mentions()), list(example.shown())
            except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
                continue
            coded.mentions += mentions[: MOST_SHOWN - len(coded.mentions)]
            coded.shown += shown[: MOST_SHOWN - len(coded.shown)]
    return coded


def follow(earlier: Sequence[Any], named: Iterable[Any]) -> list[Any]:
    """The last who were named, the very last one first."""
    latest = dict.fromkeys(reversed([*reversed(earlier), *named]))
    return list(latest)[: len(EARLIER)]


def variables(choices: Choices) -> list[str]:
    """The fields that code what changed."""
    return [name for name in choices if name not in (KIND, CERTAINTY)]


class _Example:
    """May fail in every way in which JSON can be something else than expected."""

    def __init__(self, shown: Mapping[str, Any], choices: Choices) -> None:
        extraction, known = shown["extraction"], shown.get("known") or {}
        self._text = shown["text"]
        self._clauses = clauses(self._text)
        self._before = [clauses(turn["text"]) for turn in shown.get("before") or []]
        self._choices = choices
        people = [*(known.get("people") or []), *(extraction.get("people") or [])]
        self._people = {one["id"]: str(one["name"]) for one in people if one.get("name")}
        self._bonds = list(extraction.get("pair_bonds") or [])
        self._events: dict[int, Mapping[str, Any]] = {}
        for event in extraction.get("events") or []:
            place = self._place(event)
            if place is not None:
                self._events.setdefault(place, event)

    def mentions(self) -> Iterator[tuple[Mention, bool]]:
        for clause in self._clauses:
            yield from ((one, bool(self._called(one))) for one in clause.mentions)

    def shown(self) -> Iterator[Shown]:
        earlier: list[int] = []
        for turn in self._before:
            for clause in turn:
                earlier = follow(earlier, self._own(clause))
        for index, clause in enumerate(self._clauses):
            yield self._shown(clause, self._events.get(index, {}), earlier)
            earlier = follow(earlier, self._own(clause))

    def _shown(self, clause: Clause, event: Mapping[str, Any], earlier: Sequence[int]) -> Shown:
        named = tuple(one.name for one in clause.mentions if self._called(one))
        linked = self._linked(event)
        absent = [
            one for _, one in linked if one not in earlier and self._people[one] not in self._text
        ]
        places = {
            **dict(zip(earlier, EARLIER, strict=False)),
            **dict.fromkeys(absent[:1], UNNAMED),
            **self._own(clause),
        }
        slots = [(slot, places[one]) for slot, one in linked if one in places]
        ends, married = self._bond(places)
        kind = self._chosen(event, KIND) or NOTHING
        coded = ((name, self._chosen(event, name)) for name in variables(self._choices))
        return Shown(
            clause,
            named,
            self._people[absent[0]] if absent else None,
            tuple((name, value) for name, value in coded if value),
            self._chosen(event, CERTAINTY),
            Shape(kind, len(named), (*slots, *ends), married),
        )

    def _bond(self, places: Mapping[int, int]) -> tuple[list[tuple[str, int]], bool | None]:
        """The first pair bond of two people of a clause, of whom one was not named earlier."""
        for bond in self._bonds:
            ends = [(end, places[bond[end]]) for end in ENDS if bond[end] in places]
            if len(ends) == len(ENDS) and not {place for _, place in ends} <= set(EARLIER):
                married = bond.get("married")
                return ends, married if isinstance(married, bool) else None
        return [], None

    def _own(self, clause: Clause) -> dict[int, int]:
        """Whom a clause names, in its order, and at which place."""
        named = filter(None, map(self._called, clause.mentions))
        places: dict[int, int] = {}
        for place, people in enumerate(named):
            for one in people:
                places.setdefault(one, place)
        return places

    def _called(self, mention: Mention) -> list[int]:
        return [one for one, name in self._people.items() if _is(name, mention.name)]

    def _chosen(self, event: Mapping[str, Any], name: str) -> str | None:
        value = event.get(name)
        return value if value in self._choices.get(name, ()) else None

    def _linked(self, event: Mapping[str, Any]) -> list[tuple[str, int]]:
        linked = [(slot, one) for slot in SLOTS for one in _listed(event.get(slot))]
        return [(slot, one) for slot, one in linked if one in self._people]

    def _place(self, event: Mapping[str, Any]) -> int | None:
        """The clause an event is about; None where no word points to any."""
        about = set(words(str(event.get("description") or "")))
        year = str(event.get("dateTime") or "")[:4]
        names = {self._people[one] for _, one in self._linked(event)}

        def shared(index: int) -> int:
            clause = self._clauses[index]
            named = sum(any(_is(name, one.name) for name in names) for one in clause.mentions)
            dated = bool(year) and year in (clause.date or "")
            return 2 * len(about & set(words(clause.text))) + named + dated

        best = max(range(len(self._clauses)), key=shared, default=None)
        return best if best is not None and shared(best) else None


def _is(name: str, mention: str) -> bool:
    return not set(name.split()).isdisjoint(mention.split())


def _listed(value: Any) -> list[int]:
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]
