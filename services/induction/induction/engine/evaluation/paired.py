"""How far a score falls from one evaluation to another of the same cases, and how sure that is."""

from collections.abc import Callable, Sequence
from math import sqrt
from typing import NamedTuple

import numpy as np
from nlu_shared.measure.f1 import Counts, Floats

from induction.engine.data.groups import groups_of
from induction.engine.evaluation.results import EvalResults
from induction.engine.evaluation.unanswered import shared
from induction.task_kinds.base import Case, Task

DIGITS = 9
F1 = Callable[[Counts | Floats], Floats]
"""A score of summed counts, shape (..., components, 3) to (...)."""


class Fall(NamedTuple):
    """`size` is negative for a rise; `error` is its standard error."""

    before: float
    after: float
    error: float

    @property
    def size(self) -> float:
        return self.before - self.after


def measured(task: Task, f1: F1, results: EvalResults) -> float:
    return round(float(f1(_counts(task, results).sum(axis=0))), DIGITS)


def fall(task: Task, f1: F1, before: EvalResults, after: EvalResults) -> Fall:
    """On the cases that both hold. The error is the paired difference's when each group of
    near-duplicates is left out in turn (the jackknife: Efron and Stein, Ann. Statist. 9 (1981)
    586-596): a case that both answer alike adds nothing to it.

    task: that counts.
    f1: what is compared: counts summed over cases, shape (..., components, 3), to (...).
    before: results of one prompt.
    after: results of the other, on some of the same cases.
    """
    before, after = shared(before, after)
    groups = groups_of(before.cases)
    left_out = []
    for results in (before, after):
        counts = grouped(task, results, groups)
        left_out.append(f1(counts.sum(axis=0) - counts))
    falls = left_out[0] - left_out[1]
    error = sqrt((len(groups) - 1) / len(groups) * float(((falls - falls.mean()) ** 2).sum()))
    return Fall(measured(task, f1, before), measured(task, f1, after), error)


def grouped(task: Task, results: EvalResults, groups: Sequence[Sequence[Case]]) -> Counts:
    """Counts of each group of near-duplicates, which are one piece of evidence: shape
    (groups, components, 3)."""
    row = {case.id: number for number, group in enumerate(groups) for case in group}
    counts = _counts(task, results)
    summed = np.zeros((len(groups), *counts.shape[1:]), dtype=np.int64)
    np.add.at(summed, [row[id] for id in results.by_case], counts)
    return summed


def _counts(task: Task, results: EvalResults) -> Counts:
    by_case = results.by_case.values()
    return task.counts([r.case.truth for r in by_case], [r.prediction for r in by_case])
