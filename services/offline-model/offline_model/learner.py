"""The task model: a label chosen by similarity with what the prompt says. Pure.

Every label has a profile (the words of its name and of the lines about it) and a centroid (its
profile and its examples together). A text is compared with both as TF-IDF vectors by cosine, once
over words and once over parts of words, and a label's score is the mean (Rocchio's classifier:
Manning, Raghavan, Schütze, "Introduction to Information Retrieval", sections 6.4 and 14.2). The
profile counts for itself so that a label without examples is not drowned by those with some. How
rare a word is, is taken from the prompt itself. No constant here was fitted to a data set.
"""

import json
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from offline_model.words import parts, terms

Vector = NDArray[np.float64]
Counting = Callable[[str], Counter[str]]
SHARPNESS = 20.0
"""Score to confidence: a lead of 0.05 over an equal rival is e to 1."""


@dataclass(frozen=True, slots=True)
class Taught:
    """What a prompt says: profiles by label, examples as (text, label), and all other lines."""

    profiles: tuple[tuple[str, str], ...]
    examples: tuple[tuple[str, str], ...]
    rest: tuple[str, ...]


def read(system: str, labels: Sequence[str], field: str) -> Taught:
    """Find lines `- <label>: <text>` and examples `{"text": …, "<field>": <label>}`."""
    about = {label: [label] for label in labels}
    names = {" ".join(label.split()): label for label in labels}
    examples: list[tuple[str, str]] = []
    rest: list[str] = []
    for line in filter(None, map(str.strip, system.splitlines())):
        if example := _example(line, field):
            if example[1] in about:
                examples.append(example)
        elif rule := _rule(line, names):
            about[rule[0]].append(rule[1])
        else:
            rest.append(line)
    profiles = tuple((" . ".join(lines), label) for label, lines in about.items())
    return Taught(profiles, tuple(examples), tuple(rest))


class Learner:
    """A prompt, read once; `answer` then costs less than a millisecond for ordinary prompts."""

    def __init__(self, taught: Taught, labels: Sequence[str]) -> None:
        self.labels = tuple(labels)
        self._spaces = [_Space(count, taught, self.labels) for count in (terms, parts)]

    def answer(self, text: str) -> tuple[str, float]:
        """The most similar label, first come on a tie, and a confidence from 0 to 1: the softmax
        of the scores, low for a narrow lead and for a text of unknown words."""
        scores = np.mean([space.scores(text) for space in self._spaces], axis=0)
        best = int(scores.argmax())
        odds = np.exp((scores - scores[best]) * SHARPNESS)
        return self.labels[best], round(float(1 / odds.sum()), 4)


class _Space:
    """Profiles and centroids as unit vectors under one way to count features.

    They are kept as inverted lists: row `i` is the profile of label `i`, the rows behind are the
    centroids in the same order.
    """

    def __init__(self, count: Counting, taught: Taught, labels: Sequence[str]) -> None:
        self._count = count
        self._labels = len(labels)
        position = {label: row for row, label in enumerate(labels)}
        documents = [(position[label], count(text)) for text, label in taught.profiles]
        documents += [(position[label], count(text)) for text, label in taught.examples]
        everything = [features for _, features in documents] + [count(line) for line in taught.rest]
        present = Counter(feature for features in everything for feature in features)
        self._unseen = math.log1p(len(everything))
        self._rarity = {f: math.log1p(len(everything) / number) for f, number in present.items()}
        sums: list[dict[str, float]] = [{} for _ in range(2 * self._labels)]
        for index, (label, features) in enumerate(documents):
            rows = (
                (label, self._labels + label) if index < self._labels else (self._labels + label,)
            )
            for feature, weight in self._weigh(features).items():
                for row in rows:
                    sums[row][feature] = sums[row].get(feature, 0.0) + weight
        lists: dict[str, tuple[list[int], list[float]]] = {}
        for row, vector in enumerate(sums):
            for feature, weight in _unit(vector).items():
                at, weights = lists.setdefault(feature, ([], []))
                at.append(row)
                weights.append(weight)
        self._lists = {f: (np.array(at), np.array(weights)) for f, (at, weights) in lists.items()}

    def scores(self, text: str) -> Vector:
        """Per label the mean of two cosines: with its profile and with its centroid."""
        query = self._weigh(self._count(text))
        hits = [(*self._lists[f], weight) for f, weight in query.items() if f in self._lists]
        if not hits:
            return np.zeros(self._labels)
        rows = np.concatenate([rows for rows, _, _ in hits])
        products = np.concatenate([weights * weight for _, weights, weight in hits])
        cosines = np.bincount(rows, products, minlength=2 * self._labels)
        return (cosines[: self._labels] + cosines[self._labels :]) / 2

    def _weigh(self, features: Counter[str]) -> dict[str, float]:
        return _unit(
            {
                feature: (1 + math.log(number)) * self._rarity.get(feature, self._unseen)
                for feature, number in features.items()
            }
        )


def _unit(vector: dict[str, float]) -> dict[str, float]:
    length = math.sqrt(sum(weight * weight for weight in vector.values())) or 1.0
    return {feature: weight / length for feature, weight in vector.items()}


def _example(line: str, field: str) -> tuple[str, str] | None:
    if not line.startswith("{"):
        return None
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    text, label = value.get("text"), value.get(field)
    return (text, label) if isinstance(text, str) and isinstance(label, str) else None


def _rule(line: str, labels: dict[str, str]) -> tuple[str, str] | None:
    """A label may itself hold a colon: the longest name that fits is meant."""
    if not line.startswith("- "):
        return None
    for end in reversed([index for index, character in enumerate(line) if character == ":"]):
        if label := labels.get(line[2:end].strip()):
            return label, line[end + 1 :]
    return None
