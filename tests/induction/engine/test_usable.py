"""A model that does not answer as it is asked to ends the run early, and what it wrote says why."""

import json
from collections.abc import Callable, Sequence
from itertools import pairwise

import pytest
from induction.engine.evaluation.usable import QUOTED, Unusable, objection
from induction.engine.inbox import Inbox
from induction.engine.run import evaluate_only, improve
from induction.engine.runtime import Call
from induction.task_kinds.base import ModelAnswer, Outcome
from nlu_shared.schemas.events import EvaluationProgress, RunFinished

from tests.induction.engine.runtimes import OfflineRuntime, Recording, events_of, toy_plan

CHAT = "Sure, happy to help with that!"


def unusable(count: int, text: str = CHAT, case: str = "where is my parcel") -> list[Unusable]:
    return [Unusable("no_object", text, case)] * count


@pytest.mark.parametrize(
    ("count", "answers", "ends"),
    [
        (0, 0, False),
        (19, 19, False),
        (20, 20, True),
        (18, 20, True),
        (17, 20, False),
        (58, 64, True),
        (57, 64, False),
    ],
)
def test_nine_of_ten_of_at_least_twenty_end_a_run(count: int, answers: int, ends: bool) -> None:
    assert (objection(unusable(count), answers=answers) is not None) is ends


@pytest.mark.parametrize(
    ("text", "case", "quoted"),
    [
        (CHAT, "where is my parcel", CHAT),
        ('It is "pay"\nor\x07 so', "hello", "It is 'pay' or so"),
        ("word " * 100, "hello", ("word " * 100)[: QUOTED - 1].rstrip() + "…"),
        ("", "hello", None),
        ("You ask where is it.", "where is my parcel", None),
        ("WHERE IS it", "where is my parcel", None),
        ("Dear mrs miller", "this is Miller again", None),
        ("The code 4711 is", "my code: 4711!", None),
        ("Well, hello there", "hello", None),
    ],
)
def test_an_answer_is_quoted_bounded_and_never_with_words_of_its_case(
    text: str, case: str, quoted: str | None
) -> None:
    reason = objection(unusable(20, text, case), answers=20)
    assert reason is not None
    marked = "" if quoted is None else f'; the model wrote, for one: "{quoted}"'
    assert reason == (
        "nearly no answer of the model is usable: 20 of 20 are not (20 without a JSON object)"
        + marked
    )


def test_the_first_answer_that_repeats_nothing_is_quoted() -> None:
    some = [*unusable(10, "where is my parcel"), *unusable(10), *unusable(10, "Another.")]
    assert CHAT in str(objection(some, answers=30))


class Chatting(Recording):
    """A runtime whose model answers some calls in prose."""

    def __init__(self, chats: Callable[[Call], bool]) -> None:
        super().__init__()
        self._runtime, self._chats = OfflineRuntime(), chats
        self.calls = 0

    async def ask(self, calls: Sequence[Call], ahead: Sequence[Call] = ()) -> list[ModelAnswer]:
        self.calls += len(calls)
        answers = await self._runtime.ask(calls)
        return [
            ModelAnswer(Outcome.MALFORMED, CHAT) if self._chats(call) else answer
            for call, answer in zip(calls, answers, strict=True)
        ]

    async def inbox(self, step: int, needs: int = 0) -> Inbox:
        return await self._runtime.inbox(step, needs)


@pytest.mark.parametrize("engine", [improve, evaluate_only])
async def test_a_model_that_chats_fails_the_run_after_its_first_block(engine: object) -> None:
    runtime = Chatting(lambda call: call.purpose == "task")
    events = await events_of(toy_plan(), runtime, engine)
    end = events[-1]
    assert isinstance(end, RunFinished)
    assert end.status == "failed"
    assert end.reason == (
        "nearly no answer of the model is usable: 64 of 64 are not (64 without a JSON object);"
        f' the model wrote, for one: "{CHAT}"'
    )
    assert runtime.calls == 64
    again = Chatting(lambda call: call.purpose == "task")
    assert await events_of(toy_plan(), again, engine) == events


async def test_a_change_that_makes_a_model_chat_is_refused_and_ends_nothing() -> None:
    plan = toy_plan()
    runtime = Chatting(lambda call: call.purpose == "task" and len(call.request.system) > 2)
    end = (await events_of(plan, runtime))[-1]
    assert isinstance(end, RunFinished)
    assert (end.status, end.best_hash) == ("completed", plan.baseline.version_hash)


async def test_evaluations_are_told_with_the_causes_of_unusable_answers() -> None:
    plan = toy_plan()
    few = {case.text for case in plan.cases[:9]}
    runtime = Chatting(
        lambda call: call.purpose == "task" and json.loads(call.request.user)["text"] in few
    )
    events = await events_of(plan, runtime, evaluate_only)
    scored = [event for event in events if event.type == "prompt_evaluated"]
    assert sum(event.faults.get("no_object", 0) for event in scored) > 0
    for event in scored:
        assert event.unanswered == sum(event.faults.values())


@pytest.mark.law
async def test_cases_are_asked_fold_by_fold_and_told_in_case_order() -> None:
    """So that each prompt, which is another one for each fold, stays in the provider's cache."""
    plan = toy_plan(per_label=40)
    runtime = OfflineRuntime()
    await events_of(plan, runtime)
    calls = [call for call in runtime.sent if call.purpose == "task"]
    with_examples = [call.request.system for call in calls if len(call.request.system) > 2]
    changes = sum(one != other for one, other in pairwise(with_examples))
    assert with_examples
    assert changes < len(with_examples) / 4


async def test_progress_begins_at_none_and_ends_with_all() -> None:
    events = await events_of(toy_plan(), OfflineRuntime(), evaluate_only)
    progress = [event for event in events if isinstance(event, EvaluationProgress)]
    for split in {event.split for event in progress}:
        done = [event.done for event in progress if event.split == split]
        assert done[0] == 0
        assert done == sorted(done)
        assert done[-1] == next(event.total for event in progress if event.split == split)
