"""Several changes in one step: how many, aimed at what, judged how."""

import json
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest
from induction.engine.forecast import forecast
from induction.engine.inbox import Inbox
from induction.engine.plan import Plan
from induction.engine.search import parallel
from nlu_shared.schemas.evaluated import ErrorPattern
from nlu_shared.schemas.events import (
    ChangeKept,
    ChangeRejected,
    EvaluationProgress,
    HintTaken,
    PromptEvaluated,
    PromptProposed,
    Stage,
    StoredEvent,
)

from tests.induction.engine.runtimes import OfflineRuntime, events_of, toy_plan

Recorded = tuple[list[StoredEvent], OfflineRuntime]


@pytest.fixture(scope="module")
def plan() -> Plan:
    made = toy_plan(per_label=18, labels=6)
    return replace(made, proposals=4, max_iterations=4, tries_ladder=False, hints=("be brief",))


@pytest.fixture(scope="module")
async def recorded(plan: Plan) -> Recorded:
    world = OfflineRuntime(inboxes={2: Inbox(hints=("mind class_b",))})
    return await stored(plan, world), world


async def stored(plan: Plan, world: OfflineRuntime) -> list[StoredEvent]:
    return [e for e in await events_of(plan, world) if not isinstance(e, EvaluationProgress)]


@pytest.mark.parametrize(
    ("most", "left", "validation", "width"),
    [
        (4, None, 40, 4),
        (1, 100_000, 40, 1),
        (4, 0, 40, 1),
        (4, 500, 40, 1),
        (4, 700, 40, 2),
        (4, 1_000, 40, 3),
        (4, 2_000, 40, 4),
        (4, 1_000, 400, 1),
    ],
)
def test_as_many_changes_as_leave_calls_for_three_steps_like_this_one(
    most: int, left: int | None, validation: int, width: int
) -> None:
    assert parallel.width(most, left, validation=validation) == width


def pattern(name: str, count: int) -> ErrorPattern:
    return ErrorPattern(
        kind="confused_labels", summary="", truth=name, predicted=None, count=count, case_ids=[]
    )


def test_changes_of_one_step_are_aimed_at_different_patterns_while_there_are_some() -> None:
    ordered = [pattern(name, 5) for name in "abcde"]
    hands = parallel.dealt(ordered, 3)
    assert [[one.truth for one in hand] for hand in hands] == [["a", "b"], ["c", "d"], ["e"]]
    again = parallel.dealt(ordered[:2], 3)
    assert [[one.truth for one in hand] for hand in again] == [["a", "b"]] * 3


def test_one_of_a_step_goes_to_validation_and_each_is_told_with_its_end(recorded: Recorded) -> None:
    events, _ = recorded
    steps = Counter(one.iteration for one in events if isinstance(one, PromptProposed))
    assert max(steps.values()) > 1
    assert any(isinstance(one, ChangeKept) for one in events)
    for before, after in pairwise(events):
        if isinstance(before, PromptProposed):
            at_gate = isinstance(after, ChangeRejected) and after.stage is Stage.GATE
            assert at_gate or isinstance(after, PromptEvaluated)
    validated = [
        one.iteration
        for one in events
        if isinstance(one, PromptEvaluated) and one.split == "validation"
    ]
    assert validated == list(range(len(validated)))


def test_a_change_that_passed_and_was_outdone_has_not_failed(recorded: Recorded) -> None:
    """Memory of failed ideas goes by the hash of what was rejected."""
    rejected = [one for one in recorded[0] if isinstance(one, ChangeRejected)]
    outdone = [one for one in rejected if "gains more" in one.reason]
    assert outdone
    assert all(one.version_hash is None for one in outdone)


async def test_a_replay_says_the_same_in_whatever_order_the_answers_came(
    plan: Plan, recorded: Recorded
) -> None:
    inboxes = {2: Inbox(hints=("mind class_b",))}
    backwards = OfflineRuntime(inboxes=inboxes, arrival=lambda order: order[::-1])
    assert await stored(plan, backwards) == recorded[0]


def test_all_proposals_of_a_step_are_asked_at_once_and_hear_the_same_hints(
    recorded: Recorded,
) -> None:
    events, world = recorded
    hints = [one.hint for one in events if isinstance(one, HintTaken)]
    assert hints == ["be brief", "mind class_b"]
    proposals = [one for one in world.sent if one.purpose == "proposer"]
    assert [one.sample for one in proposals[:4]] == [0, 4, 8, 12]
    heard = [json.loads(one.request.user)["hints"] for one in proposals[:4]]
    assert heard == [heard[0]] * 4


def test_several_changes_stay_within_the_forecast(plan: Plan, recorded: Recorded) -> None:
    assert len(recorded[1].sent) <= forecast(plan).calls


async def test_several_changes_stay_within_the_calls_promised(plan: Plan) -> None:
    poor = OfflineRuntime(budget=400)
    events = await stored(replace(plan, calls=400), poor)
    assert poor.calls <= 400
    assert events[-1].status == "completed"  # type: ignore[union-attr]
