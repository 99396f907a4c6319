"""What a search does with few calls: it chooses first, and asks the baseline less."""

from dataclasses import replace

import pytest
from induction.engine.run import evaluate_only
from induction.engine.search.baseline import SHARE
from nlu_shared.schemas.events import (
    CrossValidated,
    FoldScored,
    FrontMeasured,
    PromptEvaluated,
    PromptProposed,
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
    plan = replace(opened(toy_plan()), calls=calls)
    events = await events_of(plan, Habit(plan, HABIT))
    first, *_ = of_kind(events, PromptEvaluated)
    expected = train_size() if calls is None else min(train_size(), int(SHARE * calls))
    assert (first.split, first.iteration, first.cases) == (Split.TRAIN, 0, expected)


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
