"""What a clause looks like to the learner: its words and marks, and the rules it fulfils. Pure.

Who is named is masked, so that what is said of one person is like what is said of another.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set

from offline_model.clauses import Clause
from offline_model.words import words

STEM = 5
"""Letters of a word that stand for its other forms too."""


def look(clause: Clause, named: Sequence[str]) -> set[str]:
    """Its words; how many people are `named`, whether it opens a sentence and has a date of its
    own; and what stands beside the people and beside other capitalised words."""
    dated = clause.spoken_text != clause.text
    features = spoken(clause.spoken_text) - spoken(" ".join(named))
    features |= {f"#{len(named)}", f"#opens {clause.opens}", f"#dated {dated}"}
    for one in clause.mentions:
        mask = "#person" if one.name in named else "#other"
        features |= {mask, f"{one.before} {mask}", f"{mask} {one.after}"}
    return features


def spoken(text: str) -> set[str]:
    """The words, and the beginnings of long ones."""
    spelled = words(text)
    return {*spelled, *map(_stem, spelled)}


class Weights:
    """How much each feature counts: the rarer among the clauses `seen`, the more.

    `phrases` stand by the code they tell of. To hold every word of one is a feature of its own,
    and counts as much as all the words together.
    """

    def __init__(self, seen: Sequence[Set[str]], phrases: Mapping[str, Iterable[str]]) -> None:
        times = Counter(feature for features in seen for feature in features)
        self._rarity = {one: math.log1p((1 + len(seen)) / times[one]) for one in times}
        self._most = math.log1p(1 + len(seen))
        self._phrases = {
            code: [{_stem(word) for word in words(phrase)} for phrase in phrases_of]
            for code, phrases_of in phrases.items()
        }

    def row(self, features: Set[str]) -> dict[str, float]:
        """The features of a clause with their weights, and the codes whose phrases it holds."""
        fulfilled = {
            code
            for code, phrases in self._phrases.items()
            if any(phrase and phrase <= features for phrase in phrases)
        }
        values = self.alone(features)
        for code in fulfilled:
            values |= self.rule(code)
        return values

    def rule(self, code: str) -> dict[str, float]:
        """What holds a phrase of a code, whatever else."""
        return {f"#rule {code}": 1.0}

    def alone(self, features: Set[str]) -> dict[str, float]:
        """The features with their weights, of length 1 together."""
        weights = {one: self._rarity.get(one, self._most) for one in features}
        length = math.sqrt(sum(weight * weight for weight in weights.values()))
        return {one: weight / length for one, weight in weights.items()}


def _stem(word: str) -> str:
    return word[:STEM] + "-" if len(word) >= STEM else word
