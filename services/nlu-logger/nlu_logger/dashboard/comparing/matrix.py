"""A confusion as a square: its labels, the fullest first, and how full each cell is. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from nlu_shared.schemas.insights import ConfusionCell

MOST_LABELS = 16
"""More make no square that one can read: the fullest, and the pairs beside it."""
SHADES = 4


@dataclass(frozen=True, slots=True)
class Square:
    """`counts[truth, predicted]`; `recall` and `precision` are of all cases, shown or not, and None
    where there is none. `left_out` labels have no row."""

    labels: Sequence[str]
    counts: dict[tuple[str, str], int]
    recall: dict[str, float | None]
    precision: dict[str, float | None]
    support: dict[str, int]
    left_out: int

    def shade(self, truth: str, predicted: str) -> int:
        """0 for an empty cell, else 1 to SHADES by its share of the truth's cases."""
        count = self.counts.get((truth, predicted), 0)
        if not count:
            return 0
        return 1 + min(SHADES - 1, SHADES * count // self.support[truth])


def square(cells: Sequence[ConfusionCell]) -> Square:
    support: Counter[str] = Counter()
    predicted: Counter[str] = Counter()
    for one in cells:
        support[one.truth] += one.count
        predicted[one.predicted] += one.count
    every = sorted(support | predicted, key=lambda label: (-support[label], label))
    counts = {(one.truth, one.predicted): one.count for one in cells}
    right = {label: counts.get((label, label), 0) for label in every}
    return Square(
        labels=every[:MOST_LABELS],
        counts=counts,
        recall={one: _share(right[one], support[one]) for one in every},
        precision={one: _share(right[one], predicted[one]) for one in every},
        support=dict(support),
        left_out=max(0, len(every) - MOST_LABELS),
    )


def mistakes(cells: Sequence[ConfusionCell]) -> list[ConfusionCell]:
    """What was answered instead of what is right, the most frequent first."""
    wrong = [one for one in cells if one.truth != one.predicted]
    return sorted(wrong, key=lambda one: (-one.count, one.truth, one.predicted))


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
