"""What a whole run says about its misses: planted labels, a wavering model, no valid answers."""

import random
from dataclasses import replace
from uuid import UUID

import pytest
from induction.engine.data.splits import assign
from induction.engine.inbox import Inbox
from induction.engine.plan import Plan
from induction.engine.runtime import Call
from induction.task_kinds.base import ModelAnswer, Outcome
from nlu_shared.schemas.events import ErrorsAnalysed, Split
from nlu_shared.schemas.verdicts import Cause, ErrorAnalysis
from offline_model.settings import Fault, OfflineSettings

from tests.induction.engine.runtimes import OfflineRuntime, WithProposer, events_of, toy_plan


async def misses_of(plan: Plan, world: OfflineRuntime | WithProposer) -> ErrorAnalysis | None:
    misses = [
        e.error_analysis for e in await events_of(plan, world) if isinstance(e, ErrorsAnalysed)
    ]
    assert len(misses) <= 1
    return misses[0] if misses else None


def planted(seed: int) -> tuple[Plan, set[UUID]]:
    """One label in ten is another, drawn by the seed; the planted training cases."""
    plan, chance = toy_plan(seed=seed), random.Random(seed)
    names = sorted({str(case.truth) for case in plan.cases})
    wrong = {case.id for case in chance.sample(plan.cases, len(plan.cases) // 10)}
    cases = tuple(
        replace(case, truth=chance.choice([name for name in names if name != case.truth]))
        if case.id in wrong
        else case
        for case in plan.cases
    )
    splits = assign(cases, {case.id: str(case.truth) for case in cases}, {}, seed)
    train = {id for id in wrong if splits[id] is Split.TRAIN}
    return replace(plan, cases=cases, splits=splits), train


def few() -> Plan:
    return toy_plan(per_label=10)


def nothing_new(_: Call) -> ModelAnswer:
    return ModelAnswer(Outcome.OK, "no change")


@pytest.mark.law
@pytest.mark.long
async def test_planted_labels_are_named_and_with_them_what_was_meant() -> None:
    plan, wrong = planted(seed=3)
    meant = {case.id: str(case.truth) for case in toy_plan(seed=3).cases}
    misses = await misses_of(plan, OfflineRuntime())
    assert misses is not None
    doubted = {one.case_id: one.predicted for one in misses.labels}
    assert doubted
    assert doubted.keys() <= wrong
    assert all(meant[id] == label for id, label in doubted.items())
    assert all(one.agreeing >= 3 and one.repeats == 2 for one in misses.labels)


async def test_a_model_that_wavers_is_told_from_a_prompt_that_is_wrong() -> None:
    world = WithProposer(OfflineRuntime(settings=OfflineSettings(noise=0.9)), nothing_new)
    misses = await misses_of(few(), world)
    assert misses is not None
    assert misses.counts[Cause.NOISE] > misses.total / 2
    assert misses.summary.startswith("This is not a prompt problem: ")


async def test_answers_that_are_none_are_the_schemas_and_say_why() -> None:
    broken = OfflineSettings(faults={Fault.BROKEN_JSON: 2})
    misses = await misses_of(few(), WithProposer(OfflineRuntime(settings=broken), nothing_new))
    assert misses is not None
    none = misses.counts[Cause.SCHEMA]
    assert none > 0
    assert f"{none} without a valid answer ({none} cut)" in misses.summary


async def test_misses_are_looked_into_only_as_far_as_the_calls_go() -> None:
    world = OfflineRuntime(settings=OfflineSettings(noise=0.9))
    plan = replace(few(), calls=110)
    misses = await misses_of(plan, WithProposer(world, nothing_new))
    assert misses is not None
    assert misses.unexamined > 0
    assert sum(misses.counts.values()) + misses.unexamined == misses.total
    assert len(world.sent) <= 110


async def test_nearly_all_misses_are_examined_for_about_a_call_each() -> None:
    """Five calls a miss would reach but a few of them."""
    world = OfflineRuntime()
    plan = replace(few(), calls=150)
    misses = await misses_of(plan, WithProposer(world, nothing_new))
    assert misses is not None
    assert misses.total > 10
    assert misses.unexamined == 0


async def test_a_search_the_operator_cut_short_counts_its_misses_as_not_looked_into() -> None:
    world = OfflineRuntime(inboxes={6: Inbox(stop="minutes")})
    misses = await misses_of(few(), WithProposer(world, nothing_new))
    assert misses is not None
    assert misses.unexamined == misses.total > 0
    assert misses.summary == f"{misses.total} misses could not be looked into."
