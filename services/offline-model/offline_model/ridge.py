"""Ridge regression: how far each answer follows from what was seen, all answers at once. Pure.

Least squares with a penalty, solved over the rows (Saunders, Gammerman, Vovk, "Ridge regression
learning algorithm in dual variables", ICML 1998). A new row is compared with every row seen; what
many rows share counts for little by itself. Their order changes nothing.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Generic, TypeVar

import numpy as np

PENALTY = 0.5
"""Beside a row of length 1: what was seen once is believed by two thirds."""
Answer = TypeVar("Answer", bound=Hashable)
Features = Mapping[str, float]
Row = tuple[Features, Iterable[Answer]]
"""Something seen, and the answers that are right for it."""


class Ridge(Generic[Answer]):
    """`rules` tell of answers but not how often they are right; `examples` tell both. Where
    nothing is known, the answers `at_first` are right."""

    def __init__(
        self,
        examples: Sequence[Row[Answer]],
        *,
        rules: Sequence[Row[Answer]] = (),
        at_first: Iterable[Answer] = (),
    ) -> None:
        rows = sorted((*examples, *rules), key=lambda row: sorted(row[0].items()))
        times = Counter(at_first)
        times.update(answer for _, answers in examples for answer in answers)
        self.answers = tuple(
            sorted({one for _, answers in rows for one in answers} | set(times), key=repr)
        )
        self._usual = np.array([times[answer] / (len(examples) + 1) for answer in self.answers])
        features = sorted({feature for row, _ in rows for feature in row})
        self._place = {feature: place for place, feature in enumerate(features)}
        column = {answer: place for place, answer in enumerate(self.answers)}
        seen = np.zeros((len(rows), len(features)))
        right = np.tile(-self._usual, (len(rows), 1))
        for number, (row, answers) in enumerate(rows):
            for feature, value in row.items():
                seen[number, self._place[feature]] = value
            for answer in answers:
                right[number, column[answer]] += 1
        alike = seen @ seen.T + PENALTY * np.eye(len(rows))
        self._weights = (seen.T @ np.linalg.solve(alike, right)).astype(np.float32)

    def scores(self, row: Features) -> dict[Answer, float]:
        """Near 1 for an answer that follows, near 0 for one that does not; in a fixed order."""
        known = {self._place[one]: value for one, value in row.items() if one in self._place}
        learned = np.array(list(known.values())) @ self._weights[list(known)] if known else 0.0
        return dict(zip(self.answers, (self._usual + learned).tolist(), strict=True))
