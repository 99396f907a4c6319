"""What was measured, put together: scores of each way of asking, and what follows for a run."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from uuid import UUID

from nlu_shared.rendering import prompt_tokens
from nlu_shared.schemas.base import canonical
from nlu_shared.schemas.headroom import Headroom, Usual, Variant, VariantScore
from nlu_shared.schemas.prompts import PromptContent
from pydantic import JsonValue

from induction.engine.data.groups import groups_of, near_duplicates
from induction.engine.data.splits import Splits, labels_until
from induction.engine.evaluation.results import EvalResults
from induction.engine.evaluation.unanswered import shared
from induction.engine.forecast import usual
from induction.engine.headroom.chance import (
    ChanceBasis,
    Evidence,
    Foretold,
    error_on,
    foretell,
    worth,
)
from induction.engine.headroom.remedy import Findings, remedy, sentence
from induction.engine.plan import Plan
from induction.engine.verdict.verdict import DIGITS, SIGNIFICANT
from induction.task_kinds.base import Case, ModelPrediction, Task, equivalent

CONFLICTS_SHOWN = 20
SURE_AND_POWER = 1.959964 + 0.841621


@dataclass(frozen=True, slots=True)
class VariantResults:
    """One other way of asking, and the answers."""

    variant: Variant
    content: PromptContent
    results: EvalResults


@dataclass(frozen=True, slots=True)
class HeadroomMeasurement:
    """What was asked, and what came of it.

    baseline: its answers.
    again: to some of the cases once more.
    variants: of the other ways of asking.
    calls: that were made.
    """

    baseline: EvalResults
    again: EvalResults
    variants: tuple[VariantResults, ...]
    calls: int


def headroom(plan: Plan, splits: Splits, measured: HeadroomMeasurement) -> Headroom:
    """At least one case must have been answered with the baseline."""
    task, baseline = plan.task, measured.baseline
    variants = [_scored(task, baseline, one) for one in measured.variants]
    changed = _changed(task, baseline, measured.again)
    mean = _mean(baseline)
    ground = ChanceBasis(
        score=mean,
        cases=len(baseline.by_case),
        wavering=_smoothed(changed, len(measured.again.by_case)),
        validation=worth(len(splits.validation), len(groups_of(splits.validation))),
        test=worth(len(splits.test), splits.test_groups),
        alpha=SIGNIFICANT * 0.5**plan.looks,
    )
    foretold = foretell(_evidence(variants, ground.cases), ground, seed=plan.seed)
    conflicts = _conflicts(task, splits.learning)
    misses = baseline.wrong
    near = [one for one in misses if task.nearly(one.case.truth, one.prediction) is not None]
    more = _labels_needed(splits, foretold, ground)
    answers = [measured.baseline, measured.again, *(one.results for one in measured.variants)]
    number = sum(len(one.by_case) for one in answers)
    findings = Findings(
        cases=len(plan.cases),
        score=mean,
        misses=len(misses),
        near_misses=len(near) / max(1, len(misses)),
        unusable=sum(one.faults.total() for one in answers) / number,
        wavering=changed or 0.0,
        conflicts=len(conflicts) / max(1, len(splits.learning)),
        quotable=sum(case.may_quote for case in splits.train),
        gain=foretold.gain,
        chance=foretold.chance,
        labels_needed=more,
        classifier=None if plan.classifier is None else plan.classifier.same_score,
    )
    advice = remedy(findings)
    means = [mean, *(mean + one.gain for one in variants)]
    return Headroom(
        cases=ground.cases,
        calls=measured.calls,
        score=baseline.scored(task).objective,
        mean_score=round(mean, DIGITS),
        variants=variants,
        spread=round(max(means) - min(means), DIGITS),
        repeated=len(measured.again.by_case),
        changed_again=None if changed is None else round(changed, DIGITS),
        unusable=round(findings.unusable, DIGITS),
        near_misses=round(findings.near_misses, DIGITS),
        conflicts=len(conflicts),
        conflict_ids=conflicts[:CONFLICTS_SHOWN],
        classifier=plan.classifier,
        chance=round(foretold.chance, 3),
        gain=round(foretold.gain, 3),
        interval=(round(foretold.low, 3), round(foretold.high, 3)),
        labels_needed=more,
        usual=_usual(plan, splits),
        remedy=advice,
        summary=_summary(foretold, splits, sentence(advice, findings)),
    )


def _scored(task: Task, baseline: EvalResults, one: VariantResults) -> VariantScore:
    before, after = shared(baseline, one.results)
    gains = [after.by_case[id].score - before.by_case[id].score for id in after.by_case]
    number, gain = len(gains), sum(gains) / max(1, len(gains))
    # Two cases that nobody has seen, one moved: that few do not move says little of others.
    square, mean = (sum(each**2 for each in gains) + 1) / (number + 2), sum(gains) / (number + 2)
    return VariantScore(
        variant=one.variant,
        examples=len(one.content.examples),
        tokens=prompt_tokens(one.content, task.answers),
        score=after.scored(task).objective,
        gain=round(gain, DIGITS),
        error=round(sqrt((square - mean**2) / max(1, number)), DIGITS),
        fixed=sum(each > 0 for each in gains),
        broke=sum(each < 0 for each in gains),
    )


def _evidence(variants: Sequence[VariantScore], cases: int) -> list[Evidence]:
    """One each, and one of both draws of few examples: which of them did better is luck."""
    by_kind: dict[Variant, list[VariantScore]] = defaultdict(list)
    for one in variants:
        by_kind[Variant.FEW if one.variant is Variant.OTHER_FEW else one.variant].append(one)
    return [
        Evidence(
            gain=sum(one.gain for one in alike) / len(alike),
            error=sqrt(sum(one.error**2 for one in alike)) / len(alike),
            moved=sum((one.fixed + one.broke + 1) / (cases + 2) for one in alike) / len(alike),
        )
        for alike in by_kind.values()
    ]


def _changed(task: Task, first: EvalResults, again: EvalResults) -> float | None:
    """The share of the repeated answers that were others than before."""
    first, again = shared(first, again)
    if not again.by_case:
        return None
    return sum(
        not equivalent(task, first.by_case[id].prediction, one.prediction)
        for id, one in again.by_case.items()
    ) / len(again.by_case)


def _smoothed(share: float | None, number: int) -> float:
    """Nine cases that nobody has seen, none of which changed; nothing where nothing was asked."""
    return 0.0 if share is None else share * number / (number + 9)


def _mean(results: EvalResults) -> float:
    return sum(one.score for one in results.by_case.values()) / len(results.by_case)


def _conflicts(task: Task, cases: Sequence[Case]) -> list[UUID]:
    """The cases with a near-duplicate whose label would be a mistake for them."""
    return [
        case.id
        for group in near_duplicates(cases)
        for case in group
        if any(task.mistakes(case.truth, ModelPrediction(output=truth)) for truth in _truths(group))
    ]


def _truths(group: Sequence[Case]) -> list[JsonValue]:
    """Each different one once."""
    return list({canonical(case.truth): case.truth for case in group}.values())


def _labels_needed(splits: Splits, foretold: Foretold, ground: ChanceBasis) -> int | None:
    if foretold.gain <= 0:
        return None
    error = error_on(1, foretold.moved, ground.wavering)
    needed = (SURE_AND_POWER * error / foretold.gain) ** 2
    if needed <= ground.test:
        return None
    size = (len(splits.learning) + len(splits.test)) / splits.groups
    tested = needed / worth(size, 1)
    return labels_until(tested, size=size, groups=splits.groups, already=splits.test_groups)


def _usual(plan: Plan, splits: Splits) -> Usual:
    """What the forecast of an improve run says, in the middle of its range."""
    search = usual(plan, splits)
    return Usual(
        task_calls=search.task_calls,
        proposals=search.proposer_calls,
        task_tokens_in=search.task_tokens_in,
        task_tokens_out=search.task_tokens_out,
        proposal_tokens_in=search.proposer_tokens_in,
        proposal_tokens_out=search.proposer_tokens_out,
    )


def _summary(foretold: Foretold, splits: Splits, advice: str) -> str:
    proven = (
        f"An improve run would end with 'proven' in about {100 * foretold.chance:.0f} of 100 cases"
        if splits.test
        else "There are no untouched test cases, so nothing can be proven"
    )
    return (
        f"{proven}; a gain of {foretold.gain:.2f} is to be expected, {foretold.low:.2f} to"
        f" {foretold.high:.2f}. {advice}"
    )
