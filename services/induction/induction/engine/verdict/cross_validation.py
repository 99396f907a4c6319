"""The way of making the prompt, judged instead of the prompt: cross-validation of the search.

The groups that are not set aside to test are dealt into folds. The search is repeated once for each
fold without it, and the prompt it makes answers the fold it never saw (M. Stone, JRSS B 36 (1974)
111-147). Where there are too few groups to set any aside, each is a fold of its own; otherwise it
is done on request. A repeated search tries fewer changes than the one it stands for, so its gain
is a cautious estimate of the procedure's.
"""

from contextlib import suppress
from dataclasses import replace
from functools import partial

from nlu_shared.schemas.events import FoldScored

from induction.engine.data.folds import (
    HeldOut,
    held_out_folds,
    without_cases,
)
from induction.engine.data.splits import splits_of
from induction.engine.evaluation.evaluate import evaluate
from induction.engine.evaluation.repeats import Pair
from induction.engine.evaluation.results import EvalResults
from induction.engine.runtime import Stopped
from induction.engine.search.baseline import from_results
from induction.engine.search.optimiser import Optimiser
from induction.engine.search.state import Search

CROSS_VALIDATION = "cross-validation"
FOLD_CHANGES = 3
"""Changes a fold tries, kept or not; its ladder, of two rungs, counts as one. So it takes about
4 N² calls where each of N cases is a fold."""


async def cross_validate(search: Search, optimise: Optimiser) -> Pair:
    """What the baseline and the prompts of the folds answer to all cases left out.

    One `FoldScored` per fold; of the searches inside, only progress and hints are told. Raises
    Stopped.
    """
    task, before, after = search.run.plan.task, EvalResults({}), EvalResults({})
    folds = held_out_folds(search.run.plan, search.splits)
    await _complete(search)
    for number, fold in enumerate(folds, start=1):
        fold_before, fold_after = await _repeated(search, optimise, fold, number)
        await search.run.tell(
            FoldScored(
                number=number,
                of=len(folds),
                cases=len(fold),
                before=fold_before.scored(task).objective,
                after=fold_after.scored(task).objective,
            )
        )
        before, after = before | fold_before, after | fold_after
    return before, after


async def _complete(search: Search) -> None:
    """Asks the baseline the training cases that it was not asked, once for all folds. Raises
    Stopped."""
    known = search.baseline_train.by_case
    new = [case for case in search.splits.train if case.id not in known]
    answered = await evaluate(
        search.run,
        search.run.plan.baseline,
        new,
        split=CROSS_VALIDATION,
        iteration=0,
        folds=search.folds,
    )
    search.baseline_train |= answered


async def _repeated(search: Search, optimise: Optimiser, fold: HeldOut, number: int) -> Pair:
    """The same search as it began, without a fold, and without what other runs learnt: what its
    baseline and its own prompt answer to that fold. Raises Stopped."""
    left_out = {case.id for case in fold}
    cases = search.splits.learning
    plan = replace(
        search.run.plan,
        cases=tuple(case for case in cases if case.id not in left_out),
        baseline=without_cases(search.run.plan.baseline, left_out.__contains__),
        max_iterations=min(FOLD_CHANGES, search.run.plan.max_iterations),
        remembered=(),
        approval=None,
        proposals=1,
    )
    run = search.run.repeated(plan)
    ask = partial(evaluate, run, split=CROSS_VALIDATION, iteration=number)
    known = search.baseline_train | search.baseline_validation
    if plan.baseline.version_hash != search.run.plan.baseline.version_hash:
        # What the baseline answered was answered with examples of the fold in it.
        known = await ask(plan.baseline, cases, folds=search.folds)
    splits = splits_of(plan.cases, plan.splits)
    repeated = from_results(
        run, splits, train=known.of(splits.train), validation=known.of(splits.validation)
    )
    repeated.most_attempts = FOLD_CHANGES
    with suppress(Stopped):
        await optimise(repeated)
    return known.of(fold), await ask(repeated.best, fold)
