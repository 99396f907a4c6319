"""No prompt is longer than a run allows, or than the window of its model leaves."""

import json
from dataclasses import replace
from uuid import UUID

import pytest
from induction.engine.data.room import Room
from induction.engine.leak_guard.screen import EXAMPLE_TOKENS
from induction.engine.proposal.rungs import rungs
from induction.task_kinds.base import Case, ModelAnswer, Outcome
from nlu_shared.rendering import example_tokens, prompt_tokens, request_tokens
from nlu_shared.schemas.events import ChangeRejected, FrontMeasured, PromptProposed, Stage

from tests.induction.engine.habits import Habit, by_number, of_kind, opened, shown_in
from tests.induction.engine.runtimes import OfflineRuntime, WithProposer, events_of, toy_plan

TASK = toy_plan().task


@pytest.mark.parametrize("scale", [1.0, 2.0])
async def test_no_prompt_is_longer_than_there_is_room_for(scale: float) -> None:
    plan = replace(opened(toy_plan()), max_prompt_tokens=900)
    world = Habit(plan, by_number({0: 0.3, 4: 0.6, 60: 0.8}), scale=scale)
    events = await events_of(plan, world)
    proposed = of_kind(events, PromptProposed)
    assert proposed
    for one in proposed:
        assert scale * prompt_tokens(one.content, plan.task.answers) <= 900
    (front,) = of_kind(events, FrontMeasured)
    assert all(point.tokens <= 900 for point in front.points)


async def test_the_window_of_the_model_bounds_what_is_asked_of_it() -> None:
    plan = opened(toy_plan())
    window = 1_200 + plan.task.answers.max_tokens
    plan = replace(plan, context_window=window)
    world = Habit(plan, by_number({0: 0.3, 4: 0.6, 60: 0.8}))
    await events_of(plan, world)
    requests = [one.request for one in world.sent if one.purpose == "task"]
    assert max(len(shown_in(one)) for one in requests) > 5
    assert max(map(request_tokens, requests)) + plan.task.answers.max_tokens <= window


async def test_a_proposal_that_is_too_long_is_refused_unseen_and_says_why() -> None:
    change = {
        "strategy": "B",
        "rationale": "Says much.",
        "edits": [{"op": "append_to_block", "block": "rules", "text": "- Take care. " * 200}],
    }
    plan = replace(toy_plan(), max_iterations=1, max_prompt_tokens=600)
    answer = ModelAnswer(Outcome.OK, json.dumps(change))
    events = await events_of(plan, WithProposer(OfflineRuntime(), lambda _: answer))
    reasons = [one.reason for one in of_kind(events, ChangeRejected) if one.stage is Stage.SCREEN]
    assert "and there is room for 600" in reasons[0]


@pytest.mark.law
def test_a_rung_keeps_within_the_room_for_examples() -> None:
    long = [
        Case(UUID(int=n), f"{n:04}" + " word" * 1_000, "a", f"{n}", may_quote=True)
        for n in range(1, 99)
    ]
    every, *_ = rungs(TASK, TASK.baseline(), long, seed=0)
    size = example_tokens(every.content.examples, TASK.answers)
    assert EXAMPLE_TOKENS - 1_100 < size <= EXAMPLE_TOKENS
    for words in range(30, 42):  # Wherever the heading takes the last line's place.
        some = [
            Case(UUID(int=n), f"{n:04}" + " word" * words, "a", f"{n}", may_quote=True)
            for n in range(1, 400)
        ]
        every, *_ = rungs(TASK, TASK.baseline(), some, seed=0)
        assert example_tokens(every.content.examples, TASK.answers) <= EXAMPLE_TOKENS
    bounded, *_ = rungs(TASK, TASK.baseline(), long, seed=0, room=Room(most=4_000, scale=1.5))
    assert 2_000 < 1.5 * prompt_tokens(bounded.content, TASK.answers) <= 4_000
