"""What an extraction prompt says: rules about codes, and examples taken apart clause by clause.

Pure. An example's event belongs to the clause that shares most words with its description, its
date and its people. What the examples do with their people is counted, not understood.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from induction.llm.offline.clauses import Clause, clauses, lower_case
from induction.llm.offline.words import words

NOTHING = "nothing"
SLOTS = ("person", "spouse", "child", "relationshipTargets", "relationshipTriangles")
Line = tuple[str, str]
"""A text and the label it stands for."""


@dataclass(slots=True)
class Coded:
    """What the prompt tells, ready to be learned from.

    `rules` are the lines about each code, `kinds` clauses with their event kind (or NOTHING),
    `codes` by variable the clauses of shifts with the value coded, `before` by word how often a
    person is named after it or something else, `silent` clauses with the person they speak of
    without a name, `orders` by kind which slots its people fill, `bonds` by kind how often two
    people are a pair.
    """

    known: set[str]
    rules: list[Line] = field(default_factory=list)
    kinds: list[Line] = field(default_factory=list)
    codes: dict[str, list[Line]] = field(default_factory=lambda: defaultdict(list))
    before: dict[str, Counter[bool]] = field(default_factory=lambda: defaultdict(Counter))
    silent: list[Line] = field(default_factory=list)
    orders: dict[str, Counter[tuple[str, ...]]] = field(
        default_factory=lambda: defaultdict(Counter)
    )
    bonds: dict[str, Counter[bool]] = field(default_factory=lambda: defaultdict(Counter))


def read(system: str, names: Iterable[str], variables: Sequence[str]) -> Coded:
    """`names` are the codes a line `- <code>: <words>` may be about."""
    told = Coded(known=set(lower_case(system)))
    codes = set(names)
    for line in filter(None, map(str.strip, system.splitlines())):
        if line.startswith("{"):
            _example(told, line, variables)
            continue
        head, colon, words_of = line.removeprefix("- ").partition(":")
        if line.startswith("- ") and colon and head.strip() in codes:
            told.rules.append((words_of.strip(), head.strip()))
    return told


def _example(told: Coded, line: str, variables: Sequence[str]) -> None:
    try:
        said = json.loads(line)
        text, extraction = said["text"], said["extraction"]
        parts = clauses(text)
        people = {one["id"]: str(one["name"]) for one in extraction.get("people", [])}
        pairs = {
            frozenset((bond["person_a"], bond["person_b"]))
            for bond in extraction.get("pair_bonds", [])
        }
        events = list(extraction.get("events", []))
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        return
    _names(told, parts, people)
    taken: dict[int, Mapping[str, Any]] = {}
    for event in events:
        place = _place(event, parts, people)
        if place is not None:
            taken.setdefault(place, event)
    for index, clause in enumerate(parts):
        event = taken.get(index, {})
        told.kinds.append((clause.text, str(event.get("kind", NOTHING))))
        _people(told, event, clause, people, pairs, text)
        if any(event.get(variable) for variable in variables):
            for variable in variables:
                value = event.get(variable)
                code = f"{variable} {value}" if value else NOTHING
                told.codes[variable].append((clause.text, code))


def _names(told: Coded, parts: Sequence[Clause], people: Mapping[int, str]) -> None:
    spoken = {word for name in people.values() for word in name.split()}
    for clause in parts:
        for mention in clause.mentions:
            told.before[mention.before][not spoken.isdisjoint(mention.name.split())] += 1


def _place(
    event: Mapping[str, Any], parts: Sequence[Clause], people: Mapping[int, str]
) -> int | None:
    """The clause an event is about; None where no word points to any."""
    about = set(words(str(event.get("description") or "")))
    year = str(event.get("dateTime") or "")[:4]
    names = {people[one] for _, one in _linked(event) if one in people}

    def shared(index: int) -> int:
        clause = parts[index]
        named = sum(any(_is(name, mention.name) for name in names) for mention in clause.mentions)
        dated = bool(year) and year in (clause.date or "")
        return 2 * len(about & set(words(clause.text))) + named + dated

    best = max(range(len(parts)), key=shared, default=None)
    return best if best is not None and shared(best) else None


def _people(
    told: Coded,
    event: Mapping[str, Any],
    clause: Clause,
    people: Mapping[int, str],
    pairs: set[frozenset[int]],
    text: str,
) -> None:
    kind = str(event.get("kind"))
    linked = [(slot, one) for slot, one in _linked(event) if one in people]
    spoken = [mention.name for mention in clause.mentions]
    places = {
        one: place
        for _, one in linked
        for place, name in reversed(list(enumerate(spoken)))
        if _is(people[one], name)
    }
    named = sorted((places[one], slot) for slot, one in linked if one in places)
    unnamed = [(slot, people[one]) for slot, one in linked if people[one] not in text]
    told.silent.append((clause.text, unnamed[0][1] if unnamed else NOTHING))
    if linked:
        order = [slot for _, slot in named] + [slot for slot, _ in unnamed[:1]]
        told.orders[kind][tuple(order)] += 1
    if len(linked) > 1:
        told.bonds[kind][frozenset(one for _, one in linked[:2]) in pairs] += 1


def _is(name: str, mention: str) -> bool:
    return not set(name.split()).isdisjoint(mention.split())


def _linked(event: Mapping[str, Any]) -> list[tuple[str, int]]:
    return [(slot, one) for slot in SLOTS for one in _listed(event.get(slot))]


def _listed(value: Any) -> list[int]:
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]
