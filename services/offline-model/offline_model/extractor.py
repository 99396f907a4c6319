"""The extraction answer: a text is read clause by clause, each for itself. Pure.

What a clause is about is what the prompt's examples and rules teach (`learned`). Dates are copied
as they are said. Nothing is known that the prompt does not say, so a prompt without examples finds
names, and the events that its rules tell.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from itertools import chain
from typing import Any

from offline_model.clauses import Clause, clauses, lower_case
from offline_model.coded import (
    CERTAINTY,
    EARLIER,
    ENDS,
    KIND,
    NOTHING,
    SLOTS,
    UNNAMED,
    Choices,
    Shape,
    follow,
)
from offline_model.learned import SHIFT, Learned, dated

LISTS = {"relationshipTargets", "relationshipTriangles"}
Disturb = Callable[[str, tuple[str, ...]], str]


class Extractor:
    """A prompt, read once. `choices`, from the answer's schema, are the values that each coded
    field of an event may have."""

    def __init__(self, system: str, choices: Choices) -> None:
        self._kinds = tuple(choices[KIND])
        self._learned = Learned(system, choices)

    def answer(
        self,
        text: str,
        disturb: Disturb,
        *,
        known: Mapping[str, int] | None = None,
        before: Sequence[str] = (),
    ) -> dict[str, Any]:
        """The extraction as the answer's schema wants it; `disturb` may replace a kind. People
        called exactly as `known` ones are these, and are not listed again; `before` is what was
        said before the text."""
        extracted = _Answer(known or {})
        small = self._learned.lower_case | lower_case(" ".join((*before, text)))
        earlier: list[str] = []
        for clause in chain.from_iterable(map(clauses, before)):
            earlier = follow(earlier, self._learned.people(clause, small))
        for clause in clauses(text):
            named = self._learned.people(clause, small)
            places = dict(zip(EARLIER, earlier, strict=False)) | dict(enumerate(named))
            unnamed = self._learned.unnamed(clause)
            if unnamed is not None:
                places[UNNAMED] = unnamed
            extracted.people(name for place, name in places.items() if place not in EARLIER)
            earlier = follow(earlier, named)
            judged = self._learned.judge(clause, named)
            kind = judged.kind()
            if kind != NOTHING:
                kind = disturb(kind, self._kinds)
            shape = judged.shape(kind, places.keys())
            if shape is None:
                continue
            if kind != NOTHING:
                event = {KIND: kind, "description": clause.text, **self._date(clause, small)}
                extracted.event(event | (judged.codes() if kind == SHIFT else {}), shape, places)
            extracted.pair(shape, places)
        return extracted.answer()

    def _date(self, clause: Clause, small: Set[str]) -> dict[str, str]:
        date = dated(clause, small)
        certainty = self._learned.certainty(date)
        fields = {"dateTime": " ".join(date)} if date else {}
        return fields | ({CERTAINTY: certainty} if certainty else {})


class _Answer:
    """What an answer holds so far; every new item has a negative id of its own."""

    def __init__(self, known: Mapping[str, int]) -> None:
        self._known = known
        self._people: dict[str, int] = {}
        self._pairs: dict[frozenset[int], dict[str, Any]] = {}
        self._events: list[dict[str, Any]] = []

    def people(self, names: Iterable[str]) -> None:
        for name in names:
            self._id(name)

    def event(self, event: Mapping[str, Any], shape: Shape, places: Mapping[int, str]) -> None:
        linked: dict[str, Any] = dict(event)
        for slot, place in shape.slots:
            one = self._id(places[place])
            if slot in LISTS:
                linked[slot] = [*linked.get(slot, []), one]
            elif slot in SLOTS:
                linked[slot] = one
        self._events.append(linked)

    def pair(self, shape: Shape, places: Mapping[int, str]) -> None:
        ends = {slot: self._id(places[place]) for slot, place in shape.slots if slot in ENDS}
        if len(set(ends.values())) == len(ENDS):
            married = {} if shape.married is None else {"married": shape.married}
            self._pairs.setdefault(frozenset(ends.values()), {**ends, **married})

    def answer(self) -> dict[str, Any]:
        items = [*self._pairs.values(), *self._events]
        first = -1 - len(self._people)
        numbered = [{"id": first - place, **item} for place, item in enumerate(items)]
        return {
            "people": [{"id": number, "name": name} for name, number in self._people.items()],
            "pair_bonds": numbered[: len(self._pairs)],
            "events": numbered[len(self._pairs) :],
        }

    def _id(self, name: str) -> int:
        if name in self._known:
            return self._known[name]
        return self._people.setdefault(name, -1 - len(self._people))
