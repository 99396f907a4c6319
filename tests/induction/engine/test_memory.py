"""What failed in an earlier run is told to the proposer, and not tried again on the same prompt."""

import json
from dataclasses import replace
from uuid import UUID

import pytest
from induction.engine.forecast import forecast
from induction.engine.plan import Plan, Remembered
from induction.engine.proposal import memory
from induction.engine.runtime import Call
from nlu_shared.schemas.events import (
    ChangeRejected,
    EvaluationProgress,
    PromptProposed,
    Split,
    Stage,
    StoredEvent,
)
from nlu_shared.schemas.prompts import Aim, Change, Edit, Op, Strategy

from tests.induction.engine.runtimes import OfflineRuntime, events_of, toy_plan, with_iterations

RUN = UUID(int=7)


async def milestones(plan: Plan, world: OfflineRuntime) -> list[StoredEvent]:
    return [e for e in await events_of(plan, world) if not isinstance(e, EvaluationProgress)]


def proposals(calls: list[Call]) -> list[dict[str, list[dict[str, object]]]]:
    return [json.loads(one.request.user) for one in calls if one.purpose == "proposer"]


def rule(text: str, *, block: str = "labels") -> Change:
    edit = Edit(op=Op.APPEND_TO_BLOCK, block=block, text=text)
    return Change(strategy=Strategy.INSTRUCTIONS, rationale="", edits=(edit,))


def quote(case: UUID) -> Change:
    edit = Edit(op=Op.ADD_EXAMPLE, case=case)
    return Change(strategy=Strategy.EXAMPLES, rationale="", edits=(edit,))


def failed(change: Change, *, parent: str = "elsewhere", aims: tuple[Aim, ...] = ()) -> Remembered:
    return Remembered(
        run_id=RUN,
        change=change,
        parent_hash=parent,
        aims=aims,
        outcome="rejected at the gate",
        reason="fixes 0 and breaks 2",
    )


@pytest.fixture(scope="module")
def plan() -> Plan:
    return with_iterations(toy_plan(per_label=12, labels=4), 2)


@pytest.fixture(scope="module")
async def first(plan: Plan) -> PromptProposed:
    """The first change that is tried on the baseline."""
    return next(
        one for one in await milestones(plan, OfflineRuntime()) if isinstance(one, PromptProposed)
    )


async def test_the_very_same_change_is_refused_unseen_and_the_run_is_named(
    plan: Plan, first: PromptProposed
) -> None:
    # Aimed elsewhere and old: the proposer is not told of it, and proposes it again.
    others = tuple(
        failed(rule(f"Word {n}."), aims=tuple(first.aims)) for n in range(memory.MOST_SHOWN)
    )
    known = failed(first.change, parent=first.parent_hash)
    events = await milestones(replace(plan, remembered=(*others, known)), OfflineRuntime())
    opening = next(e for e in events if isinstance(e, PromptProposed | ChangeRejected))
    assert isinstance(opening, ChangeRejected)
    assert (opening.stage, opening.version_hash) == (Stage.SCREEN, None)
    assert opening.reason == (
        f"this very change failed in run {RUN}: rejected at the gate: fixes 0 and breaks 2"
    )
    tried = {e.version_hash for e in events if isinstance(e, PromptProposed)}
    assert first.version_hash not in tried


async def test_a_change_that_failed_on_another_prompt_is_told_and_may_be_tried(
    plan: Plan, first: PromptProposed
) -> None:
    world = OfflineRuntime()
    search = milestones(replace(plan, remembered=(failed(first.change),)), world)
    assert not [e for e in await search if isinstance(e, ChangeRejected) and "very" in e.reason]
    (one,) = [
        one
        for one in proposals(world.sent)[0]["tried"]
        if one["outcome"] == "rejected at the gate in an earlier run"
    ]
    assert one["edits"] == [
        e.model_dump(mode="json", exclude_none=True) for e in first.change.edits
    ]


async def test_what_aimed_at_the_same_patterns_is_told_first_and_never_too_much(
    plan: Plan, first: PromptProposed
) -> None:
    far = tuple(failed(rule(f"Word {n}.")) for n in range(memory.MOST_SHOWN))
    near = failed(rule("Mind the colour."), aims=tuple(first.aims))
    world = OfflineRuntime()
    await milestones(replace(plan, remembered=(*far, near)), world)
    shown = proposals(world.sent)[0]["tried"]
    assert len(shown) == memory.MOST_SHOWN
    assert "Mind the colour." in json.dumps(shown[0])
    assert "Word 0." in json.dumps(shown[1])


async def test_what_may_not_be_said_today_is_not_told(plan: Plan) -> None:
    short = next(c for c in plan.cases if plan.splits[c.id] is Split.VALIDATION)
    held_out = replace(short, text=f"{short.text} and on and on it goes")
    plan = replace(plan, cases=tuple(held_out if c is short else c for c in plan.cases))
    train = next(c for c in plan.cases if plan.splits[c.id] is Split.TRAIN)
    gone = UUID(int=10**9)
    ideas = (
        failed(rule(f"Mind: {held_out.text}")),
        failed(rule(f"Mind: {train.text}")),
        failed(quote(held_out.id)),
        failed(quote(gone)),
    )
    world = OfflineRuntime()
    await milestones(replace(plan, remembered=ideas), world)
    assert not proposals(world.sent)[0]["tried"]
    quoting = replace(plan, remembered=(failed(quote(train.id)),))
    world = OfflineRuntime()
    await milestones(quoting, world)
    assert proposals(world.sent)[0]["tried"]
    unwilling = tuple(replace(case, may_quote=case.id != train.id) for case in plan.cases)
    world = OfflineRuntime()
    await milestones(replace(quoting, cases=unwilling), world)
    assert not proposals(world.sent)[0]["tried"]


def test_a_memory_is_counted_in_the_forecast(plan: Plan) -> None:
    remembering = replace(plan, remembered=(failed(rule("Mind the colour.")),))
    before, after = forecast(plan), forecast(remembering)
    assert after.proposer_tokens_in > before.proposer_tokens_in
    assert after.calls == before.calls


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (rule("- refund: money, back"), rule("-  Refund: money back."), True),
        (rule("- refund: money"), rule("- refund: coins"), False),
        (rule("- refund: money"), rule("- refund: money", block="rules"), False),
        (rule("!"), rule("?"), False),
        (quote(UUID(int=1)), quote(UUID(int=2)), False),
    ],
)
def test_changes_are_the_same_that_say_the_same(one: Change, other: Change, *, same: bool) -> None:
    assert (memory.signature(one, "p") == memory.signature(other, "p")) is same
    assert memory.signature(one, "p") != memory.signature(one, "q")


def test_the_order_of_edits_makes_no_other_change() -> None:
    one, other = rule("One.").edits[0], quote(UUID(int=1)).edits[0]
    both = Change(strategy=Strategy.BOTH, rationale="a", edits=(one, other))
    turned = both.model_copy(update={"edits": (other, one), "rationale": "b"})
    assert memory.signature(both, "p") == memory.signature(turned, "p")
