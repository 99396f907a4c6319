"""An extraction made ready for comparison: in an order that only its content decides, its names
plain, its dates read, its ids turned into keys that can be compared across two extractions.

A key is the position of a person in ground truth. An id that names nobody of its own extraction
(or a committed item, id > 0) points to an item that both sides were given, and stands for itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from nlu_shared.rendering.dates import When, when
from nlu_shared.rendering.names import plain
from nlu_shared.schemas.extraction import VARIABLES, Event, Extraction, PairBond, Person

Key = int | tuple[str, int]
Edge = tuple[Key | None, frozenset[Key | None]]


@dataclass(frozen=True, slots=True)
class Links:
    """The people of an event, as keys."""

    person: Key | None
    spouse: Key | None
    child: Key | None
    targets: frozenset[Key | None]
    triangles: frozenset[Key | None]


class Side:
    """One extraction. Items are told by their position in `people`, `events`, `pair_bonds`."""

    def __init__(self, extraction: Extraction) -> None:
        self.deleted = frozenset(extraction.delete)
        self._bond_of: dict[int, PairBond] = {}
        for bond in extraction.pair_bonds:
            if bond.id is not None:
                self._bond_of.setdefault(bond.id, bond)
        named = {one.id: plain(one.name) for one in reversed(extraction.people)}
        parents = {id(one): self._parents_names(one, named) for one in extraction.people}
        namesakes = len({plain(one.name) for one in extraction.people}) < len(extraction.people)
        lives = _lives(extraction) if namesakes else {}
        self.people: Sequence[Person] = sorted(
            extraction.people,
            key=lambda one: (
                plain(one.name),
                one.name or "",
                one.last_name or "",
                one.gender or "",
                parents[id(one)],
                sorted(lives.get(one.id, ())) if one.id is not None else (),
            ),
        )
        self.names = [plain(one.name) for one in self.people]
        self.parents = [parents[id(one)] for one in self.people]
        self.position: dict[int, int] = {}
        for position, person in enumerate(self.people):
            if person.id is not None:
                self.position.setdefault(person.id, position)
        place = self.position
        self.events: Sequence[Event] = sorted(
            extraction.events,
            key=lambda one: (
                _content(one),
                [_place(place, end) for end in (one.person, one.spouse, one.child)],
            ),
        )
        self.dates: Sequence[When] = [when(one.dateTime, one.dateCertainty) for one in self.events]
        self.pair_bonds: Sequence[PairBond] = sorted(
            extraction.pair_bonds,
            key=lambda one: sorted(_place(place, end) for end in (one.person_a, one.person_b)),
        )

    @cached_property
    def as_truth(self) -> "View":
        """Keyed by its own positions."""
        return View(self, {position: position for position in range(len(self.people))}, {})

    def as_prediction(self, truth: "Side", people: Mapping[int, int]) -> "View":
        """Keyed by the positions in `truth` of the people matched to its own."""
        return View(self, people, truth.position)

    def bond(self, identifier: int) -> PairBond | None:
        return self._bond_of.get(identifier)

    def _parents_names(self, person: Person, named: Mapping[int | None, str]) -> tuple[str, ...]:
        bond = self._bond_of.get(person.parents) if person.parents is not None else None
        if bond is None:
            return ()
        ends = (named.get(end) for end in (bond.person_a, bond.person_b) if end is not None)
        return tuple(sorted(name for name in ends if name))


class View:
    """A side with its links as keys. Its unmatched people have keys that equal no other."""

    def __init__(self, side: Side, people: Mapping[int, int], context: Mapping[int, int]) -> None:
        self.side, self._context = side, context
        self._keys: list[Key] = []
        for position, person in enumerate(side.people):
            if position in people:
                self._keys.append(people[position])
            elif person.id is not None and person.id > 0:
                self._keys.append(self._outside(person.id))
            else:
                self._keys.append(("unmatched", position))
        self.links = [self._links(event) for event in side.events]
        self.ends = [(self.key(bond.person_a), self.key(bond.person_b)) for bond in side.pair_bonds]

    def key(self, identifier: int | None) -> Key | None:
        if identifier is None:
            return None
        position = self.side.position.get(identifier)
        return self._outside(identifier) if position is None else self._keys[position]

    @property
    def edges(self) -> list[Edge]:
        """Child-of: one edge per person with parents, (child, the pair of parents)."""
        return [
            (self._keys[position], self._parents(person.parents))
            for position, person in enumerate(self.side.people)
            if person.parents is not None
        ]

    def coded(self, variable: str) -> set[Key]:
        """The people of whom any event codes this variable."""
        codes = {
            links.person
            for event, links in zip(self.side.events, self.links, strict=True)
            if getattr(event, variable) is not None
        }
        return {key for key in codes if key is not None}

    def parents_of(self, position: int) -> frozenset[Key | None] | None:
        parents = self.side.people[position].parents
        return None if parents is None else self._parents(parents)

    def _parents(self, identifier: int) -> frozenset[Key | None]:
        bond = self.side.bond(identifier)
        if bond is None:
            return frozenset([("bond", identifier)])
        return frozenset([self.key(bond.person_a), self.key(bond.person_b)])

    def _outside(self, identifier: int) -> Key:
        if identifier not in self._context:
            return ("given", identifier)
        return self._context[identifier] if identifier > 0 else ("unknown", identifier)

    def _links(self, event: Event) -> Links:
        return Links(
            self.key(event.person),
            self.key(event.spouse),
            self.key(event.child),
            frozenset(map(self.key, event.relationshipTargets)),
            frozenset(map(self.key, event.relationshipTriangles)),
        )


def _place(position: Mapping[int, int], identifier: int | None) -> int:
    return -1 if identifier is None else position.get(identifier, -2)


def _content(event: Event) -> tuple[str, ...]:
    """What an event says apart from its ids."""
    dated = (event.kind, event.dateTime, event.dateCertainty, event.endDateTime, event.description)
    coded = (getattr(event, variable) for variable in VARIABLES)
    return tuple(value or "" for value in (*dated, *coded, event.notes, event.location))


def _lives(extraction: Extraction) -> dict[int, list[tuple[str, ...]]]:
    """What happens to each person, by id, and in which role."""
    lives: dict[int, list[tuple[str, ...]]] = {}
    for event in extraction.events:
        content = _content(event)
        roles = [event.person, event.spouse, event.child]
        roles += [*event.relationshipTargets, *event.relationshipTriangles]
        for role, one in enumerate(roles):
            if one is not None:
                lives.setdefault(one, []).append((str(min(role, 3)), *content))
    return lives
