"""The opening: many training cases shown at once, and what they go on to teach."""

import json
from collections import Counter
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from induction.engine.data.folds import FOLDS, folds_of, out_of_fold
from induction.engine.leak_guard.screen import EXAMPLE_TOKENS
from induction.engine.plan import Plan
from induction.engine.proposal.many_shot import opening
from induction.engine.runtime import Call, Event
from induction.task_kinds.base import Case, ModelAnswer, Outcome
from nlu_shared.schemas.events import (
    ChangeKept,
    ChangeRejected,
    PromptProposed,
    Split,
    Stage,
    VerdictReached,
)

from tests.induction.engine.runtimes import OfflineRuntime, WithProposer, events_of, toy_plan

TASK = toy_plan().task
SILENT = ModelAnswer(Outcome.REFUSED)


def opened(plan: Plan) -> Plan:
    return replace(plan, opening=True)


def of(plan: Plan, split: Split) -> list[Case]:
    return [case for case in plan.cases if plan.splits[case.id] is split]


async def test_a_search_begins_by_showing_every_training_case_it_may_quote() -> None:
    plan = opened(toy_plan())
    world = WithProposer(OfflineRuntime(), lambda _: SILENT)
    events = await events_of(plan, world)
    first = next(event for event in events if isinstance(event, PromptProposed))
    shown = {example.case_id for example in first.content.examples}
    assert shown == {case.id for case in of(plan, Split.TRAIN)}
    kept = next(event for event in events if isinstance(event, ChangeKept))
    assert kept.version_hash == first.version_hash
    assert kept.gain > 0


async def test_the_opening_shows_no_case_that_may_not_be_quoted() -> None:
    plan = opened(toy_plan(may_quote=False))
    world = WithProposer(OfflineRuntime(), lambda _: SILENT)
    assert not [e for e in await events_of(plan, world) if isinstance(e, PromptProposed)]


async def test_cases_that_also_choose_the_prompt_are_shown_at_once_too() -> None:
    plan = opened(toy_plan(per_label=3))
    assert set(plan.splits.values()) == {Split.TRAIN}
    world = WithProposer(OfflineRuntime(), lambda _: SILENT)
    events = await events_of(plan, world)
    first = next(event for event in events if isinstance(event, PromptProposed))
    assert len(first.content.examples) == len(plan.cases)


@pytest.mark.parametrize(
    "per_label", [3, 30], ids=["which choose it too", "of a split of their own"]
)
async def test_a_training_case_is_never_asked_with_its_own_example_in_the_prompt(
    per_label: int,
) -> None:
    plan, world = opened(toy_plan(per_label=per_label, labels=6)), OfflineRuntime()
    await events_of(plan, world)
    told = [one.request for one in world.sent if one.purpose == "task"]
    assert any(len(request.system) > 2 for request in told)
    for request in told:
        lines = "".join(request.system[1:-1]).splitlines()[1:]
        shown = {json.loads(line)["text"] for line in lines}
        assert json.loads(request.user)["text"] not in shown


async def test_the_search_leaves_the_calls_of_the_final_look() -> None:
    plan = replace(opened(toy_plan(labels=8)), calls=400)
    world = OfflineRuntime(budget=400)
    verdict = [e for e in await events_of(plan, world) if isinstance(e, VerdictReached)][-1].verdict
    assert verdict.tested_on == Split.TEST
    assert len(world.sent) <= 400


async def test_a_change_that_fixes_nothing_costs_the_gate_only_the_wrong_cases() -> None:
    change = {
        "strategy": "B",
        "rationale": "Says nothing.",
        "edits": [{"op": "append_to_block", "block": "rules", "text": "- Take care."}],
    }
    world = OfflineRuntime()
    plan = replace(toy_plan(), max_iterations=1)

    def proposer(_: Call) -> ModelAnswer:
        return ModelAnswer(Outcome.OK, json.dumps(change))

    sent_by: dict[type, int] = {}

    class Counting(WithProposer):
        async def tell(self, event: Event) -> None:
            if isinstance(event, ChangeRejected) and ChangeRejected not in sent_by:
                assert event.stage is Stage.GATE
            sent_by.setdefault(type(event), world.calls)

    await events_of(plan, Counting(world, proposer))
    assert 0 < sent_by[ChangeRejected] - sent_by[PromptProposed] <= 20


@given(st.integers(0, 2**31 - 1), st.integers(1, 60))
def test_the_opening_takes_from_every_label_in_turn(seed: int, most: int) -> None:
    plan = toy_plan(labels=4)
    drawn = opening(TASK, plan.baseline, of(plan, Split.TRAIN), seed=seed)
    assert drawn is not None
    change, _ = drawn
    truths = {case.id: case.truth for case in plan.cases}
    counts = Counter(truths[edit.case] for edit in change.edits[:most] if edit.case)
    assert len(counts) == min(4, most)
    assert max(counts.values()) - min(counts.values()) <= 1 + (most > 40)


def test_the_opening_keeps_within_the_room_for_examples() -> None:
    long = [
        Case(UUID(int=n), f"{n:04}" + "x" * 3_996, "a", f"{n}", may_quote=True)
        for n in range(1, 99)
    ]
    drawn = opening(TASK, TASK.baseline(), long, seed=0)
    assert drawn is not None
    change, content = drawn
    assert len(change.edits) == len(content.examples) == EXAMPLE_TOKENS * 4 // 4_001


def test_near_duplicates_share_a_fold_and_a_fold_is_left_out_whole() -> None:
    texts = [f"please move my meeting with number {n} to another day" for n in range(40)]
    cases = [
        Case(UUID(int=n), text, "a", f"{n // 2}", may_quote=True) for n, text in enumerate(texts, 1)
    ]
    folds = folds_of(cases, seed=0)
    by_group = {case.group: folds[case.id] for case in cases}
    assert all(folds[case.id] == by_group[case.group] for case in cases)
    prompt = TASK.baseline().model_copy(update={"examples": tuple(map(TASK.example, cases))})
    left = [out_of_fold(prompt, fold, folds).examples for fold in range(FOLDS)]
    assert sum(len(cases) - len(examples) for examples in left) == len(cases)
