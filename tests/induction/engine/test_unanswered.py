"""What the provider let no model answer scores for nobody, and too much of it decides nothing."""

import json
from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace
from uuid import UUID

import pytest
from induction.engine.evaluation import unanswered
from induction.engine.evaluation.results import EvalResults, judge
from induction.engine.headroom.measure import measure
from induction.engine.migration.migrate import migrate
from induction.engine.plan import Plan
from induction.engine.run import evaluate_only, improve
from induction.engine.runtime import Call, Runtime
from induction.task_kinds.base import Case, ModelPrediction, Outcome
from induction.task_kinds.intent import IntentTask
from nlu_shared.rendering import prompt_tokens
from nlu_shared.rendering.prompt import EXAMPLES_HEADING
from nlu_shared.schemas.events import (
    ChangeKept,
    ChangeRejected,
    EvaluationProgress,
    ModelCompared,
    PromptEvaluated,
    RunFinished,
    Split,
    Stage,
    StoredEvent,
    VerdictReached,
)
from nlu_shared.schemas.labels import LabelSpec
from nlu_shared.schemas.migration import ComparisonKind

from tests.induction.engine.runtimes import (
    Losing,
    OfflineRuntime,
    Recording,
    events_of,
    toy_plan,
    with_iterations,
)

TASK = IntentTask([LabelSpec(name="yes"), LabelSpec(name="no")])


def book(*ids: int) -> EvalResults:
    cases = [Case(UUID(int=id), f"text {id}", "yes", f"{id}", True) for id in ids]
    return EvalResults({case.id: judge(TASK, case, ModelPrediction("yes")) for case in cases})


def test_books_are_compared_on_the_cases_they_share() -> None:
    one, other, third = unanswered.shared(book(1, 2, 3, 4), book(2, 3, 4), book(1, 2, 4))
    assert [id.int for id in one.by_case] == [2, 4]
    assert list(one.by_case) == list(other.by_case) == list(third.by_case)


@pytest.mark.parametrize(
    ("cases", "answered", "objects"),
    [
        (0, 0, False),
        (1, 1, False),
        (1, 0, True),
        (2, 1, False),
        (20, 19, False),
        (20, 18, True),
        (40, 38, False),
        (40, 37, True),
    ],
)
def test_one_in_twenty_may_be_missing_and_one_always(
    cases: int, answered: int, objects: bool
) -> None:
    reason = unanswered.objection(range(cases), book(*range(answered)))
    assert (reason is not None) == objects
    assert reason is None or reason == (
        f"the provider left {cases - answered} of {cases} cases unanswered"
    )


async def milestones(plan: Plan, world: Recording) -> list[StoredEvent]:
    return [e for e in await events_of(plan, world) if not isinstance(e, EvaluationProgress)]


def of(plan: Plan, split: Split) -> list[str]:
    return [case.text for case in plan.cases if plan.splits[case.id] == split]


def about(call: Call, texts: Collection[str]) -> bool:
    return call.purpose == "task" and json.loads(call.request.user)["text"] in texts


def shows_examples(call: Call) -> bool:
    return any(part.startswith(EXAMPLES_HEADING) for part in call.request.system)


def verdicts(events: list[StoredEvent]) -> list[VerdictReached]:
    return [event for event in events if isinstance(event, VerdictReached)]


@pytest.mark.parametrize("winner", [False, True])
async def test_a_test_case_lost_by_one_prompt_counts_for_neither(winner: bool) -> None:
    """So an answer that only the other prompt could give neither proves nor spoils anything."""
    plan = with_iterations(toy_plan(), 3)
    lost = of(plan, Split.TEST)[:1]
    world = Losing(OfflineRuntime(), lambda one: about(one, lost) and shows_examples(one) == winner)
    undisturbed, (judged_on,) = (
        verdicts(await milestones(plan, OfflineRuntime())),
        verdicts(await milestones(plan, world)),
    )
    assert judged_on.verdict.cases == undisturbed[0].verdict.cases - 1
    assert judged_on.verdict.tested_on == "test"


async def test_too_many_lost_test_cases_leave_no_verdict() -> None:
    plan = with_iterations(toy_plan(), 3)
    test = of(plan, Split.TEST)
    world = Losing(OfflineRuntime(), lambda one: about(one, test[:4]) and shows_examples(one))
    events = await milestones(plan, world)
    assert not verdicts(events)
    finished = events[-1]
    assert isinstance(finished, RunFinished)
    assert finished.status == "completed"
    assert f"no verdict: the provider left 4 of {len(test)} cases unanswered" in finished.reason


async def test_a_lost_training_case_is_no_mistake_to_learn_from() -> None:
    plan = with_iterations(toy_plan(), 1)
    lost = of(plan, Split.TRAIN)[:2]
    events = await milestones(plan, Losing(OfflineRuntime(), lambda one: about(one, lost)))
    scored = [event for event in events if isinstance(event, PromptEvaluated)]
    train = len(of(plan, Split.TRAIN))
    assert (scored[0].cases, scored[0].lost, scored[0].unanswered) == (train - 2, 2, 0)
    ids = {str(case.id) for case in plan.cases if case.text in lost}
    assert not any(id in event.model_dump_json() for event in events for id in ids)


async def test_a_change_that_the_provider_does_not_take_is_refused_whole() -> None:
    plan = with_iterations(toy_plan(), 3)
    validation = of(plan, Split.VALIDATION)
    world = Losing(OfflineRuntime(), lambda one: about(one, validation) and shows_examples(one))
    events = await milestones(plan, world)
    assert not [event for event in events if isinstance(event, ChangeKept)]
    refused = [event for event in events if isinstance(event, ChangeRejected)]
    size = len(validation)
    why = f"the provider left {size} of {size} cases unanswered"
    assert any(event.reason == why for event in refused)


async def test_a_baseline_that_cannot_be_heard_ends_the_run_with_a_reason() -> None:
    plan = toy_plan()
    lost = of(plan, Split.TRAIN)[:20]
    world = Losing(OfflineRuntime(), lambda one: about(one, lost))
    for end in (
        (await milestones(plan, world))[-1],
        (await events_of(plan, world, evaluate_only))[-1],
    ):
        assert isinstance(end, RunFinished)
        assert "the provider left 20 of" in end.reason


class Narrow(Losing):
    """A runtime whose model has a window that some requests do not fit into."""

    outcome = Outcome.TOO_LONG


async def test_a_baseline_that_is_too_long_fails_the_run_with_its_size() -> None:
    plan = toy_plan(per_label=60)
    world = Narrow(OfflineRuntime(), lambda one: one.purpose == "task")
    for end in (
        (await milestones(plan, world))[-1],
        (await events_of(plan, world, evaluate_only))[-1],
    ):
        assert isinstance(end, RunFinished)
        assert end.status == "failed"
        assert end.reason == (
            "the prompt is too long for the model's window, with 64 cases tried: it has about"
            f" {prompt_tokens(plan.baseline, plan.task.answers)} tokens"
        )


@pytest.mark.parametrize("engine", [improve, evaluate_only, measure, migrate])
async def test_a_prompt_longer_than_a_known_window_ends_a_run_before_anything_is_asked(
    engine: Callable[[Plan, Runtime], Awaitable[None]],
) -> None:
    plan = replace(toy_plan(per_label=60), context_window=20, to_models={"new": None})
    world = OfflineRuntime()
    end = (await events_of(plan, world, engine))[-1]
    assert isinstance(end, RunFinished)
    size = prompt_tokens(plan.baseline, plan.task.answers)
    reason = f"the prompt is too long for the model's window of 20 tokens: it has about {size}"
    assert (end.status, end.reason) == ("failed", f"{reason} tokens")
    assert world.sent == []


async def test_a_new_model_without_room_for_the_prompt_is_not_judged_and_not_asked() -> None:
    plan = replace(toy_plan(per_label=30), to_models={"narrow": 20, "wide": None})
    world = OfflineRuntime()
    events = await events_of(plan, world, migrate)
    narrow, wide = [one.comparison for one in events if isinstance(one, ModelCompared)]
    assert (narrow.kind, wide.kind) == (ComparisonKind.NOT_JUDGED, ComparisonKind.NEEDS_LABELS)
    assert "window of 20 tokens" in narrow.summary
    assert "narrow" not in {call.request.model for call in world.sent}


@pytest.mark.parametrize("tries_ladder", [False, True])
async def test_a_change_that_is_too_long_is_refused_and_no_more(tries_ladder: bool) -> None:
    plan = replace(with_iterations(toy_plan(), 3), tries_ladder=tries_ladder)
    events = await milestones(plan, Narrow(OfflineRuntime(), shows_examples))
    assert not [event for event in events if isinstance(event, ChangeKept)]
    refused = [event for event in events if isinstance(event, ChangeRejected)]
    assert refused[0].stage is Stage.GATE
    assert refused[0].reason.startswith("the prompt is too long for the model's window")
    end = events[-1]
    assert isinstance(end, RunFinished)
    assert (end.status, end.best_hash) == ("completed", plan.baseline.version_hash)


async def test_a_case_too_long_for_the_window_is_lost_like_any_other() -> None:
    plan = toy_plan()
    lost = of(plan, Split.TRAIN)[:1]
    events = await events_of(
        plan, Narrow(OfflineRuntime(), lambda one: about(one, lost)), evaluate_only
    )
    scored = [event for event in events if isinstance(event, PromptEvaluated)]
    assert [event.lost for event in scored] == [1, 0]
