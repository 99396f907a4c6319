"""The procedure is judged on cases it did not see: by group where there are too few to set any
aside, by folds where a run asks for it."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from induction.engine.data.folds import held_out_folds
from induction.engine.data.groups import groups_of
from induction.engine.data.splits import splits_of
from induction.engine.forecast import forecast
from induction.engine.inbox import Inbox
from induction.engine.plan import Plan
from induction.task_kinds.base import Case
from nlu_shared.schemas.events import (
    CrossValidated,
    EvaluationProgress,
    FoldScored,
    RunStarted,
    Split,
    StoredEvent,
    VerdictReached,
)
from nlu_shared.schemas.verdicts import VerdictKind

from tests.induction.engine.runtimes import OfflineRuntime, events_of, toy_plan

GROUPS = 6


@pytest.fixture(scope="module")
def plan() -> Plan:
    """40 cases of six conversations: too few of them to set one aside."""
    from_many = toy_plan(per_label=8, labels=5)
    cases = tuple(
        replace(case, group=f"talk {number % GROUPS}")
        for number, case in enumerate(from_many.cases)
    )
    splits = {case.id: from_many.splits[case.id].TRAIN for case in cases}
    return replace(from_many, cases=cases, splits=splits)


@pytest.fixture(scope="module")
async def recorded(plan: Plan) -> tuple[list[StoredEvent], OfflineRuntime]:
    world = OfflineRuntime()
    return await stored(plan, world), world


async def stored(plan: Plan, world: OfflineRuntime) -> list[StoredEvent]:
    return [e for e in await events_of(plan, world) if not isinstance(e, EvaluationProgress)]


Recorded = tuple[list[StoredEvent], OfflineRuntime]


def test_every_group_is_left_out_once_and_the_verdict_is_at_best_promising(
    plan: Plan, recorded: Recorded
) -> None:
    folds = [event for event in recorded[0] if isinstance(event, FoldScored)]
    groups = groups_of(plan.cases)
    assert [(fold.number, fold.of) for fold in folds] == [
        (number, len(groups)) for number in range(1, len(groups) + 1)
    ]
    assert [fold.cases for fold in folds] == [len(group) for group in groups]
    (reached,) = [event for event in recorded[0] if isinstance(event, VerdictReached)]
    assert reached.verdict.tested_on == "cross-validation"
    assert reached.verdict.cases == len(plan.cases)
    assert reached.verdict.kind is not VerdictKind.PROVEN
    assert f"repeated {len(groups)} times" in reached.verdict.summary


def quoting(plan: Plan) -> Plan:
    """The same with a baseline that already quotes a case of each group, as an old winner may."""
    quoted = {"examples": tuple(map(plan.task.example, plan.cases[:GROUPS]))}
    return replace(plan, baseline=plan.baseline.model_copy(update=quoted), tries_ladder=True)


@pytest.mark.law
@pytest.mark.parametrize("given_to", [lambda plan: plan, quoting], ids=["plain", "quoting"])
async def test_no_prompt_of_a_fold_holds_a_text_of_the_group_it_answers(
    plan: Plan, given_to: Callable[[Plan], Plan]
) -> None:
    """A group's answers are the last calls before its fold is scored."""
    plan, world = given_to(plan), OfflineRuntime()
    groups = iter(held_out_folds(plan, splits_of(plan.cases, plan.splits)))
    for event in await events_of(plan, world):
        if isinstance(event, FoldScored):
            texts = {case.text for case in next(groups)}
            sent = world.sent_before(lambda one, scored=event: one is scored)  # type: ignore[misc]
            for one in sent[-len(texts) :]:
                assert any(text in one.request.user for text in texts)
                assert not any(text in split for text in texts for split in one.request.system)
    assert next(groups, None) is None


def test_the_procedure_stays_within_the_forecast(plan: Plan, recorded: Recorded) -> None:
    assert recorded[1].calls <= forecast(plan).calls


async def test_a_replay_of_the_procedure_says_the_same(plan: Plan, recorded: Recorded) -> None:
    assert await stored(plan, recorded[1]) == recorded[0]


async def test_a_run_cancelled_within_the_procedure_claims_nothing(
    plan: Plan, recorded: Recorded
) -> None:
    last = recorded[1].steps[-1]
    world = OfflineRuntime(inboxes={last // 2 + last // 4: Inbox(cancel=True)})
    events = await stored(plan, world)
    assert not any(isinstance(event, VerdictReached) for event in events)


def in_folds(plan: Plan, number: int) -> list[tuple[Case, ...]]:
    folded = replace(plan, folds=number)
    return held_out_folds(folded, splits_of(folded.cases, folded.splits))


@given(st.integers(2, 20), st.integers(0, 2**31 - 1), st.integers(1, 60))
def test_folds_part_all_but_the_test_cases_keep_groups_whole_and_are_even(
    number: int, seed: int, groups: int
) -> None:
    plan = toy_plan()
    cases = tuple(replace(c, group=f"talk {n % groups}") for n, c in enumerate(plan.cases))
    parted = {c.id: Split.TEST if n % groups == 7 else Split.TRAIN for n, c in enumerate(cases)}
    dealt = in_folds(replace(plan, cases=cases, splits=parted, seed=seed), number)
    if groups <= 2:
        assert len(dealt) == (groups if groups == 2 else 0)
        return
    judging = sorted(case.id for case in cases if parted[case.id] is not Split.TEST)
    assert sorted(case.id for fold in dealt for case in fold) == judging
    owners = {case.group: place for place, fold in enumerate(dealt) for case in fold}
    assert all(owners[c.group] == place for place, fold in enumerate(dealt) for c in fold)
    assert len(dealt) == min(number, len(owners))
    largest = max(len(group) for group in groups_of(cases))
    assert max(map(len, dealt)) - min(map(len, dealt)) <= largest


@pytest.mark.law
async def test_on_request_a_run_with_a_test_part_judges_its_procedure_beside_the_verdict() -> None:
    plan = replace(toy_plan(per_label=20), folds=3, max_iterations=3)
    world = OfflineRuntime()
    events = await stored(plan, world)
    (started,) = [event for event in events if isinstance(event, RunStarted)]
    assert "the search is repeated 3 times to judge it" in started.notes
    (judged,) = [event for event in events if isinstance(event, CrossValidated)]
    (reached,) = [event for event in events if isinstance(event, VerdictReached)]
    outside = [case for case in plan.cases if plan.splits[case.id] is not Split.TEST]
    assert (judged.verdict.tested_on, judged.verdict.cases) == ("cross-validation", len(outside))
    assert judged.verdict.kind is not VerdictKind.PROVEN
    assert "repeated 3 times" in judged.verdict.summary
    assert reached.verdict.tested_on == Split.TEST
    assert [e.cases for e in events if isinstance(e, FoldScored)] == list(
        map(len, in_folds(plan, 3))
    )
    assert world.calls <= forecast(plan).calls


@pytest.mark.law
async def test_on_request_a_run_without_a_test_part_is_judged_by_its_folds() -> None:
    plan = replace(toy_plan(per_label=10), folds=4, max_iterations=3)
    assert Split.TEST not in plan.splits.values()
    events = await stored(plan, OfflineRuntime())
    (reached,) = [event for event in events if isinstance(event, VerdictReached)]
    assert (reached.verdict.tested_on, reached.verdict.cases) == (
        "cross-validation",
        len(plan.cases),
    )
    assert not any(isinstance(event, CrossValidated) for event in events)


@pytest.mark.law
async def test_folds_that_the_calls_do_not_pay_for_leave_the_verdict_on_untouched_cases() -> None:
    plan = replace(toy_plan(per_label=20), folds=10, max_iterations=3, calls=500)
    events = await stored(plan, OfflineRuntime(budget=500))
    assert not any(isinstance(event, CrossValidated) for event in events)
    (reached,) = [event for event in events if isinstance(event, VerdictReached)]
    assert reached.verdict.tested_on == Split.TEST


def test_a_fold_that_takes_all_of_validation_is_forecast_with_the_training_cases_choosing() -> None:
    """One conversation is all of validation: without it the search chooses by what teaches."""
    plan = toy_plan(per_label=10, labels=4)
    ids = sorted(case.id for case in plan.cases)
    talk = set(ids[:5])
    cases = tuple(replace(c, group="talk" if c.id in talk else str(c.id)) for c in plan.cases)
    splits = {id: Split.VALIDATION if id in talk else Split.TRAIN for id in ids}
    plan = replace(plan, cases=cases, splits=splits)
    apart = replace(plan, cases=tuple(replace(c, group=str(c.id)) for c in plan.cases))
    more = forecast(replace(plan, folds=2)).calls - forecast(replace(apart, folds=2)).calls
    assert [sum(c.id in talk for c in fold) for fold in in_folds(plan, 2)] in ([5, 0], [0, 5])
    assert all(any(c.id in talk for c in fold) for fold in in_folds(apart, 2))
    assert more == 3 * (len(ids) - 5 - 5)
