"""What the baseline is asked before a search, and the search that starts there.

It answers all of validation, with which every prompt is compared. What it gets wrong on training
cases shows proposals where to aim, but mostly another prompt is the best by then (see `ladder`),
which is asked itself. So where calls are few it answers a draw of them.
"""

from collections.abc import Sequence

from nlu_shared.schemas.events import Split

from induction.engine.data.folds import folds_of
from induction.engine.data.room import Room
from induction.engine.data.splits import Splits
from induction.engine.evaluation import unanswered
from induction.engine.evaluation.evaluate import evaluate, evaluation_event
from induction.engine.evaluation.results import EvalResults
from induction.engine.evaluation.usable import FirstAnswers
from induction.engine.leak_guard.leaks import guarded
from induction.engine.proposal.error_patterns import patterns_event
from induction.engine.proposal.memory import Memory
from induction.engine.runtime import RunContext
from induction.engine.search.acceptance import rank
from induction.engine.search.choice import drawn
from induction.engine.search.measured import EvaluatedPrompt
from induction.engine.search.state import Search
from induction.engine.search.stopping import Progress
from induction.task_kinds.base import Case

SHARE = 0.15
"""Of the calls of a search, what the training cases take that its baseline answers."""


async def begin(run: RunContext, splits: Splits, *, in_full: bool = False) -> Search:
    """The baseline on train and validation, and the search that starts there. Raises Stopped.

    run: who answers, and who is told.
    splits: the cases.
    in_full: all training cases, also where calls are few.
    """
    plan = run.plan
    folds = folds_of(splits.train, seed=plan.seed)
    results: dict[Split, EvalResults] = {}
    train = splits.train if in_full else answered_first(run, splits)
    answered = FirstAnswers()
    for split, cases in ((Split.TRAIN, train), (Split.VALIDATION, splits.validation)):
        results[split] = await evaluate(
            run, plan.baseline, cases, split=split, iteration=0, folds=folds, or_fail=answered
        )
        if missing := unanswered.refusal(plan.task, plan.baseline, cases, results[split]):
            (run.fail if results[split].too_long else run.stop)(missing)
        # A score on a part of the training cases would stand beside those on all of them.
        if split is Split.VALIDATION or len(train) == len(splits.train):
            await run.tell(evaluation_event(plan.task, plan.baseline, results[split], split, 0))
    run.settle_token_scale()
    search = from_results(
        run, splits, train=results[Split.TRAIN], validation=results[Split.VALIDATION]
    )
    await run.tell(patterns_event(plan.baseline, search.patterns(), 0))
    return search


def answered_first(run: RunContext, splits: Splits) -> Sequence[Case]:
    """The training cases that a baseline answers: all, or those on which prompts are compared
    later, as many as the calls pay for."""
    train = splits.train
    if splits.validation_is_train:
        return train
    return drawn(train, answered_of(len(train), calls=run.calls_left), seed=run.plan.seed)


def answered_of(train: int, *, calls: int | None) -> int:
    """How many of so many training cases a baseline answers; all without a limit of calls."""
    return train if calls is None else min(train, max(1, int(SHARE * calls)))


def from_results(
    run: RunContext, splits: Splits, *, train: EvalResults, validation: EvalResults
) -> Search:
    """A search that starts from what is known of its plan's baseline.

    run: who answers, and who is told.
    splits: the cases.
    train: the baseline's results there.
    validation: the baseline's results there.
    """
    plan = run.plan
    known = guarded(plan.task, plan.baseline, splits.train, (*splits.validation, *splits.test))
    began = rank(plan, plan.baseline, validation=validation, train=train)
    return Search(
        run=run,
        splits=splits,
        guarded=known,
        memory=Memory.of(plan, known),
        best=plan.baseline,
        baseline_train=train,
        baseline_validation=validation,
        validation=validation,
        train=train,
        fresh=set(train.by_case),
        progress=Progress(best=began.aimed),
        folds=folds_of(splits.train, seed=plan.seed),
        untouched=frozenset(case.id for case in splits.test),
        seen={plan.baseline.version_hash},
        room=Room.of(plan, run.token_scale),
        measured={plan.baseline.version_hash: EvaluatedPrompt(plan.baseline, validation, train)},
    )
