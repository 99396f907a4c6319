"""Naive Bayes over counted words: which label a few words go with, the usual answer first. Pure.

Multinomial (Manning, Raghavan, Schütze, "Introduction to Information
Retrieval", section 13.2). Unlike the centroids of `learner` it knows how common a label is, which
matters where most of a text stands for nothing.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from induction.llm.offline.words import words

SMOOTHING = 0.5
"""Seen times of a word that was not: Jeffreys' prior for a share."""
STRONG = math.log(10)
"""Odds from which evidence is strong on Jeffreys' scale (Theory of Probability, 1961, app. B)."""
STEM = 5
"""Letters of a word that stand for its other forms too."""
Line = tuple[str, str]
"""A text and the label it stands for."""


@dataclass(frozen=True, slots=True)
class _Seen:
    prior: float
    weights: dict[str, float]
    unseen: float


class Bayes:
    """`rules` tell words of a label but not how often it occurs; `examples` tell both."""

    def __init__(
        self, labels: Sequence[str], *, examples: Iterable[Line], rules: Iterable[Line] = ()
    ) -> None:
        """The first label is the answer where no strong evidence speaks for another."""
        self.labels = tuple(labels)
        times: Counter[str] = Counter(self.labels)
        counts: dict[str, Counter[str]] = {label: Counter() for label in self.labels}
        for text, label in examples:
            if label in counts:
                times[label] += 1
                counts[label].update(_features(text))
        for text, label in rules:
            if label in counts:
                counts[label].update(_features(text))
        self._vocabulary = {word for counted in counts.values() for word in counted}
        self._seen = [_seen(times, counts[label], label, self._vocabulary) for label in self.labels]

    def answer(self, text: str) -> str:
        known = [word for word in _features(text) if word in self._vocabulary]

        def score(one: _Seen) -> float:
            return one.prior + sum(one.weights.get(word, one.unseen) for word in known)

        scores = [score(one) for one in self._seen]
        best = scores.index(max(scores))
        return self.labels[best if scores[best] > scores[0] + STRONG else 0]


def _seen(times: Counter[str], counted: Counter[str], label: str, vocabulary: set[str]) -> _Seen:
    total = counted.total() + SMOOTHING * (len(vocabulary) + 1)
    return _Seen(
        prior=math.log(times[label] / times.total()),
        weights={word: math.log((number + SMOOTHING) / total) for word, number in counted.items()},
        unseen=math.log(SMOOTHING / total),
    )


def _features(text: str) -> set[str]:
    found = words(text)
    return {*found, *(word[:STEM] + "-" for word in found if len(word) >= STEM)}
