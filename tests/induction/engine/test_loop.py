"""A run end to end in memory: the loop against the offline model, through the real SDK."""

import json
import random
from dataclasses import replace
from typing import TypeVar

import pytest
from induction.engine.forecast import forecast
from induction.engine.inbox import Inbox
from induction.engine.plan import Plan
from induction.engine.run import evaluate_only
from induction.engine.runtime import Call
from induction.task_kinds.base import ModelAnswer, Outcome
from nlu_shared.schemas.events import (
    ChangeKept,
    ChangeRejected,
    EvaluationProgress,
    HintTaken,
    PromptEvaluated,
    PromptProposed,
    RunFinished,
    RunStarted,
    SearchStopped,
    Split,
    Stage,
    StoredEvent,
    VerdictReached,
)
from nlu_shared.schemas.verdicts import VerdictKind
from offline_model.settings import OfflineSettings

from tests.induction.engine.runtimes import (
    OfflineRuntime,
    Recording,
    WithProposer,
    events_of,
    toy_plan,
    with_iterations,
)

Kind = TypeVar("Kind")


async def stored(plan: Plan, world: Recording) -> list[StoredEvent]:
    return [e for e in await events_of(plan, world) if not isinstance(e, EvaluationProgress)]


def only(events: list[StoredEvent], kind: type[Kind]) -> list[Kind]:
    return [event for event in events if isinstance(event, kind)]


async def test_a_run_finds_a_better_prompt_and_proves_it_on_untouched_cases() -> None:
    plan, world = toy_plan(), OfflineRuntime()
    events = await stored(plan, world)
    assert isinstance(events[0], RunStarted)
    finished = events[-1]
    assert isinstance(finished, RunFinished)
    assert finished.status == "completed"
    assert finished.baseline_f1 is not None
    assert finished.final_f1 is not None
    assert finished.final_f1 > finished.baseline_f1 + 0.2
    (reached,) = only(events, VerdictReached)
    assert reached.verdict.kind is VerdictKind.PROVEN
    assert reached.verdict.tested_on == "test"
    assert reached.verdict.interval[0] > 0


async def test_test_cases_are_asked_only_after_the_search_has_stopped() -> None:
    plan, world = toy_plan(), OfflineRuntime()
    secret = {case.text for case in plan.cases if plan.splits[case.id] is Split.TEST}
    await events_of(plan, world)
    searching = world.sent_before(lambda event: isinstance(event, SearchStopped))
    texts = {json.loads(call.request.user).get("text") for call in searching}
    assert texts
    assert not texts & secret


async def test_proposers_see_no_case_but_those_of_the_training_part() -> None:
    plan, world = toy_plan(), OfflineRuntime()
    await stored(plan, world)
    kept_from = [case.text for case in plan.cases if plan.splits[case.id] is not Split.TRAIN]
    proposals = [one.request.user for one in world.sent if one.purpose == "proposer"]
    assert proposals
    assert not [text for text in kept_from if any(text in proposal for proposal in proposals)]


async def test_the_same_plan_and_answers_say_the_same_whatever_order_they_came_in() -> None:
    plan = toy_plan()
    shuffle = random.Random(5)
    straight = await stored(plan, OfflineRuntime())
    backwards = await stored(plan, OfflineRuntime(arrival=lambda order: order[::-1]))
    mixed = await stored(
        plan, OfflineRuntime(arrival=lambda order: shuffle.sample(order, len(order)))
    )
    assert straight == backwards == mixed


@pytest.mark.law
async def test_the_best_prompt_never_falls_on_validation() -> None:
    events = await stored(toy_plan(seed=3), OfflineRuntime())
    assert all(kept.gain >= 0 for kept in only(events, ChangeKept))
    best = {kept.version_hash for kept in only(events, ChangeKept)}
    proposed = {one.version_hash for one in only(events, PromptProposed)}
    assert best <= proposed


async def test_the_winner_ends_with_its_score_on_all_training_cases() -> None:
    plan = toy_plan()
    events = await stored(plan, OfflineRuntime())
    last = [e for e in only(events, PromptEvaluated) if e.split is Split.TRAIN][-1]
    assert last.version_hash == events[-1].best_hash  # type: ignore[union-attr]
    assert last.cases == sum(split is Split.TRAIN for split in plan.splits.values())


async def test_a_run_never_costs_more_than_its_forecast() -> None:
    plan, world = with_iterations(toy_plan(), 3), OfflineRuntime()
    await stored(plan, world)
    assert len(world.sent) <= forecast(plan).calls


async def test_a_proposer_whose_changes_do_nothing_proves_nothing() -> None:
    """Even where the model wavers, so that scores move by themselves."""
    count = 0

    def nothing_new(call: Call) -> ModelAnswer:
        nonlocal count
        count += 1
        edit = {"op": "add_block", "block": f"note_{count}", "text": f"Note {count}."}
        change = {"strategy": "B", "rationale": "It cannot hurt.", "edits": [edit]}
        return ModelAnswer(Outcome.OK, json.dumps(change))

    noisy = OfflineRuntime(settings=OfflineSettings(noise=0.1))
    events = await stored(toy_plan(), WithProposer(noisy, nothing_new))
    (reached,) = only(events, VerdictReached)
    assert reached.verdict.kind is not VerdictKind.PROVEN


async def test_a_proposer_that_never_answers_right_ends_the_search() -> None:
    world = WithProposer(OfflineRuntime(), lambda _: ModelAnswer(Outcome.OK, "no JSON"))
    events = await stored(toy_plan(), world)
    rejected = only(events, ChangeRejected)
    assert {one.stage for one in rejected} == {Stage.PROPOSE}
    assert len(rejected) == 8
    assert len(world.proposals) == 8 * 4
    whys = [
        json.loads(one.request.user)["previous_answer_was_invalid"] for one in world.proposals[:4]
    ]
    assert whys[0] is None
    assert all(whys[1:])
    (reached,) = only(events, VerdictReached)
    assert reached.verdict.kind is VerdictKind.NO_CHANGE
    (over,) = only(events, RunFinished)
    assert over.reason.endswith("; no usable change was proposed, in 8 attempts")


@pytest.mark.parametrize(
    ("becomes", "words"),
    [
        (Split.TEST, "The test cases were not looked at."),
        (Split.TRAIN, "There are no untouched test cases."),
    ],
)
async def test_a_run_that_changed_nothing_tells_whether_there_were_test_cases(
    becomes: Split, words: str
) -> None:
    plan = toy_plan(per_label=6, labels=2)
    assert Split.TEST not in plan.splits.values()
    splits = {**plan.splits, plan.cases[0].id: becomes}
    world = WithProposer(OfflineRuntime(), lambda _: ModelAnswer(Outcome.OK, "no JSON"))
    (reached,) = only(await stored(replace(plan, splits=splits), world), VerdictReached)
    assert reached.verdict.summary == f"No better prompt was found. {words}"


async def test_a_change_that_quotes_a_held_out_case_is_screened_before_a_call_is_spent() -> None:
    plan = toy_plan()
    secret = next(case for case in plan.cases if plan.splits[case.id] is Split.VALIDATION)

    def leak(call: Call) -> ModelAnswer:
        edit = {"op": "add_example", "text": secret.text, "output": secret.truth}
        change = {"strategy": "A", "rationale": "A telling case.", "edits": [edit]}
        return ModelAnswer(Outcome.OK, json.dumps(change))

    events = await stored(plan, WithProposer(OfflineRuntime(), leak))
    assert {one.stage for one in only(events, ChangeRejected)} == {Stage.SCREEN}


async def test_a_cancelled_run_stops_asking_and_never_looks_at_the_test_part() -> None:
    plan = toy_plan()
    world = OfflineRuntime(inboxes={8: Inbox(cancel=True)})
    events = await stored(plan, world)
    assert events[-1].status == "cancelled"  # type: ignore[union-attr]
    assert not only(events, VerdictReached)
    assert world.steps == list(range(9))


async def test_minutes_used_up_end_the_search_but_not_the_final_look() -> None:
    world = OfflineRuntime(inboxes={12: Inbox(stop="minutes used up")})
    events = await stored(toy_plan(), world)
    (stopped,) = only(events, SearchStopped)
    assert stopped.reason == "minutes used up"
    (reached,) = only(events, VerdictReached)
    assert reached.verdict.tested_on == "test"


async def test_a_run_out_of_budget_keeps_its_best_and_says_it_could_not_test() -> None:
    poor = OfflineRuntime(budget=300)
    events = await stored(toy_plan(), poor)
    assert only(events, SearchStopped)[0].reason == "budget"
    assert poor.calls == 300
    (reached,) = only(events, VerdictReached)
    assert reached.verdict.kind is not VerdictKind.PROVEN
    assert reached.verdict.tested_on == "validation"
    assert only(events, ChangeKept)
    assert "budget" in reached.verdict.summary


async def test_a_budget_too_small_for_the_baseline_ends_without_a_score() -> None:
    events = await stored(toy_plan(), OfflineRuntime(budget=10))
    finished = events[-1]
    assert isinstance(finished, RunFinished)
    assert (finished.status, finished.reason) == ("completed", "budget")
    assert finished.baseline_f1 is None
    assert finished.best_hash == toy_plan().baseline.version_hash


async def test_a_hint_enters_the_next_proposal_and_those_after_it() -> None:
    plan = replace(toy_plan(), hints=("be brief",))
    world = OfflineRuntime(inboxes={1: Inbox(hints=("mind class_b",))})
    events = await stored(plan, world)
    assert [taken.hint for taken in only(events, HintTaken)] == ["be brief", "mind class_b"]
    hints_sent = [
        json.loads(a.request.user)["hints"] for a in world.sent if a.purpose == "proposer"
    ]
    assert all(hints == ["be brief", "mind class_b"] for hints in hints_sent)


@pytest.mark.law
async def test_a_handful_of_cases_never_proves_anything_and_says_so() -> None:
    plan = toy_plan(per_label=3, labels=5)
    events = await stored(plan, OfflineRuntime())
    assert any("nothing can be proven" in line for line in events[0].notes)  # type: ignore[union-attr]
    (reached,) = only(events, VerdictReached)
    assert reached.verdict.kind is not VerdictKind.PROVEN


async def test_text_that_may_not_be_quoted_never_enters_a_prompt() -> None:
    plan = toy_plan(may_quote=False)
    events = await stored(plan, OfflineRuntime())
    texts = {case.text for case in plan.cases}
    for proposed in only(events, PromptProposed):
        assert not texts & {example.text for example in proposed.content.examples}


async def test_an_evaluation_scores_train_and_validation_and_leaves_the_test_alone() -> None:
    plan, world = toy_plan(), OfflineRuntime()
    events = await events_of(plan, world, evaluate_only)
    splits = [event.split for event in events if isinstance(event, PromptEvaluated)]
    assert splits == [Split.TRAIN, Split.VALIDATION]
    assert world.calls == sum(split is not Split.TEST for split in plan.splits.values())
    finished = events[-1]
    assert isinstance(finished, RunFinished)
    assert finished.reason == "evaluated"


async def test_a_block_pinned_on_the_way_is_protected_from_the_next_proposal_on() -> None:
    plan = toy_plan()
    block = plan.baseline.instructions[0].name
    world = OfflineRuntime(inboxes={11: Inbox(pins=(block,))})
    events = await stored(plan, world)
    proposals = [json.loads(one.request.user) for one in world.sent if one.purpose == "proposer"]
    protected = [
        one["protected"]
        for prompt in proposals
        for one in prompt["prompt"]["instructions"]
        if one["name"] == block
    ]
    assert (protected[0], protected[-1]) == (False, True)
    assert sorted(protected) == protected
    again = OfflineRuntime(inboxes={11: Inbox(pins=(block,))})
    assert await stored(plan, again) == events
