"""A canary: the prompt in production put to a fixed slice of cases, twice, and beside an earlier
canary's answers. Whether the model behind it has changed, and nothing else.

The slice holds no case set aside to test and none that the prompt quotes. It is drawn from hashes
of the cases' ids, and begins with the cases of the canary it is compared with, so it hardly moves.

What a model's wavering does is known from asking twice tonight: without a change, then, tonight and
tonight's repeat are three draws of one distribution, so a case is as likely to differ from then and
be steady tonight as to waver tonight and agree with then; and as likely to waver tonight and be
steady then as the reverse. Each is tested exactly, the latter to both sides, and the smallest
p-value counts three times (the sign test: Conover, Practical Nonparametric Statistics, 1999,
section 3.4; Bonferroni's inequality).
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from math import comb

from nlu_shared.schemas.base import digest
from nlu_shared.schemas.canary import Canary, CanaryAnswer
from nlu_shared.schemas.events import CanaryMeasured, RunStarted

from induction.engine import event_builders
from induction.engine.data.chance import shuffled
from induction.engine.data.splits import Splits, splits_of
from induction.engine.evaluation import unanswered
from induction.engine.evaluation.evaluate import evaluate
from induction.engine.evaluation.results import CaseResult, EvalResults
from induction.engine.forecast import Workload, forecast
from induction.engine.plan import Plan
from induction.engine.runtime import RunContext, Runtime, Stopped
from induction.task_kinds.base import Case, ModelPrediction

MOST_CASES = 50
"""Asked twice. Of a model that is steady, nine other answers tell a change."""
ALPHA = 0.01
"""The chance of a false alarm on one night."""
DIGITS = 9
FINGERPRINT = 8
"""Hex digits: equal ones of different answers happen once in four thousand million."""
SPLIT = "canary"
MEASURED = "measured"


async def ask_again(plan: Plan, runtime: Runtime) -> None:
    """A whole run, told as its events: one `CanaryMeasured`. What `runtime` raises goes through."""
    run = RunContext(plan, runtime)
    splits = splits_of(plan.cases, plan.splits)
    cases = drawn(plan, splits)
    await run.tell(_started(plan, splits))
    reason = MEASURED
    try:
        if not cases:
            run.stop(event_builders.NO_CASES)
        now = await evaluate(run, plan.baseline, cases, split=SPLIT, iteration=0)
        if missing := unanswered.refusal(plan.task, plan.baseline, cases, now):
            run.fail(missing)
        again = EvalResults({})
        with suppress(Stopped):
            again = await evaluate(run, plan.baseline, cases, split=SPLIT, iteration=0, sample=1)
        if run.cancelled:
            raise Stopped(reason)
        answers = answered(now, again)
        await run.tell(CanaryMeasured(canary=measured(plan, now, answers), answers=answers))
    except Stopped as stopped:
        reason = stopped.reason
    await run.tell(event_builders.finished(run, None, reason))


def bound(plan: Plan) -> Workload:
    """The calls of `ask_again(plan, …)`."""
    calls = 2 * len(drawn(plan, splits_of(plan.cases, plan.splits)))
    return replace(forecast(plan), task_calls=calls, proposer_calls=0)


def drawn(plan: Plan, splits: Splits) -> tuple[Case, ...]:
    """The slice, in id order: the earlier canary's cases as far as they are there, then others."""
    quoted = {one.case_id for one in plan.baseline.all_examples}
    texts = {one.text for one in plan.baseline.all_examples}
    free = [one for one in splits.learning if one.id not in quoted and one.text not in texts]
    earlier = {one.case_id for one in plan.earlier}
    ordered = shuffled(free, name=lambda case: case.id, seed=0, purpose=SPLIT)
    ordered.sort(key=lambda case: case.id not in earlier)
    most = MOST_CASES if plan.calls is None else min(MOST_CASES, max(1, plan.calls // 2))
    return tuple(sorted(ordered[:most], key=lambda case: case.id))


def answered(now: EvalResults, again: EvalResults) -> list[CanaryAnswer]:
    """One a case, in case order."""
    return [_answer(one, again.by_case.get(id)) for id, one in now.by_case.items()]


def measured(plan: Plan, now: EvalResults, answers: Sequence[CanaryAnswer]) -> Canary:
    """What the answers say beside those of the earlier canary, `plan.earlier`."""
    then = {one.case_id: one for one in plan.earlier}
    pairs = [(then[one.case_id], one) for one in answers if one.case_id in then]
    changed = [one for before, one in pairs if one.answer != before.answer]
    agreed = [one for before, one in pairs if one.answer == before.answer]
    p_value = min(
        _sign_test(
            sum(one.steady is True for one in changed), sum(one.steady is False for one in agreed)
        ),
        _sign_test(*_steadiness(pairs)),
        _sign_test(*reversed(_steadiness(pairs))),
    )
    p_value = min(1.0, 3 * p_value)
    scored = [(before, one) for before, one in pairs if one.truth == before.truth]
    canary = Canary(
        cases=len(answers),
        score=_mean([one.score for one in answers]),
        unusable=now.faults.total(),
        wavered=sum(one.steady is False for one in answers),
        compares_with=plan.compares_with,
        same_cases=len(pairs),
        changed=len(changed),
        wavered_before=sum(one.steady is False for one, _ in pairs) if pairs else None,
        truths_changed=len(pairs) - len(scored),
        before=_mean([before.score for before, _ in scored]) if scored else None,
        after=_mean([one.score for _, one in scored]) if scored else None,
        p_value=p_value,
        drifted=p_value < ALPHA,
        summary="",
    )
    return canary.model_copy(update={"summary": _summary(canary)})


def _steadiness(pairs: Sequence[tuple[CanaryAnswer, CanaryAnswer]]) -> tuple[int, int]:
    """Cases that waver only tonight, and only then."""
    both = [(then.steady, now.steady) for then, now in pairs]
    return both.count((True, False)), both.count((False, True))


def _started(plan: Plan, splits: Splits) -> RunStarted:
    return RunStarted(
        dataset_hash=plan.dataset_hash,
        splits=splits.sizes,
        baseline_hash=plan.baseline.version_hash,
        notes=[*plan.notes, *splits.notes],
    )


def _answer(now: CaseResult, again: CaseResult | None) -> CanaryAnswer:
    answer = _fingerprint(now.prediction)
    return CanaryAnswer(
        case_id=now.case.id,
        answer=answer,
        truth=digest(now.case.truth)[:FINGERPRINT],
        score=round(now.score, DIGITS),
        steady=None if again is None else _fingerprint(again.prediction) == answer,
    )


def _fingerprint(prediction: ModelPrediction) -> str:
    fault = None if prediction.fault is None else str(prediction.fault)
    return digest([prediction.output, fault])[:FINGERPRINT]


def _sign_test(more: int, fewer: int) -> float:
    """Of as many or more of the first among both, if either were as likely."""
    flips = more + fewer
    return float(sum(comb(flips, k) for k in range(more, flips + 1)) / 2**flips)


def _mean(scores: Sequence[float]) -> float:
    return round(sum(scores) / len(scores), DIGITS)


def _summary(canary: Canary) -> str:
    again = f"{canary.wavered} of {canary.cases} answers waver when asked twice"
    if canary.compares_with is None:
        return f"The first canary: mean score {canary.score:.2f} on {canary.cases} cases; {again}."
    parts = [
        f"{canary.changed} of {canary.same_cases} same cases are answered otherwise than before;"
        f" {again}, of the same cases {canary.wavered_before} did then (p {canary.p_value:.2g})."
    ]
    if canary.before is not None and canary.after is not None:
        parts.append(f"Mean score {canary.before:.2f} before, {canary.after:.2f} now.")
    if canary.truths_changed:
        parts.append(f"{canary.truths_changed} of them carry other truths than before.")
    parts.append("The model has changed." if canary.drifted else "No change of the model shows.")
    return " ".join(parts)
