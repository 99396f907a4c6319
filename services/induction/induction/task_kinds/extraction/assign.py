"""Optimal assignment: the most pairs, then the greatest sum of their similarities.

Candidates are given sparse. What competes with nothing is settled at once; only where several
pairs share an item is the assignment problem solved (scipy's linear_sum_assignment, Crouse 2016,
doi:10.1109/TAES.2016.140952).
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, product

import numpy as np
from numpy.typing import NDArray

Pair = tuple[int, int]
Candidates = Mapping[Pair, int]
"""Similarity, from 0 and below SIMILAR, of every pair (row, column) that may be made."""
Weights = NDArray[np.float64]
SIMILAR = 2**28
ONE_MORE = 2.0**40
"""What a pair weighs beyond its similarity: sums stay exact, and count first, up to 4,096 pairs."""
MOST_TIES = 256


def best(candidates: Candidates) -> tuple[Pair, ...]:
    """One best assignment, in row order; the same for the same candidates."""
    pairs: list[Pair] = []
    for part in _parts(candidates):
        if len(part) == 1:
            pairs.append(part[0])
        else:
            rows, columns, weights = _dense(part, candidates)
            chosen = zip(*_solved(weights), strict=True)
            pairs += [(rows[r], columns[c]) for r, c in chosen if weights[r, c] > 0]
    return tuple(sorted(pairs))


def all_best(candidates: Candidates) -> list[tuple[Pair, ...]]:
    """Every best assignment, or the first MOST_TIES of them where equals abound."""
    ways: list[list[list[Pair]]] = []
    for part in _parts(candidates):
        if len(part) == 1:
            ways.append([part])
        else:
            rows, columns, weights = _dense(part, candidates)
            ways.append(
                [
                    [(rows[r], columns[c]) for r, c in chosen]
                    for chosen in islice(_optima(weights), MOST_TIES)
                ]
            )
    return [
        tuple(sorted(pair for part in combined for pair in part))
        for combined in islice(product(*ways), MOST_TIES)
    ]


def _parts(candidates: Candidates) -> list[list[Pair]]:
    """The candidates, parted into groups that share no row and no column."""
    by_row: dict[int, list[Pair]] = {}
    by_column: dict[int, list[Pair]] = {}
    for pair in candidates:
        by_row.setdefault(pair[0], []).append(pair)
        by_column.setdefault(pair[1], []).append(pair)
    parts, seen = [], set()
    for pair in candidates:
        if pair in seen:
            continue
        seen.add(pair)
        part = [pair]
        for row, column in part:  # grows while it is walked
            near = by_row.pop(row, []) + by_column.pop(column, [])
            fresh = [one for one in dict.fromkeys(near) if one not in seen]
            seen.update(fresh)
            part += fresh
        parts.append(part)
    return parts


def _dense(part: Sequence[Pair], candidates: Candidates) -> tuple[list[int], list[int], Weights]:
    rows = sorted({row for row, _ in part})
    columns = sorted({column for _, column in part})
    weights = np.zeros((len(rows), len(columns)))
    for row, column in part:
        weight = ONE_MORE + candidates[row, column]
        weights[rows.index(row), columns.index(column)] = weight
    return rows, columns, weights


def _worth(weights: Weights) -> float:
    return float(weights[_solved(weights)].sum())


def _solved(weights: Weights) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and their columns, of the greatest sum."""
    from scipy.optimize import linear_sum_assignment  # type: ignore[import-untyped]  # noqa: PLC0415 - slow to load, rarely needed

    rows, columns = linear_sum_assignment(weights, maximize=True)
    return rows, columns


def _optima(weights: Weights) -> Iterator[list[Pair]]:
    """Every assignment of the greatest worth: a row is decided only where the rest still can
    reach it, so the work grows with the number of optima and not of assignments."""

    def decide(row: int, open: list[int], worth: float) -> Iterator[list[Pair]]:
        if not worth:
            yield []
            return
        rest = weights[row + 1 :]
        for column in [one for one in open if weights[row, one] > 0]:
            left = [one for one in open if one != column]
            needed = worth - weights[row, column]
            if _worth(rest[:, left]) == needed:
                for more in decide(row + 1, left, needed):
                    yield [(row, column), *more]
        if _worth(rest[:, open]) == worth:
            yield from decide(row + 1, open, worth)

    yield from decide(0, list(range(weights.shape[1])), _worth(weights))
