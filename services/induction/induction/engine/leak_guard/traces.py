"""What of guarded passages a text repeats, however it is cut up. Pure, and linear in every text.

Three measures, all on folded texts (see `folding`):

- spans: 7 words in a row, or 30 letters in a row whatever stands between them, read forwards or
  backwards. Every span holds an aligned block of half its size, so only those are indexed, and a
  block that is found is extended (seed and extend, as in sequence search).
- pairs: neighbouring words of a passage that stand in a text at most 3 words apart, in either
  order. Words in fours in many places, fillers between them, and words said backwards keep most
  of their pairs: 6 of 11 neighbouring pairs are a trace where 2 of them are the passage's own,
  which is to say in no text that may be said.
- marks: the names of a passage (see `names`).

What is free to be said is taken out when the index is made.
"""

from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from itertools import pairwise

from induction.engine.data.folding import tokens

SPAN_WORDS = 7
SPAN_LETTERS = 30
APART = 3
"""How far apart in a text the two words of a pair may stand; 1 is side by side."""
HOLDERS = 20
"""Passages a block leads to: what more of them share is a phrase and nobody's secret."""
WINDOW = 11
ENOUGH = 6
OWN = 2
Pair = tuple[str, str]
Span = tuple[int, int, int, int]
"""Passage, reading, the size of the span and where it starts."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a text shows of the indexed passages."""

    spans: set[Span]
    pairs: set[Pair]


@dataclass(slots=True)
class _Reading:
    passage: int
    number: int
    units: Sequence[str]


@dataclass(slots=True)
class Index:
    """Passages by number, and where what they say can be looked up."""

    readings: list[_Reading] = field(default_factory=list)
    _seeds: dict[Sequence[str], list[tuple[int, int]]] = field(default_factory=dict)
    _letters: list[_Reading] = field(default_factory=list)
    _holders: dict[Pair, list[int]] = field(default_factory=dict)

    @classmethod
    def of(cls, passages: Sequence[str]) -> "Index":
        index = cls()
        for number, text in enumerate(passages):
            for turn, line in enumerate(tokens(text)):
                index._add(_Reading(number, turn, tuple(line)))
        return index

    def _add(self, reading: _Reading) -> None:
        at = len(self.readings)
        self.readings.append(reading)
        letters = _Reading(reading.passage, reading.number, "".join(reading.units))
        self._letters.append(letters)
        for size, units in ((SPAN_WORDS, reading.units), (SPAN_LETTERS, letters.units)):
            block = size // 2
            starts = range(0, len(units) - block + 1, block)
            for seed, start in {units[at : at + block]: at for at in reversed(starts)}.items():
                holders = self._seeds.setdefault(seed, [])
                if len(holders) < HOLDERS:
                    holders.append((at, start))
        for pair in dict.fromkeys(_neighbours(reading.units)):
            self._holders.setdefault(pair, []).append(at)

    def seen(self, texts: Iterable[str], *, backwards: bool = True) -> Seen:
        """What the texts show, each by itself; also of passages said backwards, or not."""
        spans: set[Span] = set()
        pairs: set[Pair] = set()
        for text in texts:
            for line in tokens(text):
                letters = "".join(line)
                for stream in (letters, letters[::-1]) if backwards else (letters,):
                    spans.update(self._spans(stream, self._letters, SPAN_LETTERS))
                spans.update(self._spans(tuple(line), self.readings, SPAN_WORDS))
                pairs.update(pair for pair in _near(line) if pair in self._holders)
        return Seen(spans, pairs)

    def _spans(self, units: Sequence[str], held: list[_Reading], size: int) -> Iterator[Span]:
        block = size // 2
        for start in range(len(units) - block + 1):
            for at, place in self._seeds.get(units[start : start + block], ()):
                reading = held[at]
                before, after = _extent(units, start, reading.units, place, block, size)
                for first in range(place - before, place + block + after - size + 1):
                    yield reading.passage, reading.number, size, first

    def traced(self, shown: Set[Pair], fresh: Set[Pair], free: Set[Pair]) -> set[int]:
        """The passages of which `shown` hold enough close together, at least one of them
        `fresh` and enough of them not `free`."""
        touched = {at for pair in fresh - free for at in self._holders.get(pair, ())}
        return {
            self.readings[at].passage
            for at in touched
            if _is_traced(self.readings[at].units, shown, fresh, free)
        }


def _is_traced(units: Sequence[str], shown: Set[Pair], fresh: Set[Pair], free: Set[Pair]) -> bool:
    line = list(_neighbours(units))
    held = [pair in shown for pair in line]
    own = [there and pair not in free for there, pair in zip(held, line, strict=True)]
    new = [there and pair in fresh for there, pair in zip(own, line, strict=True)]
    return any(
        sum(held[at : at + WINDOW]) >= ENOUGH
        and sum(own[at : at + WINDOW]) >= OWN
        and any(new[at : at + WINDOW])
        for at in range(max(1, len(line) - WINDOW + 1))
    )


def _extent(
    units: Sequence[str], start: int, held: Sequence[str], place: int, block: int, most: int
) -> tuple[int, int]:
    """How far the two agree before and after a block they share, at most `most` each way."""
    before = 0
    while (
        before < min(most, start, place) and units[start - before - 1] == held[place - before - 1]
    ):
        before += 1
    after = 0
    left = min(most, len(units) - start - block, len(held) - place - block)
    while after < left and units[start + block + after] == held[place + block + after]:
        after += 1
    return before, after


def _neighbours(units: Sequence[str]) -> Iterator[Pair]:
    return (_pair(*two) for two in pairwise(units))


def _near(units: Sequence[str]) -> Iterator[Pair]:
    for apart in range(1, APART + 1):
        yield from (_pair(*two) for two in zip(units, units[apart:], strict=False))


def _pair(one: str, other: str) -> Pair:
    return (one, other) if one <= other else (other, one)
