"""A run that only measures: a few cases asked in a few ways, and what a search could make of it."""

from collections.abc import Sequence, Sized
from contextlib import suppress
from dataclasses import replace

from nlu_shared.schemas.events import HeadroomEstimated, RunStarted
from nlu_shared.schemas.headroom import Variant
from nlu_shared.schemas.prompts import PromptContent

from induction.engine import event_builders
from induction.engine.data.splits import Splits, splits_of
from induction.engine.evaluation import unanswered
from induction.engine.evaluation.evaluate import evaluate
from induction.engine.evaluation.results import EvalResults
from induction.engine.evaluation.usable import FirstAnswers
from induction.engine.forecast import Workload, forecast
from induction.engine.headroom.design import LEAST_CALLS, Design, design
from induction.engine.headroom.estimate import HeadroomMeasurement, VariantResults, headroom
from induction.engine.plan import Plan
from induction.engine.runtime import RunContext, Runtime, Stopped
from induction.task_kinds.base import Case

ESTIMATED = "estimated"
SPLIT = "headroom"
NO_OTHER_WAY = (
    "there is no other way to ask: no case may be shown as an example, or no prompt with one is"
    " short enough; what a prompt could gain rests on the prompt as it is alone"
)


async def measure(plan: Plan, runtime: Runtime) -> None:
    """A whole run, told as its events: one `HeadroomEstimated`, of what the limits let be asked, as
    soon as one other way of asking was answered. What `runtime` raises goes through."""
    run = RunContext(plan, runtime)
    splits = splits_of(plan.cases, plan.splits)
    ways = design(plan, splits)
    await run.tell(_started(plan, splits, ways.prompts))
    reason = ESTIMATED
    try:
        if not ways.cases:
            run.stop(event_builders.NO_CASES)
        measured = await _measured(run, ways)
        await run.tell(HeadroomEstimated(headroom=headroom(plan, splits, measured)))
    except Stopped as stopped:
        reason = stopped.reason
    await run.tell(event_builders.finished(run, None, run.stop_reason or reason))


def bound(plan: Plan) -> Workload:
    """The most calls of `measure(plan, …)`."""
    calls = design(plan, splits_of(plan.cases, plan.splits)).calls
    return replace(forecast(plan), task_calls=calls, proposer_calls=0)


def _started(plan: Plan, splits: Splits, prompts: Sized) -> RunStarted:
    few = plan.calls is not None and plan.calls < LEAST_CALLS
    return RunStarted(
        dataset_hash=plan.dataset_hash,
        splits=splits.sizes,
        baseline_hash=plan.baseline.version_hash,
        notes=[
            *plan.notes,
            *splits.notes,
            *([f"fewer than {LEAST_CALLS} calls tell little"] if few else []),
            *([] if prompts else [NO_OTHER_WAY]),
        ],
    )


async def _measured(run: RunContext, ways: Design) -> HeadroomMeasurement:
    """Raises Stopped where too little could be asked."""
    baseline = run.plan.baseline
    first = await evaluate(
        run, baseline, ways.cases, split=SPLIT, iteration=0, or_fail=FirstAnswers()
    )
    if missing := unanswered.refusal(run.plan.task, baseline, ways.cases, first):
        (run.fail if first.too_long else run.stop)(missing)
    again, variants, calls = EvalResults({}), list[VariantResults](), len(ways.cases)
    with suppress(Stopped):
        again = await evaluate(run, baseline, ways.repeated, split=SPLIT, iteration=0, sample=1)
        calls += len(ways.repeated)
        for number, (variant, longest) in enumerate(ways.prompts, start=1):
            content, halved = longest, 0
            if variant is Variant.MANY:
                content, halved = await _fitting(run, longest, ways.cases[:1], iteration=number)
            calls += halved
            results = await evaluate(run, content, ways.cases, split=SPLIT, iteration=number)
            calls += len(ways.cases)
            if not unanswered.objection(ways.cases, results):
                variants.append(VariantResults(variant, content, results))
    if run.cancelled or (ways.prompts and not variants):
        raise Stopped(run.stop_reason or "too few cases were answered")
    return HeadroomMeasurement(first, again, tuple(variants), calls)


async def _fitting(
    run: RunContext, content: PromptContent, case: Sequence[Case], *, iteration: int
) -> tuple[PromptContent, int]:
    """The prompt with as many of its new examples as the model has room for, by halving them, and
    how often: a window that nobody has named is found by asking.

    run: asks.
    content: with all of them.
    case: one, which is asked each time.
    iteration: of its events.
    """
    halved = 0
    while (await evaluate(run, content, case, split=SPLIT, iteration=iteration)).too_long:
        added = [one for one in content.examples if one not in run.plan.baseline.examples]
        if len(added) < 2:
            break
        kept = {one.text for one in added[: len(added) // 2]}
        examples = [one for one in content.examples if one not in added or one.text in kept]
        content = content.model_copy(update={"examples": tuple(examples)})
        halved += 1
    return content, halved
