"""A migration: the old prompt and model against each new model, on cases no proposal ever saw. By
agreement they may be logged predictions, where too few are approved.

Where that is asked for, a prompt is first searched for each new model, on training and validation
cases alone. That takes a test split: without one the same cases would choose a prompt and judge it.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from nlu_shared.schemas.events import ModelCompared, PromptAdapted, RunStarted, Split
from nlu_shared.schemas.migration import Measure
from nlu_shared.schemas.prompts import PromptContent
from nlu_shared.schemas.traffic import TRAFFIC

from induction.engine import event_builders
from induction.engine.data.splits import Splits, splits_of
from induction.engine.evaluation import unanswered
from induction.engine.evaluation.evaluate import evaluate, evaluation_event
from induction.engine.evaluation.results import EvalResults
from induction.engine.evaluation.usable import FirstAnswers
from induction.engine.forecast import Workload, forecast
from induction.engine.leak_guard.screen import quoted_by
from induction.engine.migration.comparison import Terms, compared, not_judged
from induction.engine.plan import Plan
from induction.engine.runtime import RunContext, Runtime, Stopped
from induction.engine.search.baseline import begin
from induction.engine.search.choice import cases_compared, choose
from induction.engine.search.optimiser import Optimiser, hill_climb
from induction.task_kinds.base import Case

COMPARED = "compared"
NOT_SEARCHED = (
    "there are no untouched test cases: no prompt is searched for the new models, since the cases"
    " that chose it would judge it"
)
NOTHING_SEARCHED = "no prompt is searched for the new models: that takes approved cases"
NO_TRUTHS = "the old model gave no usable answer that could be taken for the truth"
NO_LABELS = "the old model's answers are taken as truth: scores are agreement with it, not F1"


async def migrate(plan: Plan, runtime: Runtime, optimise: Optimiser = hill_climb) -> None:
    """A whole run, told as its events: one `ModelCompared` for each new model, as far as the limits
    allow. What `runtime` raises goes through."""
    run = RunContext(plan, runtime)
    splits = splits_of(plan.cases, plan.splits)
    ground = _ground(plan, splits)
    await run.tell(_started(plan, splits))
    reason = COMPARED
    try:
        adapted: Mapping[str, PromptContent] = {}
        if _searches(plan, splits):
            adapted = await _adapted(run, splits, ground, optimise)
            run.begin_search(0)
            run.begin_final()
        await _compared(run, splits, ground, adapted)
    except Stopped as stopped:
        reason = stopped.reason
    await run.tell(event_builders.finished(run, None, reason))


def bound(plan: Plan) -> Workload:
    """The most calls of `migrate(plan, …)`."""
    splits = splits_of(plan.cases, plan.splits)
    cases = len(_ground(plan, splits).cases)
    search = forecast(plan)
    searches = len(plan.to_models) if _searches(plan, splits) else 0
    answers = cases + (search.task_calls if searches else 0)
    return replace(
        search,
        task_calls=cases * (1 + plan.agreement),
        proposer_calls=search.proposer_calls * searches,
        of_models=dict.fromkeys(plan.to_models, answers),
    )


@dataclass(frozen=True, slots=True)
class _Ground:
    """The cases that all models answer, and the split they are of, or `TRAFFIC`."""

    split: str
    cases: tuple[Case, ...]


def _ground(plan: Plan, splits: Splits) -> _Ground:
    """Logged predictions, or the test split; where there is none, validation; in all without what
    the prompt quotes."""
    split, cases = Split.TEST.value, splits.test
    if plan.traffic is not None:
        split, cases = TRAFFIC, plan.traffic.cases
    elif not cases:
        split, cases = Split.VALIDATION.value, splits.validation
    known = {case.id for case in quoted_by(plan.baseline, splits.train, cases)}
    known |= {one.case_id for one in plan.baseline.all_examples if one.case_id is not None}
    return _Ground(split, tuple(case for case in cases if case.id not in known))


def _searches(plan: Plan, splits: Splits) -> bool:
    return plan.optimise and bool(splits.test)


def _started(plan: Plan, splits: Splits) -> RunStarted:
    is_on_cases, unsearched = plan.traffic is None, plan.optimise and not splits.test
    notes = list(plan.notes)
    if is_on_cases:
        notes += [*splits.notes, *event_builders.contamination(plan, splits)]
    notes += [NOT_SEARCHED if is_on_cases else NOTHING_SEARCHED] if unsearched else []
    notes += [NO_LABELS] if plan.agreement else []
    return RunStarted(
        dataset_hash=plan.dataset_hash,
        splits=splits.sizes if is_on_cases else {},
        baseline_hash=plan.baseline.version_hash,
        notes=notes,
    )


async def _adapted(
    run: RunContext, splits: Splits, ground: _Ground, optimise: Optimiser
) -> Mapping[str, PromptContent]:
    """The prompt that was found for each new model, where it is another than the old one's.

    The calls left are shared evenly; what one search leaves the next may use. Of the searches only
    progress, hints and what they end with are told. Raises Stopped where the run was cancelled.
    """
    plan, adapted = run.plan, dict[str, PromptContent]()
    comparing = len(ground.cases) * (1 + plan.agreement + len(plan.askable))
    for number, model in enumerate(plan.askable):
        run.begin_search(comparing)
        later = len(plan.askable) - number - 1
        kept = comparing
        if run.calls_left is not None:
            kept += max(0, run.calls_left) * later // (later + 1)
            run.begin_search(kept)
        with suppress(Stopped):
            search = await begin(run.repeated(plan.asking(model)), splits)
            search.compared = cases_compared(len(splits.train), run.calls_left)
            run.reserve(kept + 2 * search.compared)
            with suppress(Stopped):
                await optimise(search)
            run.reserve(kept)
            await choose(search)
            if not search.is_unchanged:
                adapted[model] = search.best
                await run.tell(
                    PromptAdapted(
                        model=model,
                        content=search.best,
                        version_hash=search.best.version_hash,
                        parent_hash=plan.baseline.version_hash,
                        before=search.baseline_validation.scored(plan.task).objective,
                        after=search.validation.scored(plan.task).objective,
                    )
                )
        if run.cancelled:
            break
    return adapted


async def _compared(
    run: RunContext, splits: Splits, ground: _Ground, adapted: Mapping[str, PromptContent]
) -> None:
    """Raises Stopped."""
    plan, cases = run.plan, ground.cases
    if not cases and plan.traffic is not None:
        run.fail(event_builders.NO_PREDICTIONS)
    if not cases:
        run.stop(event_builders.NO_CASES)
    old = await _answers(run, plan.baseline, ground, or_fail=FirstAnswers())
    if missing := unanswered.refusal(plan.task, plan.baseline, cases, old):
        (run.fail if old.too_long else run.stop)(missing)
    if plan.agreement:
        cases = _with_answers(old)
        if not cases:
            run.fail(NO_TRUTHS)
        ground = replace(ground, cases=cases)
        old = await _answers(run, plan.baseline, ground, sample=1)
    else:
        split = Split(ground.split)
        await run.tell(evaluation_event(plan.task, plan.baseline, old, split, 0))
    for number, model in enumerate(plan.to_models, start=1):
        content = adapted.get(model, plan.baseline)
        if why := plan.unusable.get(model):
            terms = _terms(plan, splits, ground, model, content)
            await run.tell(ModelCompared(comparison=not_judged(terms, why)))
            continue
        context = run.repeated(plan.asking(model))
        new = await _answers(context, content, ground, number=number)
        terms = _terms(plan, splits, ground, model, content)
        missing = unanswered.refusal(plan.task, content, cases, new) or unanswered.objection(
            cases, old, new
        )
        comparison = not_judged(terms, missing) if missing else compared(plan.task, old, new, terms)
        await run.tell(ModelCompared(comparison=comparison))


async def _answers(
    run: RunContext,
    content: PromptContent,
    ground: _Ground,
    *,
    number: int = 0,
    sample: int = 0,
    or_fail: FirstAnswers | None = None,
) -> EvalResults:
    by = f" by model {number}" if number else ""
    return await evaluate(
        run,
        content,
        ground.cases,
        split=f"{ground.split}{by}",
        iteration=0,
        sample=sample,
        purpose="comparison",
        or_fail=or_fail,
    )


def _with_answers(old: EvalResults) -> tuple[Case, ...]:
    """The cases with the old model's answers for truths, as far as it gave any."""
    return tuple(
        replace(one.case, truth=one.prediction.output)
        for one in old.by_case.values()
        if one.prediction.fault is None
    )


def _terms(
    plan: Plan, splits: Splits, ground: _Ground, model: str, content: PromptContent
) -> Terms:
    return Terms(
        model=model,
        version_hash=content.version_hash,
        optimised=content.version_hash != plan.baseline.version_hash,
        tested_on=ground.split,
        measure=Measure.AGREEMENT if plan.agreement else Measure.F1,
        margin=plan.margin,
        models=max(1, len(plan.askable)),
        looks=plan.looks,
        groups=splits.groups,
        seed=plan.seed,
    )
