"""Predictions against others of the same cases: better, equal, worse, or too few cases to tell.

- better, worse: the paired bootstrap interval of the objective leaves 0 out, and the exact
  sign-flip test of the cases' own scores agrees, as for a run's verdict.
- equal: every answer is the same; or a loss of the margin or more is ruled out, as for a migration,
  by the interval and by the cases' own scores stratum by stratum, less half a case, since there may
  be few of them. A gain may hide in it.
- cannot tell: none of these. How many labels more would mostly tell is simulated with the same
  tests (`more_labels`): any of the claims counts.

A claim is wrong with a chance of `ALPHA` at most, most of them with half of that. A case without a
prediction is a miss on its side.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from nlu_shared.measure.f1 import Counts, Floats
from nlu_shared.measure.needed import HALF_A_GROUP, MOST
from nlu_shared.measure.non_inferiority import moved
from nlu_shared.measure.significance import GainEstimate, paired_bootstrap, sign_flip_test
from nlu_shared.schemas.prompts import TaskKind
from nlu_shared.schemas.scores import Against, CaseId, ScoreComparison
from numpy.typing import NDArray

from induction.scoring.files import MISSING, Scored, Unscorable
from induction.scoring.more_labels import groups_telling
from induction.scoring.report import added_up, task_for
from induction.task_kinds.base import Task

ALPHA = 0.05
SEED = 0
DIGITS = 6
ONE_STRATUM = "all"


@dataclass(frozen=True, slots=True)
class Pairs:
    """Both files on the same cases, added up by group: what every test is made of.

    `counts` are of shape (groups, components, 3), before and after; `scores` the cases' own, and
    `gains` the groups' mean gains, -1 to 1.
    """

    task: Task
    cases: Sequence[Scored]
    same: bool
    counts: tuple[Counts, Counts]
    scores: tuple[Floats, Floats]
    gains: Floats
    strata: Sequence[str]


@dataclass(frozen=True, slots=True)
class Claim:
    kind: Against
    gain: GainEstimate
    p_value: float


def compared(
    kind: TaskKind,
    others: Sequence[Scored],
    read: Sequence[Scored],
    *,
    margin: float,
    cumulative: bool = False,
) -> ScoreComparison:
    """`read` against `others`: the same truths in the same order. Cases of one group are one piece
    of evidence; with `cumulative` each discussion is one case."""
    pairs = paired(kind, *(added_up(one) if cumulative else one for one in (others, read)))
    claim = claimed(pairs, margin=margin)
    needed = beyond = None
    if claim.kind is Against.CANNOT_TELL:
        groups = _groups_until(pairs, margin)
        labels = ceil((MOST if groups is None else groups) * len(pairs.cases) / len(pairs.gains))
        needed, beyond = (None, labels) if groups is None else (labels, None)
    before, after = (pairs.task.objective(counts.sum(axis=0)) for counts in pairs.counts)
    return ScoreComparison(
        kind=claim.kind,
        before=_rounded(before),
        after=_rounded(after),
        gain=_rounded(claim.gain.gain),
        interval=(_rounded(claim.gain.low), _rounded(claim.gain.high)),
        p_value=float(f"{claim.p_value:.3g}"),
        alpha=ALPHA,
        margin=margin,
        cases=len(pairs.cases),
        groups=len(pairs.gains),
        missing=sum(one.prediction.fault == MISSING for one in others),
        fixed=_ids(pairs.cases, pairs.scores[1] > pairs.scores[0]),
        broke=_ids(pairs.cases, pairs.scores[1] < pairs.scores[0]),
        labels_needed=needed,
        labels_beyond=beyond,
    )


def paired(kind: TaskKind, before: Sequence[Scored], after: Sequence[Scored]) -> Pairs:
    """The same truths in the same order, at least one."""
    task = task_for(kind, [*before, *after])
    rows = _rows(after)
    old, new = _scores(task, before), _scores(task, after)
    return Pairs(
        task=task,
        cases=after,
        same=all(
            one.prediction == other.prediction for one, other in zip(before, after, strict=True)
        ),
        counts=(_counts(task, before, rows), _counts(task, after, rows)),
        scores=(old, new),
        gains=_means(new - old, rows),
        strata=_strata(task, after, rows),
    )


def claimed(pairs: Pairs, *, margin: float) -> Claim:
    """What may be claimed, with the numbers it rests on."""
    gain = paired_bootstrap(*pairs.counts, pairs.task.objective, seed=SEED, alpha=ALPHA)
    nothing = [0.0] * len(pairs.gains)
    p_value = sign_flip_test(nothing, pairs.gains.tolist())
    moves = float(pairs.gains.sum())
    kind = Against.CANNOT_TELL
    if pairs.same:
        kind = Against.EQUAL
    elif gain.low > 0 and p_value < ALPHA and moves > 0:
        kind = Against.BETTER
    elif margin and gain.low > -margin and _rules_out(pairs, margin):
        kind = Against.EQUAL
    elif gain.high < 0 and p_value < ALPHA and moves < 0:
        kind = Against.WORSE
    return Claim(kind, gain, p_value)


def regressed(
    kind: TaskKind, read: Sequence[Scored], named: Sequence[tuple[str, str]]
) -> list[CaseId]:
    """Those of the cases named that are not right. Raises Unscorable for one that has no truth.

    named: places and ids, see `files.ids_of`.
    """
    task, known = task_for(kind, read), {str(one.id): one for one in read}
    for place, id in named:
        if id not in known:
            raise Unscorable(f"{place}: its id has no truth")
    cases = [known[id] for _, id in named]
    return [one.id for one in cases if task.mistakes(one.truth, one.prediction)]


def _rules_out(pairs: Pairs, margin: float) -> bool:
    """Whether the cases' own scores rule out a loss of the margin. Uncorrected, the normal form
    would be wrong in one of twelve comparisons of twenty cases."""
    moves = moved(pairs.gains, pairs.strata, margin=margin)
    corrected = moves._replace(gain=moves.gain - HALF_A_GROUP / len(pairs.gains))
    return corrected.rules_out(margin, ALPHA)


def _groups_until(pairs: Pairs, margin: float) -> int | None:
    """The fewest further groups until one of the claims would mostly be made."""
    if len(pairs.gains) < 2:
        return None
    return groups_telling(
        pairs.counts,
        pairs.gains,
        pairs.strata,
        pairs.task.objective,
        margin=margin,
        alpha=ALPHA,
        seed=SEED,
    )


def _rows(cases: Sequence[Scored]) -> list[int]:
    """The row of each case's group, in the order of their first cases."""
    first: dict[tuple[bool, str], int] = {}
    keys = [(one.group is None, str(one.id) if one.group is None else one.group) for one in cases]
    return [first.setdefault(key, len(first)) for key in keys]


def _counts(task: Task, cases: Sequence[Scored], rows: Sequence[int]) -> Counts:
    """Shape (groups, components, 3)."""
    counts = task.counts([one.truth for one in cases], [one.prediction for one in cases])
    summed = np.zeros((max(rows) + 1, *counts.shape[1:]), dtype=np.int64)
    np.add.at(summed, rows, counts)
    return summed


def _scores(task: Task, cases: Sequence[Scored]) -> Floats:
    return np.array([task.case_score(one.truth, one.prediction) for one in cases])


def _means(scores: Floats, rows: Sequence[int]) -> Floats:
    """The mean score of each group."""
    return np.asarray(np.bincount(rows, weights=scores) / np.bincount(rows), dtype=np.float64)


def _strata(task: Task, cases: Sequence[Scored], rows: Sequence[int]) -> list[str]:
    """What the objective weighs alike: the labels. An extraction's pools its items."""
    firsts = dict(reversed(list(zip(rows, cases, strict=True))))
    if task.kind is not TaskKind.INTENT:
        return [ONE_STRATUM] * len(firsts)
    return [task.stratum(firsts[row].truth) for row in sorted(firsts)]


def _ids(cases: Sequence[Scored], chosen: NDArray[np.bool_]) -> list[CaseId]:
    return [one.id for one, is_chosen in zip(cases, chosen, strict=True) if is_chosen]


def _rounded(value: float | Floats) -> float:
    return round(float(value), DIGITS)
