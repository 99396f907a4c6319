"""The extraction answer: the same learner, asked of every clause what it is about. Pure.

A clause is compared with the rules and the examples' clauses, as `learner` compares texts with
labels: first for the kind of event (or nothing), then, of a shift, for each variable. People are
capitalised words in places where the examples have people; which of them did what to whom follows
the order that the examples use most. Years are copied. Nothing is known that the prompt does not
say, so a prompt without examples finds names, years and the events that are called by their code.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from induction.llm.offline.bayes import Bayes
from induction.llm.offline.clauses import Clause, Mention, clauses, lower_case
from induction.llm.offline.coded import NOTHING, Coded, Line, read

SHIFT = "shift"
IDS = {"relationshipTargets", "relationshipTriangles"}
Disturb = Callable[[str, tuple[str, ...]], str]


class Extractor:
    """A prompt, read once. `kinds` and `codes` (by variable) come from the answer's schema."""

    def __init__(
        self, system: str, kinds: Sequence[str], codes: Mapping[str, Sequence[str]]
    ) -> None:
        self.kinds = tuple(kinds)
        named = {
            variable: [f"{variable} {value}" for value in values]
            for variable, values in codes.items()
        }
        every = [*kinds, *(name for names in named.values() for name in names)]
        self._told = read(system, every, list(codes))
        self._kind = _learner(self._told, self._told.kinds, kinds)
        self._codes = {
            variable: _learner(self._told, self._told.codes[variable], names)
            for variable, names in named.items()
        }
        unnamed = Counter(name for _, name in self._told.silent if name != NOTHING)
        often = sorted(name for name, times in unnamed.items() if times > 1)
        self._silent = Bayes((NOTHING, *often), examples=self._told.silent)

    def answer(
        self, text: str, disturb: Disturb, *, known: Mapping[str, int] | None = None
    ) -> dict[str, Any]:
        """The extraction as the answer's schema wants it; `disturb` may replace a kind. People
        called exactly as `known` ones are these, and are not listed again."""
        found = _Found(known or {})
        common = self._told.known | lower_case(text)
        present: list[int] = []
        sentence = -1
        for clause in clauses(text):
            if clause.sentence != sentence:
                present, sentence = present[-1:], clause.sentence
            people = [found.person(name) for name in self._people(clause, common)]
            present = people or present
            kind = self._kind.answer(clause.text)
            if kind != NOTHING:
                self._event(found, clause, disturb(kind, self.kinds), people or present[-1:])
        return found.answer()

    def _people(self, clause: Clause, common: set[str]) -> list[str]:
        """Who is named, then whom the clause speaks of without a name."""
        named = [one.name for one in clause.mentions if self._is_person(one, common)]
        silent = self._silent.answer(clause.text)
        return named if silent == NOTHING else [*named, silent]

    def _is_person(self, mention: Mention, common: set[str]) -> bool:
        if not mention.before:
            return mention.name.lower() not in common
        seen = self._told.before.get(mention.before, Counter())
        return seen[True] >= seen[False]

    def _event(self, found: "_Found", clause: Clause, kind: str, people: Sequence[int]) -> None:
        event: dict[str, Any] = {"kind": kind, "description": clause.text}
        if clause.date:
            event["dateTime"] = clause.date
        if kind == SHIFT:
            for variable, learner in self._codes.items():
                code = learner.answer(clause.text)
                if code != NOTHING:
                    event[variable] = code.removeprefix(f"{variable} ")
        for slot, person in zip(self._order(kind, len(people)), people, strict=False):
            event[slot] = [person] if slot in IDS else person
        found.events.append(event)
        bonds = self._told.bonds[kind]
        if len(people) > 1 and bonds[True] > bonds[False]:
            found.pair(people[0], people[1])

    def _order(self, kind: str, number: int) -> tuple[str, ...]:
        orders = self._told.orders[kind]
        fitting = [(times, order) for order, times in orders.items() if len(order) == number]
        return max(fitting)[1] if fitting else ("person", "spouse")[:number]


class _Found:
    """What an answer holds so far; every new item has a negative id of its own."""

    def __init__(self, known: Mapping[str, int]) -> None:
        self.events: list[dict[str, Any]] = []
        self._known = known
        self._people: dict[str, int] = {}
        self._pairs: dict[frozenset[int], tuple[int, int]] = {}

    def person(self, name: str) -> int:
        if name in self._known:
            return self._known[name]
        return self._people.setdefault(name, -1 - len(self._people))

    def pair(self, one: int, other: int) -> None:
        self._pairs.setdefault(frozenset((one, other)), (one, other))

    def answer(self) -> dict[str, Any]:
        first = len(self._people) + 1
        pairs = [
            {"id": -first - index, "person_a": one, "person_b": other}
            for index, (one, other) in enumerate(self._pairs.values())
        ]
        first += len(pairs)
        return {
            "people": [{"id": number, "name": name} for name, number in self._people.items()],
            "pair_bonds": pairs,
            "events": [{"id": -first - index, **event} for index, event in enumerate(self.events)],
        }


def _learner(told: Coded, examples: Sequence[Line], labels: Sequence[str]) -> Bayes:
    """NOTHING comes first, so that a clause like no label is nothing."""
    names = [(label, label) for label in labels]
    return Bayes((NOTHING, *labels), examples=examples, rules=[*names, *told.rules])
