"""Contrastive pairs from labelled texts: same label (1), alike but labelled apart (0). Pure.

A hard negative is the text of another label that shares the most words with the anchor, the kind
of pair that moves a contrastive model most (Robinson et al. 2021, "Contrastive Learning with Hard
Negative Samples"). Chance is a hash of seed and text, so the order of the input changes nothing.
"""

import hashlib
import heapq
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from nlu_shared.schemas.exports import LabelledText, Pair
from pydantic import ValidationError

RAREST_WORDS = 4
"""Words of an anchor by which its look-alikes are searched, the rarest first."""
TEXTS_PER_WORD = 32
"""Texts looked at for each of these words, shared among the labels that use it."""
WORD = re.compile(r"\w+")


def make_pairs(rows: Iterable[LabelledText], *, seed: int, per_text: int = 2) -> Iterator[Pair]:
    """Per text up to `per_text` positives and as many negatives; no two texts meet twice.

    A text alone in its label has no positive, and with one label there are no negatives.
    """
    crowd = _gathered(settled(rows), seed)
    met: set[tuple[int, int]] = set()
    for anchor, (text, _) in enumerate(crowd.texts):
        chosen: list[tuple[int, Literal[0, 1]]]
        chosen = [(other, 1) for other in crowd.friends(anchor, per_text)]
        chosen += [(other, 0) for other in crowd.lookalikes(anchor, per_text)]
        for other, label in chosen:
            both = (min(anchor, other), max(anchor, other))
            if both not in met:
                met.add(both)
                yield Pair.model_construct(text_a=text, text_b=crowd.texts[other][0], label=label)


def settled(rows: Iterable[LabelledText]) -> dict[str, str]:
    """One label per text; texts that differ in case and spaces only are one text, the smallest.

    What a person corrected outweighs what was predicted. A text that still has two labels is left
    out: it would be a positive and a negative of itself.
    """
    answers: dict[str, dict[bool, set[str]]] = defaultdict(lambda: {True: set(), False: set()})
    spelled: dict[str, str] = {}
    for row in rows:
        key = " ".join(row.text.casefold().split())
        answers[key][row.corrected].add(row.label)
        spelled[key] = min(row.text, spelled.get(key, row.text))
    labels = {key: one[True] or one[False] for key, one in answers.items()}
    return {
        spelled[key]: next(iter(spelling)) for key, spelling in labels.items() if len(spelling) == 1
    }


class UnreadableLine(ValueError):
    """A line that is not JSON with a text and a label."""


def read_lines(lines: Iterable[bytes]) -> Iterator[LabelledText]:
    """The rows of a JSONL file, blank lines aside. Raises UnreadableLine with its number."""
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                yield LabelledText.model_validate_json(line)
            except ValidationError:
                raise UnreadableLine(
                    f"line {number} is not a JSON object with a text and a label"
                ) from None


@dataclass(slots=True)
class _Crowd:
    """Texts by index, in the order the lot gave them. `places` is an index's place in its ring."""

    texts: list[tuple[str, str]] = field(default_factory=list)
    words: list[frozenset[str]] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    rings: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    users: dict[str, dict[str, list[int]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )
    frequency: Counter[str] = field(default_factory=Counter)
    by_label: list[int] = field(default_factory=list)
    starts: dict[str, int] = field(default_factory=dict)

    def friends(self, anchor: int, count: int) -> list[int]:
        """The next in the label's ring: everybody is chosen as often as they choose."""
        ring = self.rings[self.texts[anchor][1]]
        return _around(ring, self.places[anchor] + 1, min(count, len(ring) - 1))

    def lookalikes(self, anchor: int, count: int) -> list[int]:
        """The most similar texts of other labels (Jaccard over words), then any of them."""
        label, words = self.texts[anchor][1], self.words[anchor]
        near: set[int] = set()
        for word in sorted(words, key=lambda word: (self.frequency[word], word))[:RAREST_WORDS]:
            users = self.users[word]
            share = max(1, TEXTS_PER_WORD // len(users))
            for other, others in users.items():
                if other != label:
                    near.update(_around(others, anchor, min(share, len(others))))
        best = heapq.nsmallest(
            count, near, key=lambda index: (-_jaccard(words, self.words[index]), index)
        )
        return best + self._any_others(anchor, set(best), count - len(best))

    def _any_others(self, anchor: int, taken: set[int], count: int) -> list[int]:
        label = self.texts[anchor][1]
        own = len(self.rings[label])
        others = len(self.texts) - own
        chosen: list[int] = []
        for step in range(min(others, count + len(taken))):
            nth = (anchor + step) % others
            index = self.by_label[nth if nth < self.starts[label] else nth + own]
            if index not in taken and len(chosen) < count:
                chosen.append(index)
        return chosen


def _gathered(labels: dict[str, str], seed: int) -> _Crowd:
    def lot(one: tuple[str, str]) -> bytes:
        return hashlib.sha256(f"{seed}\n{one[0]}".encode()).digest()

    crowd = _Crowd(texts=sorted(labels.items(), key=lot))
    for index, (text, label) in enumerate(crowd.texts):
        crowd.words.append(frozenset(WORD.findall(text.casefold())))
        crowd.places.append(len(crowd.rings[label]))
        crowd.rings[label].append(index)
        crowd.frequency.update(crowd.words[index])
        for word in crowd.words[index]:
            crowd.users[word][label].append(index)
    for label, ring in crowd.rings.items():
        crowd.starts[label] = len(crowd.by_label)
        crowd.by_label += ring
    return crowd


def _around(ring: Sequence[int], start: int, count: int) -> list[int]:
    return [ring[(start + step) % len(ring)] for step in range(count)]


def _jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared)
