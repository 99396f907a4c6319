"""A run: evaluate, search, judge. Decisions are made elsewhere; here the steps stand in order.

An iteration is a candidate evaluated on validation: a change refused before that carries the number
of the iteration it was meant for.
"""

from contextlib import suppress

from induction.engine import event_builders
from induction.engine.data.splits import splits_of
from induction.engine.plan import Plan
from induction.engine.runtime import RunContext, Runtime, Stopped
from induction.engine.search.baseline import begin
from induction.engine.search.choice import cases_compared, choose
from induction.engine.search.optimiser import Optimiser, hill_climb, try_candidate
from induction.engine.search.stopping import ended
from induction.engine.verdict.error_analysis import analyse_errors
from induction.engine.verdict.final_evaluation import final_calls, final_evaluation, train_score

EVALUATED = "evaluated"


async def improve(plan: Plan, runtime: Runtime, optimise: Optimiser | None = None) -> None:
    """A whole run, told as its events: `RunStarted` first, `RunFinished` last. Without an optimiser
    the plan's candidate is tried, or where it has none the hill is climbed.

    What `runtime` raises goes through. The same plan with the same answers tells the same again.
    """
    run = RunContext(plan, runtime)
    optimise = optimise or (hill_climb if plan.candidate is None else try_candidate)
    splits = splits_of(plan.cases, plan.splits)
    await run.tell(event_builders.started(plan, splits))
    try:
        search = await begin(run, splits)
    except Stopped as stopped:
        await run.tell(event_builders.search_stopped(stopped.reason, 0, plan.baseline))
        await run.tell(event_builders.finished(run, None, stopped.reason))
        return
    search.compared = cases_compared(len(splits.train), run.calls_left)
    kept_back = final_calls(search)
    run.reserve(kept_back + 2 * search.compared)
    try:
        reason = await optimise(search)
    except Stopped as stopped:
        reason = stopped.reason
    reason = ended(search.progress, reason)
    iterations = search.progress.iterations
    run.reserve(kept_back)
    await choose(search)
    if search.is_unchanged:
        # Nothing is left to judge, so what was kept for it may tell what is missed.
        run.reserve(0)
    await run.tell(event_builders.search_stopped(reason, iterations, search.best))
    await final_evaluation(search, optimise)
    with suppress(Stopped):
        if run.stop_reason is None:
            await train_score(search)
    with suppress(Stopped):
        await analyse_errors(search)
    await run.tell(event_builders.finished(run, search, reason))


async def evaluate_only(plan: Plan, runtime: Runtime) -> None:
    """One prompt scored on train and validation; the test split stays untouched."""
    run = RunContext(plan, runtime)
    splits = splits_of(plan.cases, plan.splits)
    await run.tell(event_builders.started(plan, splits))
    try:
        search = await begin(run, splits, in_full=True)
    except Stopped as stopped:
        await run.tell(event_builders.finished(run, None, stopped.reason))
        return
    await run.tell(event_builders.finished(run, search, EVALUATED))
