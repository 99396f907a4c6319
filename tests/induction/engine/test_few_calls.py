"""What a search does with few calls: it chooses first, and asks the baseline less."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from induction.engine.proposal.rungs import BANK, SMALLER_BANK, rungs
from induction.engine.run import evaluate_only
from induction.engine.runtime import Call
from induction.engine.search.baseline import SHARE
from induction.engine.search.entering import in_order
from induction.task_kinds.base import ModelAnswer, Outcome
from nlu_shared.schemas.events import (
    CrossValidated,
    ErrorsAnalysed,
    EvaluationProgress,
    FoldScored,
    FrontMeasured,
    PromptEvaluated,
    PromptProposed,
    RunFinished,
    Split,
    VerdictReached,
)

from tests.induction.engine.habits import Habit, by_number, of_kind, opened
from tests.induction.engine.runtimes import OfflineRuntime, events_of, toy_plan

HABIT = by_number({0: 0.4, 4: 0.8, 12: 0.5})


def train_size() -> int:
    plan = toy_plan()
    return sum(split is Split.TRAIN for split in plan.splits.values())


@pytest.mark.parametrize("calls", [None, 1_000, 200, 100])
async def test_a_baseline_answers_as_many_training_cases_as_a_share_of_the_calls_pays_for(
    calls: int | None,
) -> None:
    """And a score on a part is told to nobody: it would stand beside those on all."""
    plan = replace(opened(toy_plan()), calls=calls)
    events = await events_of(plan, Habit(plan, HABIT))
    expected = train_size() if calls is None else min(train_size(), int(SHARE * calls))
    first, *_ = of_kind(events, EvaluationProgress)
    assert (first.split, first.iteration, first.total) == (Split.TRAIN, 0, expected)
    scored = [one.cases for one in of_kind(events, PromptEvaluated) if one.split is Split.TRAIN]
    assert all(cases == train_size() for cases in scored)
    assert bool(scored) is (expected == train_size())


@pytest.mark.parametrize("calls", [60, 130])
async def test_answers_that_cannot_be_used_end_a_run_of_few_calls_too(calls: int) -> None:
    plan = replace(opened(toy_plan()), calls=calls)

    class Prose(Habit):
        async def ask(self, calls: Sequence[Call], ahead: Sequence[Call] = ()) -> list[ModelAnswer]:
            self.sent += calls
            return [ModelAnswer(Outcome.OK, "I would rather talk.") for _ in calls]

    world = Prose(plan, HABIT)
    events = await events_of(plan, world)
    finished = events[-1]
    assert isinstance(finished, RunFinished)
    assert finished.status == "failed"
    assert "nearly no answer of the model is usable" in finished.reason
    assert len(world.sent) <= int(SHARE * calls) + 30


@pytest.mark.parametrize("seed", range(4))
async def test_a_baseline_without_a_mistake_on_a_few_cases_is_still_compared(seed: int) -> None:
    plan = replace(opened(toy_plan(seed=seed)), calls=200, max_iterations=2)
    events = await events_of(plan, Habit(plan, by_number({0: 0.9, 4: 1.0})))
    assert of_kind(events, PromptProposed)
    analysed = of_kind(events, ErrorsAnalysed)
    asked_in_part = not any(
        one.split is Split.TRAIN and one.cases == train_size()
        for one in of_kind(events, PromptEvaluated)
    )
    for one in analysed:
        assert one.error_analysis.summary != "No training case is missed." or not asked_in_part


async def test_with_a_test_part_few_calls_still_try_some_examples() -> None:
    """The final look keeps no more than half of them back, unless both prompts take that once."""
    for per_label, calls in ((20, 100), (30, 200), (60, 400)):
        plan = replace(opened(toy_plan(per_label=per_label)), calls=calls, max_iterations=1)
        events = await events_of(plan, Habit(plan, HABIT))
        shown = {len(one.content.examples) for one in of_kind(events, PromptProposed)}
        assert 5 in shown
        (reached,) = of_kind(events, VerdictReached)
        assert reached.verdict.tested_on == Split.TEST


async def test_calls_kept_for_a_look_that_is_not_taken_tell_what_is_missed() -> None:
    plan = replace(toy_plan(), calls=200, max_iterations=1)
    events = await events_of(plan, Habit(plan, by_number({0: 0.6})))
    (analysed,) = of_kind(events, ErrorsAnalysed)
    assert analysed.error_analysis.unexamined == 0


async def test_a_run_that_only_evaluates_asks_all_training_cases_however_few_its_calls() -> None:
    plan = replace(toy_plan(), calls=200)
    events = await events_of(plan, Habit(plan, HABIT), evaluate_only)
    first, *_ = of_kind(events, PromptEvaluated)
    assert (first.split, first.cases) == (Split.TRAIN, train_size())


async def test_a_winner_answers_training_cases_its_baseline_was_not_asked() -> None:
    plan = replace(opened(toy_plan()), calls=500, max_iterations=1)
    events = await events_of(plan, Habit(plan, HABIT))
    (front,) = of_kind(events, FrontMeasured)
    assert front.chosen_hash != plan.baseline.version_hash
    *_, last = of_kind(events, PromptEvaluated)
    assert (last.split, last.cases) == (Split.TRAIN, train_size())
    assert last.version_hash == front.chosen_hash


async def test_no_calls_go_to_a_training_score_that_they_do_not_pay_for() -> None:
    plan = replace(opened(toy_plan()), calls=180)
    world = OfflineRuntime(budget=180)
    events = await events_of(plan, world)
    assert of_kind(events, VerdictReached)
    assert len(world.sent) <= 180


async def test_a_cross_validated_search_asks_its_baseline_what_is_lacking() -> None:
    """Of the whole baseline, so that every fold has a score before."""
    plan = replace(opened(toy_plan(per_label=12)), calls=1_200, folds=3, max_iterations=1)
    few = replace(plan, calls=300)
    events = await events_of(few, Habit(few, HABIT))
    assert not of_kind(events, CrossValidated)
    events = await events_of(plan, Habit(plan, HABIT))
    folds = of_kind(events, FoldScored)
    learning = sum(split is not Split.TEST for split in plan.splits.values())
    assert sum(one.cases for one in folds) == learning
    assert all(0.1 < one.before < one.after for one in folds)


async def test_few_calls_still_find_the_number_of_examples_that_a_model_likes() -> None:
    plan = replace(opened(toy_plan(per_label=13)), calls=150, max_iterations=1)
    events = await events_of(plan, Habit(plan, HABIT))
    proposed = of_kind(events, PromptProposed)
    assert len({len(one.content.examples) for one in proposed}) >= 3
    assert len(proposed) > 4


@pytest.mark.parametrize(
    ("kinds", "order"),
    [
        # Each kind has its later draws after the first of others, the best kind most.
        (["1 of each", "3 of each"], [("1", 2), ("3", 2), ("1", 3), ("3", 3), ("1", 4), ("1", 5)]),
        (["3 of each", "1 of each"], [("3", 2), ("1", 2), ("3", 3), ("1", 3), ("1", 4), ("1", 5)]),
        # A bank before the fewest examples points to larger ones, after them to smaller ones.
        ([BANK, "1 of each"], [(BANK, 2), ("1", 2), (BANK, 3), ("1", 3), ("1", 4), ("1", 5)]),
        (
            ["1 of each", BANK],
            [("1", 2), (SMALLER_BANK, 2), ("1", 3), (SMALLER_BANK, 3), ("1", 4), ("1", 5)],
        ),
        ([BANK], [(BANK, 2), (BANK, 3)]),
        ([], []),
    ],
)
def test_other_draws_come_by_the_places_of_their_kinds(
    kinds: list[str], order: list[tuple[str, int]]
) -> None:
    plan = toy_plan()
    train = [case for case in plan.cases if plan.splits[case.id] is Split.TRAIN]
    made = rungs(plan.task, plan.baseline, train, seed=1, retrieval=True)
    further = in_order([one for one in made if one.draw > 1], tuple(kinds))
    assert [(one.kind.removesuffix(" of each"), one.draw) for one in further] == order
