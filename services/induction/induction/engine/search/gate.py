"""The gate: a few well-chosen training cases that a change must pass before validation is spent.

It asks two things: does the change correct mistakes, other than by showing the very case, and does
it leave alone what was right. Wrong and right cases are drawn apart and in other shares
than they stand in the training split, so each case counts for as many as it was drawn from
(Horvitz and Thompson, JASA 47 (1952) 663-685): the gate estimates the net gain on all of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt
from uuid import UUID

from nlu_shared.schemas.evaluated import ErrorPattern

from induction.engine.data.chance import shuffled
from induction.engine.evaluation.results import CaseResult, EvalResults, compare
from induction.task_kinds.base import Case, Component, Task

TARGETS = 20
LEAST_GUARDS = 16
GUARDS_PER_TARGET = 2
GATE_CASES = TARGETS * (1 + GUARDS_PER_TARGET)
"""The most one gate asks."""
CAUTION = 2 / 3
"""By how many standard errors the estimate must exceed zero: a change that does nothing, asked of
a model that wavers, then passes about one time in four, and a single clean fix still passes."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The cases a gate asks, in case order, and how many training cases each stands for."""

    cases: tuple[Case, ...]
    weights: dict[UUID, float]

    def turns(self, results: EvalResults) -> list[list[Case]]:
        """First the wrong ones: where too few are fixed, the right ones could only add harm, and
        need not be asked."""
        wrong = [case for case in self.cases if not results.by_case[case.id].right]
        return [part for part in (wrong, [c for c in self.cases if c not in wrong]) if part]


@dataclass(frozen=True, slots=True)
class Judgement:
    """`reason` says what was seen, whether or not it passes.

    passes: whether validation may be spent on the change.
    fixed: cases of the gate that were wrong and are right.
    broke: cases of the gate that were right and are wrong.
    estimate: training cases gained, net: of those the focus concerns, where there is one.
    focus: the component's name.
    objection: why it could not be asked at all.
    """

    passes: bool
    fixed: list[UUID]
    broke: list[UUID]
    estimate: float
    """Training cases gained, net: of those the focus concerns, where there is one."""
    focus: str | None = None
    objection: str | None = None

    @property
    def reason(self) -> str:
        if self.objection is not None:
            return self.objection
        of = "" if self.focus is None else f" for {self.focus}"
        return (
            f"fixes {len(self.fixed)} and breaks {len(self.broke)} of the gate's cases, "
            f"about {self.estimate:+.0f} on the training cases{of}"
        )


UNTRIED = Judgement(True, [], [], 0.0)
"""Of a gate that has nothing to ask."""


def sample(
    task: Task,
    results: EvalResults,
    patterns: Sequence[ErrorPattern],
    *,
    seed: int,
    attempt: int,
) -> Sample:
    """Wrong cases of the patterns and of what they miss; and passing ones, half of them with
    something the patterns name, where a change does its harm first.

    task: says what a truth holds.
    results: the best prompt's, on training cases.
    patterns: what the change is to correct.
    seed: of the run.
    attempt: another draw each time, so that no change is made to fit one sample.
    """
    drawn = shuffled(
        results.by_case.values(), name=lambda one: one.case.id, seed=seed, purpose=f"gate {attempt}"
    )
    meant = {id for pattern in patterns for id in pattern.case_ids}
    missed, _ = _named(results, patterns)
    near = touched(task, results, patterns)
    wrong = [
        result
        for result in drawn
        if not result.right and (result.case.id in meant or task.holds(result.case.truth) & missed)
    ]
    wrong.sort(key=lambda result: result.case.id not in meant)
    close = [result for result in drawn if result.right and result.case.id in near]
    far = [result for result in drawn if result.right and result.case.id not in near]
    guards = max(LEAST_GUARDS, GUARDS_PER_TARGET * min(len(wrong), TARGETS))
    from_close = min(len(close), max(guards // 2, guards - len(far)))
    weights = {
        **_weighted(wrong, TARGETS),
        **_weighted(close, from_close),
        **_weighted(far, guards - from_close),
    }
    chosen = tuple(result.case for id, result in results.by_case.items() if id in weights)
    return Sample(chosen, weights)


def touched(task: Task, results: EvalResults, patterns: Sequence[ErrorPattern]) -> set[UUID]:
    """Cases that hold something the patterns name, as a truth or as what was answered instead."""
    names = set[str]().union(*_named(results, patterns))
    return {id for id, result in results.by_case.items() if task.holds(result.case.truth) & names}


def _named(results: EvalResults, patterns: Sequence[ErrorPattern]) -> tuple[set[str], set[str]]:
    """What the patterns' mistakes missed, and what was answered instead."""
    mistakes = [
        mistake
        for pattern in patterns
        for id in pattern.case_ids
        for mistake in results.by_case[id].mistakes
    ]
    truths = {mistake.truth for mistake in mistakes if mistake.truth is not None}
    return truths, {mistake.predicted for mistake in mistakes if mistake.predicted is not None}


def judge(
    sample: Sample, before: EvalResults, after: EvalResults, focus: Component | None = None
) -> Judgement:
    """It passes when it fixes clearly more than it breaks. Where none of the cases was wrong
    there is nothing to fix, and it passes when it breaks none.

    sample: the cases, and for how many each stands.
    before: results of all of them.
    after: of those that were answered; it is judged on these.
    focus: what it concerns counts as fixed or broken, and the rest must not clearly lose.
    """
    fixed, broke = compare(before, after)
    nothing_wrong = all(before.by_case[id].right for id in after.by_case)
    overall, error = _estimate(sample, before, after, lambda result: result.score)
    if focus is None:
        passes = overall > CAUTION * error or (nothing_wrong and not broke)
        return Judgement(passes, fixed, broke, overall)
    near, near_error = _estimate(sample, before, after, lambda result: _clear_of(focus, result))
    passes = near > CAUTION * near_error and overall >= -CAUTION * error
    return Judgement(passes, fixed, broke, near, focus.name)


def _estimate(
    sample: Sample, before: EvalResults, after: EvalResults, score: Callable[[CaseResult], float]
) -> tuple[float, float]:
    """The net gain on all training cases, and its standard error."""
    gains = [
        sample.weights[id] * (score(result) - score(before.by_case[id]))
        for id, result in after.by_case.items()
    ]
    return sum(gains), sqrt(sum(gain * gain for gain in gains))


def _clear_of(focus: Component, result: CaseResult) -> float:
    return float(not any(focus.concerns(mistake) for mistake in result.mistakes))


def _weighted(pool: list[CaseResult], size: int) -> dict[UUID, float]:
    chosen = pool[:size]
    return {result.case.id: len(pool) / len(chosen) for result in chosen}
