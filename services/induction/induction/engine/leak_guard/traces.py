"""What of guarded passages a text repeats, however it is cut up. Pure, and linear in every text.

Five measures, all on folded texts (see `folding`):

- spans: 7 words in a row, or 30 letters in a row whatever stands between them, read forwards or
  backwards. Every span holds an aligned block of half its size, so only those are indexed, and a
  block that is found is extended (seed and extend, as in sequence search).
- pairs: neighbouring words of a passage that stand in a text at most 3 words apart, in either
  order. Words in fours in many places, fillers between them, and words said backwards keep most
  of their pairs: 6 of 11 neighbouring pairs are a trace where 2 of them are the passage's own,
  which is to say in no text that may be said. Words are also read with their letters backwards.
- skeletons: 18 consonants in a row, each run of one as one, without those that plurals and noise
  add (see `_skeleton`): vowels left out or changed, letters doubled, an s after each word.
- bags: most words of a passage within 30 words, in any order: 85 in 100 of them, at least 8, and at
  least 2 that are rare, which is to say in few passages and in no text that may be said.
- marks: the names of a passage (see `names`).

What is free to be said is taken out when the index is made.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from itertools import pairwise

from induction.engine.data.folding import tokens

SPAN_WORDS = 7
SPAN_LETTERS = 30
SPAN_CONSONANTS = 18
APART = 3
"""How far apart in a text the two words of a pair may stand; 1 is side by side."""
HOLDERS = 20
"""Passages a block leads to: what more of them share is a phrase and nobody's secret."""
WINDOW = 11
ENOUGH = 6
OWN = 2
BAG_WORDS = 30
BAG_SHARE = 0.85
BAG_LEAST = 8
BAG_RARE = 2
_NO_CONSONANTS = re.compile("[^bcdfghjkmnpqrtvwy]+")
_DOUBLED = re.compile(r"(.)\1+")
Pair = tuple[str, str]
Span = tuple[int, int, int, int]
"""Passage, reading, the size of the span and where it starts."""


@dataclass(frozen=True, slots=True)
class TextTraces:
    """What a text shows of the indexed passages."""

    spans: set[Span]
    pairs: set[Pair]
    bags: set[int]
    """Passages of which the texts hold most words in no order."""


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
    _skeletons: list[_Reading] = field(default_factory=list)
    _holders: dict[Pair, list[int]] = field(default_factory=dict)
    _bags: list[frozenset[str]] = field(default_factory=list)
    _rare: dict[str, list[int]] = field(default_factory=dict)

    @classmethod
    def of(cls, passages: Sequence[str], *, common: Iterable[str] = ()) -> "Index":
        """`common` are texts whose words are rare in no passage."""
        index = cls()
        for number, text in enumerate(passages):
            for turn, line in enumerate(tokens(text)):
                index._add(_Reading(number, turn, tuple(line)))
        free = {word for text in common for line in tokens(text) for word in line}
        for at, bag in enumerate(index._bags):
            for word in bag - free if len(bag) >= BAG_LEAST else ():
                index._rare.setdefault(word, []).append(at)
        passage_of = [reading.passage for reading in index.readings]
        for word, holders in list(index._rare.items()):
            if len({passage_of[at] for at in holders}) > HOLDERS:
                del index._rare[word]
        return index

    def _add(self, reading: _Reading) -> None:
        at = len(self.readings)
        self.readings.append(reading)
        letters = _Reading(reading.passage, reading.number, "".join(reading.units))
        self._letters.append(letters)
        skeleton = _Reading(reading.passage, reading.number, _skeleton("".join(reading.units)))
        self._skeletons.append(skeleton)
        self._bags.append(frozenset(reading.units))
        for size, units in (
            (SPAN_WORDS, reading.units),
            (SPAN_LETTERS, letters.units),
            (SPAN_CONSONANTS, skeleton.units),
        ):
            block = size // 2
            starts = range(0, len(units) - block + 1, block)
            for seed, start in {units[at : at + block]: at for at in reversed(starts)}.items():
                holders = self._seeds.setdefault(seed, [])
                if len(holders) < HOLDERS:
                    holders.append((at, start))
        for pair in dict.fromkeys(_neighbours(reading.units)):
            self._holders.setdefault(pair, []).append(at)

    def seen(self, texts: Iterable[str], *, backwards: bool = True) -> TextTraces:
        """What the texts show, each by itself; also of passages said backwards, or not."""
        spans: set[Span] = set()
        pairs: set[Pair] = set()
        bags: set[int] = set()
        for text in texts:
            for line in tokens(text):
                letters = "".join(line)
                for stream in (letters, letters[::-1]) if backwards else (letters,):
                    spans.update(self._spans(stream, self._letters, SPAN_LETTERS))
                skeleton = _skeleton(letters)
                spans.update(self._spans(skeleton, self._skeletons, SPAN_CONSONANTS))
                turned = [word[::-1] for word in line]
                for words in (line, turned) if backwards else (line,):
                    spans.update(self._spans(tuple(words), self.readings, SPAN_WORDS))
                    pairs.update(pair for pair in _near(words) if pair in self._holders)
                bags.update(self._bagged(line))
        return TextTraces(spans, pairs, bags)

    def _bagged(self, line: Sequence[str]) -> Iterator[int]:
        """The passages whose words stand together in a line: a window goes over it and counts the
        rare words of each; only where these are enough are all words looked at."""
        rare: Counter[int] = Counter()
        enough: set[int] = set()
        there: Counter[str] = Counter()
        for place, word in enumerate(line):
            there[word] += 1
            for at in self._rare.get(word, ()) if there[word] == 1 else ():
                rare[at] += 1
                if rare[at] == BAG_RARE:
                    enough.add(at)
            if place >= BAG_WORDS:
                gone = line[place - BAG_WORDS]
                there[gone] -= 1
                for at in self._rare.get(gone, ()) if there[gone] == 0 else ():
                    rare[at] -= 1
                    if rare[at] < BAG_RARE:
                        enough.discard(at)
                if there[gone] == 0:
                    del there[gone]
            for at in enough:
                bag = self._bags[at]
                if word not in bag:  # it holds no more of it than before
                    continue
                least = max(BAG_LEAST, BAG_SHARE * min(len(bag), BAG_WORDS))
                if sum(held in bag for held in there) >= least:
                    yield self.readings[at].passage

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


def _skeleton(letters: str) -> str:
    """The consonants of folded Latin letters: without l, which an i is folded to, and s, x and z,
    which are put on words; a letter said twice in a row is said once."""
    return _DOUBLED.sub(r"\1", _NO_CONSONANTS.sub("", letters))


def _neighbours(units: Sequence[str]) -> Iterator[Pair]:
    return (_pair(*two) for two in pairwise(units))


def _near(units: Sequence[str]) -> Iterator[Pair]:
    for apart in range(1, APART + 1):
        yield from (_pair(*two) for two in zip(units, units[apart:], strict=False))


def _pair(one: str, other: str) -> Pair:
    return (one, other) if one <= other else (other, one)
