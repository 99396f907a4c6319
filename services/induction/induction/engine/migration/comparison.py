"""What may be claimed of a new model: its answers against the old one's on the same cases.

"Not worse" takes both: a paired bootstrap interval of the gain that lies above minus the margin,
and the cases' own scores, stratum by stratum, with a variance that allows for losses nobody has
seen yet (see `measure.non_inferiority`). The first alone is wrong in one case of twelve where few
answers change. Otherwise the new model is worse where the interval lies below zero and an exact
test agrees, or where a component falls beyond chance in all of them; else it takes more labels.

Migrations of a task spend an alpha of their own, each half of what the one before had (see
`verdict`): another question than a run's verdict, and no look at these cases reaches a prompt. The
new models of one migration share it, since whoever compares five takes the one that looks best.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from statistics import NormalDist
from uuid import UUID

import numpy as np
from nlu_shared.measure import f1
from nlu_shared.measure.f1 import Counts, Floats
from nlu_shared.measure.non_inferiority import Moved, holm, moved
from nlu_shared.measure.significance import GainEstimate, paired_bootstrap, sign_flip_test
from nlu_shared.schemas.events import Split
from nlu_shared.schemas.migration import (
    ComparisonKind,
    ComponentFall,
    Measure,
    ModelComparison,
)
from nlu_shared.schemas.prompts import TaskKind
from nlu_shared.schemas.traffic import MOST_REPLAYED, TRAFFIC

from induction.engine.data.groups import groups_of
from induction.engine.data.splits import labels_until
from induction.engine.evaluation.paired import grouped
from induction.engine.evaluation.results import EvalResults
from induction.engine.evaluation.unanswered import shared
from induction.engine.verdict.verdict import DIGITS, SIGNIFICANT, thinnest
from induction.task_kinds.base import Case, Task

POWER = NormalDist().inv_cdf(0.8)
ONE_STRATUM = "all"
BEYOND = f" One migration takes {MOST_REPLAYED} at most: a wider margin would tell, or labels."


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a comparison is made for, and what it stands on.

    model: the new one.
    version_hash: of the prompt it was asked with.
    optimised: whether that is another than the old model's.
    tested_on: the split the cases are of, or `TRAFFIC`.
    measure: what the truths are.
    margin: the loss that is still taken for none.
    models: how many new ones share the alpha.
    looks: migrations that were judged on these cases before.
    groups: of all cases, also of the other splits.
    seed: of the bootstrap.
    """

    model: str
    version_hash: str
    optimised: bool
    tested_on: str
    measure: Measure
    margin: float
    models: int
    looks: int
    groups: int
    seed: int

    @property
    def alpha(self) -> float:
        """Two-sided, of one model."""
        return SIGNIFICANT * 0.5**self.looks / self.models


def compared(task: Task, before: EvalResults, after: EvalResults, terms: Terms) -> ModelComparison:
    """The old model against the new one on the cases that both answered, at least one of them.
    Near-duplicates are one piece of evidence.

    task: counts, and says what the objective is.
    before: the old model's results.
    after: the new one's.
    terms: what the comparison is made for.
    """
    before, after = shared(before, after)
    groups = groups_of(before.cases)
    counted = grouped(task, before, groups), grouped(task, after, groups)
    gain = paired_bootstrap(*counted, task.objective, seed=terms.seed, alpha=terms.alpha)
    scores = _scores(before, groups), _scores(after, groups)
    cases = moved(scores[1] - scores[0], _strata(task, groups), margin=terms.margin)
    falls = _falls(task, before.cases, counted, terms)
    kind = _kind(gain, cases, sign_flip_test(*map(Floats.tolist, scores)), falls, terms)
    unsettled = kind is ComparisonKind.NEEDS_LABELS
    more = _labels_needed(gain, cases, len(before.by_case), len(groups), terms)
    beyond = terms.tested_on == TRAFFIC and len(before.by_case) + more > MOST_REPLAYED
    return ModelComparison(
        model=terms.model,
        kind=kind,
        optimised=terms.optimised,
        version_hash=terms.version_hash,
        tested_on=terms.tested_on,
        measure=terms.measure,
        cases=len(before.by_case),
        before=_rounded(task.objective(counted[0].sum(axis=0))),
        after=_rounded(task.objective(counted[1].sum(axis=0))),
        gain=_rounded(gain.gain),
        interval=(_rounded(gain.low), _rounded(gain.high)),
        margin=terms.margin,
        alpha=terms.alpha,
        look=terms.looks + 1,
        worse_on=falls,
        labels_needed=more if unsettled else None,
        label_first=thinnest(task, before) if unsettled and terms.tested_on != TRAFFIC else [],
        summary=_summary(kind, gain, falls, terms, more) + (BEYOND if unsettled and beyond else ""),
    )


def not_judged(terms: Terms, why: str) -> ModelComparison:
    """Nothing can be said: too few answers, or none."""
    return ModelComparison(
        model=terms.model,
        kind=ComparisonKind.NOT_JUDGED,
        optimised=terms.optimised,
        version_hash=terms.version_hash,
        tested_on=terms.tested_on,
        measure=terms.measure,
        cases=0,
        before=0.0,
        after=0.0,
        gain=0.0,
        interval=(0.0, 0.0),
        margin=terms.margin,
        alpha=terms.alpha,
        look=terms.looks + 1,
        summary=f"Not judged: {why}.",
    )


def _kind(
    gain: GainEstimate, cases: Moved, p_value: float, falls: Sequence[ComponentFall], terms: Terms
) -> ComparisonKind:
    if gain.low > -terms.margin and cases.rules_out(terms.margin, terms.alpha):
        return ComparisonKind.NOT_WORSE
    if falls or (gain.high < 0 and p_value < terms.alpha):
        return ComparisonKind.WORSE
    return ComparisonKind.NEEDS_LABELS


def _falls(
    task: Task, cases: Sequence[Case], counted: tuple[Counts, Counts], terms: Terms
) -> list[ComponentFall]:
    """The components whose mistakes are more than before by an exact test, in all of them together
    (Holm), and whose interval lies below zero."""
    names = task.counted([case.truth for case in cases])
    totals = [f1.f1(counts.sum(axis=0)) for counts in counted]
    mistakes = [(counts[..., f1.FP] + counts[..., f1.FN]).astype(np.float64) for counts in counted]
    lower = [at for at in range(len(names)) if totals[1][at] < totals[0][at]]
    p_values = [
        sign_flip_test(mistakes[0][:, at].tolist(), mistakes[1][:, at].tolist())
        if at in set(lower)
        else 1.0
        for at in range(len(names))
    ]
    alpha = terms.alpha / max(1, len(names))
    falls = []
    for at, has_fallen in enumerate(holm(p_values, terms.alpha)):
        if not has_fallen:
            continue
        old, new = (counts[:, at : at + 1] for counts in counted)
        gain = paired_bootstrap(old, new, _only, seed=terms.seed, alpha=alpha)
        if gain.high < 0:
            falls.append(
                ComponentFall(
                    component=names[at],
                    before=_rounded(totals[0][at]),
                    after=_rounded(totals[1][at]),
                    interval=(_rounded(gain.low), _rounded(gain.high)),
                )
            )
    return sorted(falls, key=lambda one: (one.after - one.before, one.component))


def _only(counts: Counts | Floats) -> Floats:
    """F1 of the one component there is."""
    return f1.f1(counts)[..., 0]


def _scores(results: EvalResults, groups: Sequence[Sequence[Case]]) -> Floats:
    """The mean score of each group."""
    known: dict[UUID, float] = {id: one.score for id, one in results.by_case.items()}
    return np.array([sum(known[case.id] for case in group) / len(group) for group in groups])


def _strata(task: Task, groups: Sequence[Sequence[Case]]) -> list[str]:
    """What the objective weighs alike: the labels. An extraction's pools its items."""
    if task.kind is not TaskKind.INTENT:
        return [ONE_STRATUM] * len(groups)
    return [task.stratum(group[0].truth) for group in groups]


def _labels_needed(gain: GainEstimate, cases: Moved, number: int, groups: int, terms: Terms) -> int:
    """Further labels until it would show 8 times out of 10, whichever way it shows first, that the
    loss is within the margin or that there is one; the gain is taken as it was measured.

    A normal approximation: errors shrink with the root of the number of groups.
    """
    sure = NormalDist().inv_cdf(1 - terms.alpha / 2)
    factors = []
    if gain.gain + terms.margin > 0 and cases.gain + terms.margin > 0:
        within = (sure + POWER) * gain.error / (gain.gain + terms.margin)
        factors.append(max(within, sure * cases.error / (cases.gain + terms.margin)))
    if gain.gain < 0:
        factors.append((sure + POWER) * gain.error / -gain.gain)
    factor = min(factors, default=2.0)
    needed = ceil(groups * max(1.0, factor**2)) + 1
    if terms.tested_on == TRAFFIC:
        return max(1, ceil((needed - groups) * number / groups))
    already = groups if terms.tested_on == Split.TEST else 0
    return labels_until(needed, size=number / groups, groups=terms.groups, already=already)


def _rounded(value: float | Floats) -> float:
    return round(float(value), DIGITS)


def _summary(
    kind: ComparisonKind,
    gain: GainEstimate,
    falls: Sequence[ComponentFall],
    terms: Terms,
    more: int,
) -> str:
    margin = f"{100 * terms.margin:g} points"
    is_on_traffic = terms.tested_on == TRAFFIC
    cases = "labelled cases" if terms.measure is Measure.F1 else "cases"
    cases = "logged predictions" if is_on_traffic else cases
    on = ", ".join(f"{one.component} ({one.before:.2f} to {one.after:.2f})" for one in falls)
    if kind is ComparisonKind.NOT_WORSE:
        parts = [f"Not worse by more than {margin}."]
        parts += [f"All the same worse on {on}."] if on else []
    elif kind is ComparisonKind.WORSE:
        parts = [f"Worse, on {on}." if on else "Worse, on no single component beyond chance."]
    else:
        parts = [
            f"Whether it is worse by more than {margin} cannot be told yet:"
            f" about {more} more {cases} would tell."
        ]
    if terms.measure is Measure.AGREEMENT:
        parts.append(
            "Measured is the agreement with the old model's answers, right or wrong; what the old"
            " model agrees with itself, asked again, is the score before."
        )
    if is_on_traffic:
        parts.append("Logged predictions were asked, whose truths nobody knows.")
    elif terms.tested_on != Split.TEST:
        parts.append("There are no untouched test cases: the old prompt was chosen on these.")
    if terms.optimised:
        parts.append("It was asked with a prompt that was searched for it.")
    if terms.looks or terms.models > 1:
        parts.append(
            f"New models that share these cases: {terms.models}; migrations on them before:"
            f" {terms.looks}, so each had to show more."
        )
    return " ".join(parts)
