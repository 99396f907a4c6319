"""Which cases a prompt shows, and in which order: every stratum in its share, and of each the cases
that stand for the others. Pure.

Within a stratum the next case is the one by which the cases shown come closest to all of the rest
(facility location, whose greedy maximum is within 1 - 1/e of the best: Nemhauser, Wolsey and
Fisher, Math. Programming 14 (1978) 265-294; for choosing data: Lin and Bilmes, ACL 2011). Near is
what shares many words, duplicates count once. The case farthest from all others, which a plain
spread would take first, is often a freak.
"""

from collections import defaultdict
from collections.abc import Sequence
from enum import StrEnum
from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray

from induction.engine.data.chance import shuffled
from induction.engine.data.folding import words
from induction.task_kinds.base import Case, Task

MOST_COMPARED = 100
"""Cases of a stratum that are compared with one another, drawn; the others come after them."""
FINENESS = 1_000
"""Nearness is a whole number up to it, so that sums are the same on every machine."""
Ranked = list[list[Case]]
"""The cases of each stratum, strata by name, in the order in which they are to be shown."""


class Order(StrEnum):
    """In which order a prompt shows its examples."""

    IN_TURN = "one of each kind in turn"
    REVERSED = "the other way round"
    IN_BLOCKS = "kind by kind"


def ranked(task: Task, cases: Sequence[Case], *, seed: int, draw: int = 1) -> Ranked:
    """Each stratum's cases, those first that stand for most.

    task: says which stratum a case is of.
    cases: to choose among.
    seed: of the run.
    draw: the first sees all cases of a stratum; each further one a random half of them first.
    """
    strata: dict[str, list[Case]] = defaultdict(list)
    for case in shuffled(cases, name=lambda case: case.id, seed=seed, purpose=f"rung {draw}"):
        strata[task.stratum(case.truth)].append(case)
    return [_ranked(strata[name], halved=draw > 1) for name in sorted(strata)]


def in_turn(strata: Ranked, per_stratum: int | None = None) -> list[Case]:
    """The first of every stratum, then the second of every stratum, and so on."""
    turns = zip_longest(*(own[:per_stratum] for own in strata))
    return [case for turn in turns for case in turn if case is not None]


def ordered(task: Task, cases: Sequence[Case], order: Order) -> list[Case]:
    """Cases that stand in turn, in another order."""
    if order is Order.REVERSED:
        return list(reversed(cases))
    if order is Order.IN_BLOCKS:
        return sorted(cases, key=lambda case: task.stratum(case.truth))
    return list(cases)


def _ranked(cases: list[Case], *, halved: bool) -> list[Case]:
    first = min(MOST_COMPARED, -(-len(cases) // 2) if halved else len(cases))
    return [*_covering(cases[:first]), *cases[first:]]


def _covering(cases: Sequence[Case]) -> list[Case]:
    near = _nearness(cases)
    covered = np.zeros(len(cases), dtype=np.int64)
    left = list(range(len(cases)))
    chosen: list[Case] = []
    while left:
        gains = np.maximum(near[left], covered).sum(axis=1)
        best = left.pop(int(gains.argmax()))
        covered = np.maximum(covered, near[best])
        chosen.append(cases[best])
    return chosen


def _nearness(cases: Sequence[Case]) -> NDArray[np.int64]:
    """Shared words in the share of all words of two cases (Jaccard), times FINENESS."""
    spoken = [frozenset(words(case.transcript)) for case in cases]
    near = np.zeros((len(cases), len(cases)), dtype=np.int64)
    for row, one in enumerate(spoken):
        for column in range(row, len(spoken)):
            other = spoken[column]
            union = len(one | other)
            share = FINENESS if not union else FINENESS * len(one & other) // union
            near[row, column] = near[column, row] = share
    return near
