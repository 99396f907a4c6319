"""The end of a search: one look at the untouched cases, and the winner on all training cases."""

from collections.abc import Sequence
from functools import partial

from nlu_shared.schemas.events import CrossValidated, Split, VerdictReached
from nlu_shared.schemas.verdicts import Verdict

from induction.engine.data.folds import held_out_folds, is_cross_validated
from induction.engine.data.groups import groups_of
from induction.engine.evaluation import unanswered
from induction.engine.evaluation.evaluate import evaluate, evaluation_event
from induction.engine.evaluation.repeats import FIRST_CASES, Pair, Repeats, repeat
from induction.engine.evaluation.results import EvalResults
from induction.engine.leak_guard.screen import quoted_by
from induction.engine.proposal.error_patterns import patterns_event
from induction.engine.runtime import RunContext, Stopped
from induction.engine.search.optimiser import Optimiser
from induction.engine.search.state import Search
from induction.engine.verdict.cross_validation import CROSS_VALIDATION, cross_validate
from induction.engine.verdict.verdict import NO_TEST, VerdictBasis, unchanged, verdict
from induction.task_kinds.base import Case

NOT_AFFORDED = "The budget did not allow the final look at the test cases."
NO_TIME = "The limit of minutes did not allow the final look at the test cases."


def not_looked(run: RunContext) -> str:
    """Why the final look is missing."""
    return NO_TIME if run.is_out_of_time else NOT_AFFORDED


def final_calls(search: Search) -> int:
    """Calls of the final evaluation: both prompts on every untouched case, and on a few of them
    once more, where that leaves the search half of the calls there are."""
    cases, left = len(_untouched(search)), search.run.calls_left
    once, again = 2 * cases, 2 * min(cases, FIRST_CASES)
    return once if left is not None and once + again > left / 2 else once + again


async def final_evaluation(search: Search, optimise: Optimiser) -> None:
    """Winner against baseline on the test split, after `optimise` was cross-validated where that is
    due; it is the verdict where there is no test split. Where the winner is the baseline, or where
    the run was cancelled, the test split stays untouched. Where the provider left too much of it
    unanswered there is no verdict, and no look is counted."""
    run = search.run
    if run.cancelled:
        return
    if search.is_unchanged:
        has_test = bool(_untouched(search))
        kept = unchanged(run.plan.task, search.validation, has_test=has_test)
        await run.tell(VerdictReached(verdict=kept))
        return
    untouched = _untouched(search)
    judged = await _cross_validated(search, optimise)
    if judged is not None:
        if not untouched:
            await run.tell(VerdictReached(verdict=judged))
            return
        await run.tell(CrossValidated(verdict=judged))
    run.begin_final()
    pair = await _on_test(search, untouched) if untouched else None
    repeats = Repeats()
    if pair is not None:
        judge = partial(_verdict, search, pair, has_test=True)
        repeats = await repeat(run, (run.plan.baseline, search.best), pair, judge)
        again = [results for repeated in repeats.again for results in repeated]
        _require_answers(search, untouched, *pair, *again)
    if not run.cancelled and not run.no_verdict:
        await run.tell(
            VerdictReached(verdict=_verdict(search, pair, repeats, has_test=bool(untouched)))
        )


async def train_score(search: Search) -> None:
    """The winner on the training cases it has not answered yet, for its score on all of them, and
    what it gets wrong there; nothing where the calls do not pay for all. Raises Stopped."""
    run, iteration = search.run, search.progress.iterations
    cases = search.stale(search.splits.train)
    if not run.affords(len(cases)):
        return
    search.learn(await search.evaluate(search.best, cases, split=Split.TRAIN, iteration=iteration))
    await run.tell(
        evaluation_event(run.plan.task, search.best, search.train, Split.TRAIN, iteration)
    )
    if not search.is_unchanged:
        await run.tell(patterns_event(search.best, search.patterns(), iteration))


async def _cross_validated(search: Search, optimise: Optimiser) -> Verdict | None:
    """The verdict on the procedure; None where it is not due or was cut short."""
    if search.run.stop_reason or not is_cross_validated(search.run.plan, search.splits):
        return None
    try:
        before, after = await cross_validate(search, optimise)
    except Stopped:
        return None
    if unanswered.objection(search.splits.learning, before, after):
        return None
    plan = search.run.plan
    ground = VerdictBasis(
        split=CROSS_VALIDATION,
        groups=search.splits.groups,
        untouched=len(groups_of(_untouched(search))),
        folds=len(held_out_folds(plan, search.splits)),
    )
    return verdict(plan.task, before, after, ground, seed=plan.seed, focus=plan.focused)


async def _on_test(search: Search, untouched: tuple[Case, ...]) -> Pair | None:
    """Baseline and winner on the untouched cases; None where that was cut short, or too few were
    answered."""
    run, results = search.run, list[EvalResults]()
    for content, number in ((run.plan.baseline, 0), (search.best, search.progress.iterations)):
        try:
            result = await evaluate(run, content, untouched, split=Split.TEST, iteration=number)
        except Stopped:
            return None
        if result.by_case:
            await run.tell(evaluation_event(run.plan.task, content, result, Split.TEST, number))
        results.append(result)
        if not _require_answers(search, untouched, *results):
            return None
    return results[0], results[1]


def _require_answers(search: Search, cases: Sequence[Case], *evaluations: EvalResults) -> bool:
    """Whether enough of the cases were answered; if not, there will be no verdict."""
    missing = unanswered.objection(cases, *evaluations)
    if missing:
        search.run.give_no_verdict(missing)
    return missing is None


def _untouched(search: Search) -> tuple[Case, ...]:
    """The test cases without those the baseline quotes: its author knew them."""
    test = search.splits.test
    known = {case.id for case in quoted_by(search.run.plan.baseline, search.splits.train, test)}
    return tuple(case for case in test if case.id not in known)


def _verdict(search: Search, pair: Pair | None, repeats: Repeats, *, has_test: bool) -> Verdict:
    plan, splits = search.run.plan, search.splits
    if pair is not None:
        before, after = pair
        ground = VerdictBasis(
            split=Split.TEST,
            groups=splits.groups,
            looks=plan.looks,
            again=repeats.again,
            changed=repeats.changed,
            share=repeats.share,
        )
    else:
        before, after = search.baseline_validation, search.validation
        ground = VerdictBasis(
            split=Split.VALIDATION,
            groups=splits.groups,
            untouched=len(groups_of(_untouched(search))),
            untested=not_looked(search.run) if has_test else NO_TEST,
            set_aside=not splits.validation_is_train,
        )
    return verdict(plan.task, before, after, ground, seed=plan.seed, focus=plan.focused)
