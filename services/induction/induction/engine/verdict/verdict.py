"""What a run may claim: its winner against its baseline on cases that no proposal ever saw.

Proven takes both: a bootstrap interval of the gain that lies above zero, and an exact test of the
cases' own scores, so that neither one lucky rare label nor many trivial ones prove anything alone.

The first look at a task's test cases has to pass 0.05, two-sided: 0.025 for a gain. Every further
look, by a later run, has to pass half of what the one before had to. So the chance that any of
them calls a change that does nothing proven stays below 0.05, however many runs there are (alpha
spending: Lan and DeMets, Biometrika 70 (1983) 659-663; the sum of all 0.025 / 2^k is 0.05).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from nlu_shared.measure.f1 import Counts
from nlu_shared.measure.needed import pulls
from nlu_shared.measure.significance import (
    GainEstimate,
    detectable_gain,
    expected_error,
    paired_bootstrap,
    sign_flip_test,
)
from nlu_shared.schemas.events import Split
from nlu_shared.schemas.verdicts import ComponentGain, Verdict, VerdictKind

from induction.engine.data.groups import groups_of
from induction.engine.data.splits import VALIDATION_FROM
from induction.engine.evaluation.paired import grouped
from induction.engine.evaluation.results import EvalResults
from induction.engine.evaluation.unanswered import shared
from induction.engine.verdict.more_labels import MoreLabels, more_labels
from induction.task_kinds.base import Case, Component, Task

NO_TEST = "There are no untouched test cases."
SIGNIFICANT = 0.05
CHANGED = 0.2
"""The share of answers that a change is taken to turn, before anything was measured."""
WORTH_A_LOOK = 0.2
"""The p-value below which a gain that is not proven is called promising."""
THINNEST = 3
DIGITS = 6
ALPHA_DIGITS = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictBasis:
    """What the comparison stands on.

    split: where it was made.
    groups: how many there are in all.
    untouched: how many of them are still untouched where it was made on others.
    untested: why it is not on the untouched test split.
    set_aside: whether training cases were kept out of it.
    folds: how many times the search was repeated without some of them, so that prompts answer what
        they never saw (0: the winner answers).
    looks: how many verdicts were made on it before.
    again: whole repeats of both evaluations.
    changed: the share of repeated answers that were others than before (None: nothing was
        repeated).
    share: of this look's alpha that may be spent here (see `evaluation.repeats`).
    """

    split: str
    groups: int
    untouched: int = 0
    untested: str | None = None
    set_aside: bool = True
    folds: int = 0
    looks: int = 0
    again: tuple[tuple[EvalResults, EvalResults], ...] = ()
    changed: float | None = None
    share: float = 1.0

    @property
    def look_alpha(self) -> float:
        """What this look has to pass, two-sided, in all its stages together."""
        return SIGNIFICANT * 0.5**self.looks

    @property
    def alpha(self) -> float:
        """What has to be passed here, two-sided."""
        return round(self.look_alpha * self.share, ALPHA_DIGITS)

    @property
    def next_alpha(self) -> float:
        """What the next look has to pass; the first on the test split, if this is none."""
        return self.look_alpha / (2 if self.split is Split.TEST else 1)

    @property
    def can_prove(self) -> bool:
        return self.split is Split.TEST and self.groups >= VALIDATION_FROM


def verdict(
    task: Task,
    before: EvalResults,
    after: EvalResults,
    ground: VerdictBasis,
    *,
    seed: int,
    focus: Component | None = None,
) -> Verdict:
    """Baseline against winner on the cases that both answered, which must be at least one.

    Near-duplicates are drawn together: ten wordings of one question are one piece of evidence.

    task: counts, and says what the objective is.
    before: the baseline's results.
    after: the winner's.
    ground: what the comparison stands on.
    seed: of the bootstrap.
    focus: what it gained is reported beside the claim, which is about the objective.
    """
    repeats = [results for pair in ground.again for results in pair]
    before, after, *repeats = shared(before, after, *repeats)
    alike = groups_of(before.cases)
    groups = [[case.id for case in group] for group in alike]
    befores, afters = [before, *repeats[::2]], [after, *repeats[1::2]]
    counted = _counts(task, befores, alike), _counts(task, afters, alike)
    gain = paired_bootstrap(*counted, task.objective, seed=seed, alpha=ground.alpha)
    p_value = sign_flip_test(_scores(befores, groups), _scores(afters, groups))
    fixed, broke = _turned(befores, afters)
    kind = _kind(gain, p_value, ground, more_fixed=fixed > broke)
    more = MoreLabels()
    if kind is not VerdictKind.PROVEN:
        more = more_labels(
            np.subtract(_scores(afters, groups), _scores(befores, groups)).tolist(),
            pulls(*counted, task.objective).tolist(),
            cases=len(before.by_case),
            groups=ground.groups,
            tested=len(groups) if ground.split is Split.TEST else ground.untouched,
            kept=ground.split is Split.TEST,
            alpha=ground.next_alpha,
            seed=seed,
        )
    return Verdict(
        kind=kind,
        tested_on=ground.split,
        cases=len(before.by_case),
        before=_objective(task, counted[0]),
        after=_objective(task, counted[1]),
        gain=round(gain.gain, DIGITS),
        interval=(round(gain.low, DIGITS), round(gain.high, DIGITS)),
        p_value=float(f"{p_value:.3g}"),
        look=ground.looks + 1,
        alpha=ground.alpha,
        changed_again=None if ground.changed is None else round(ground.changed, DIGITS),
        labels_needed=more.needed,
        labels_beyond=more.beyond,
        label_first=[] if more == MoreLabels() else thinnest(task, before),
        focus=None if focus is None else _focused(focus, counted, ground, seed=seed),
        summary=_summary(kind, gain, ground, fixed=fixed, broke=broke, more=more),
    )


def detectable(groups: int) -> float:
    """The gain that so many test groups will mostly show, guessed before anything is measured."""
    return detectable_gain(expected_error(groups, CHANGED))


def unchanged(task: Task, validation: EvalResults, *, has_test: bool) -> Verdict:
    """The winner is the baseline: there is nothing to test, and the test split stays untouched."""
    untouched = "The test cases were not looked at." if has_test else NO_TEST
    score = validation.scored(task)
    return Verdict(
        kind=VerdictKind.NO_CHANGE,
        tested_on=Split.VALIDATION,
        cases=score.cases,
        before=score.objective,
        after=score.objective,
        gain=0.0,
        interval=(0.0, 0.0),
        p_value=1.0,
        labels_needed=None,
        summary=f"No better prompt was found. {untouched}",
    )


def _kind(
    gain: GainEstimate, p_value: float, ground: VerdictBasis, *, more_fixed: bool
) -> VerdictKind:
    if gain.gain <= 0 or not more_fixed:
        return VerdictKind.NOISE
    if ground.can_prove and gain.low > 0 and p_value < ground.alpha:
        return VerdictKind.PROVEN
    return VerdictKind.PROMISING if p_value < WORTH_A_LOOK else VerdictKind.NOISE


def _focused(
    focus: Component, counted: tuple[Counts, Counts], ground: VerdictBasis, *, seed: int
) -> ComponentGain:
    gain = paired_bootstrap(*counted, focus.f1, seed=seed, alpha=ground.alpha)
    before, after = (float(focus.f1(counts.sum(axis=0))) for counts in counted)
    return ComponentGain(
        component=focus.name,
        before=round(before, DIGITS),
        after=round(after, DIGITS),
        gain=round(gain.gain, DIGITS),
        interval=(round(gain.low, DIGITS), round(gain.high, DIGITS)),
    )


def _counts(
    task: Task, evaluations: Sequence[EvalResults], groups: Sequence[Sequence[Case]]
) -> Counts:
    """Counts of shape (groups, components, 3), summed over the repeats, at least the first."""
    first, *repeats = evaluations
    return sum(
        (grouped(task, results, groups) for results in repeats), start=grouped(task, first, groups)
    )


def _objective(task: Task, counts: Counts) -> float:
    return float(task.objective(counts.sum(axis=0).astype(np.float64)))


def _turned(befores: Sequence[EvalResults], afters: Sequence[EvalResults]) -> tuple[int, int]:
    """How many cases score higher, and how many lower, over all repeats."""
    alone = [[id] for id in befores[0].by_case]
    before, after = _scores(befores, alone), _scores(afters, alone)
    gains = [a - b for b, a in zip(before, after, strict=True)]
    return sum(gain > 0 for gain in gains), sum(gain < 0 for gain in gains)


def _scores(evaluations: Sequence[EvalResults], groups: list[list[UUID]]) -> list[float]:
    scored = [[one.by_case[id].score for one in evaluations for id in group] for group in groups]
    return [sum(scores) / len(evaluations) for scores in scored]


def thinnest(task: Task, results: EvalResults) -> list[str]:
    """The strata with the fewest cases here, where each more would tell most."""
    counted = Counter(task.stratum(case.truth) for case in results.cases)
    return sorted(counted, key=lambda name: (counted[name], name))[:THINNEST]


def _summary(
    kind: VerdictKind,
    gain: GainEstimate,
    ground: VerdictBasis,
    *,
    fixed: int,
    broke: int,
    more: MoreLabels,
) -> str:
    claim = {
        VerdictKind.PROVEN: "The gain is proven on untouched cases.",
        VerdictKind.PROMISING: "The gain is promising, not proven.",
        VerdictKind.NOISE: "The gain cannot be told from chance.",
    }[kind]
    parts = [
        claim,
        f"The change corrects {fixed} cases and gets {broke} wrong that were right.",
    ]
    if ground.folds:
        parts.append(
            "It is the search that is judged here, not one prompt: it was repeated"
            f" {ground.folds} times, each time without some of the cases, and the prompt it then"
            " made answered those."
        )
    if ground.untested:
        parts.append(ground.untested)
        parts.append("These cases also chose the prompt, so the gain is likely overstated.")
    if not ground.set_aside:
        parts.append("They are its training cases too.")
    if ground.looks:
        runs = "1 earlier run was" if ground.looks == 1 else f"{ground.looks} earlier runs were"
        parts.append(f"{runs} judged on the same cases, so this one had to show more.")
    if ground.changed is not None:
        parts.append(_steadiness(ground.changed, len(ground.again)))
    if more.needed is not None:
        parts.append(
            f"With about {more.needed} more labelled cases a gain like this would be proven"
            " 8 times out of 10."
        )
    if more.beyond is not None:
        parts.append(f"More than {more.beyond} more labelled cases would be needed to prove it.")
    if kind is VerdictKind.NOISE:
        parts.append(f"A gain below {detectable_gain(gain.error):.3f} would mostly go unseen here.")
    return " ".join(parts)


def _steadiness(changed: float, repeats: int) -> str:
    if not changed:
        return "Asked again, the model answered the same."
    steadiness = f"Asked again, the model changed {100 * changed:.0f} % of its answers"
    return (
        f"{steadiness}; every case counts by the mean of {1 + repeats}."
        if repeats
        else f"{steadiness}."
    )
