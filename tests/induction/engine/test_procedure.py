"""With too few groups to set any aside, the procedure is judged on groups it did not see."""

from dataclasses import replace

import pytest
from induction.engine.forecast import forecast
from induction.engine.groups import groups_of
from induction.engine.loop import improve
from induction.engine.plan import Plan
from induction.engine.world import Inbox
from nlu_shared.schemas.events import EvaluationProgress, FoldScored, StoredEvent, VerdictReached
from nlu_shared.schemas.runs import VerdictKind

from tests.induction.engine.worlds import OfflineWorld, toy_plan

GROUPS = 6


@pytest.fixture(scope="module")
def plan() -> Plan:
    """40 cases of six conversations: too few of them to set one aside."""
    from_many = toy_plan(per_label=8, labels=5)
    cases = tuple(
        replace(case, group=f"talk {number % GROUPS}")
        for number, case in enumerate(from_many.cases)
    )
    parts = {case.id: from_many.parts[case.id].TRAIN for case in cases}
    return replace(from_many, cases=cases, parts=parts)


@pytest.fixture(scope="module")
async def told(plan: Plan) -> tuple[list[StoredEvent], OfflineWorld]:
    world = OfflineWorld()
    return await stored(plan, world), world


async def stored(plan: Plan, world: OfflineWorld) -> list[StoredEvent]:
    return [e async for e in improve(plan, world) if not isinstance(e, EvaluationProgress)]


Told = tuple[list[StoredEvent], OfflineWorld]


def test_every_group_is_left_out_once_and_the_verdict_is_at_best_promising(
    plan: Plan, told: Told
) -> None:
    folds = [event for event in told[0] if isinstance(event, FoldScored)]
    groups = groups_of(plan.cases)
    assert [(fold.number, fold.of) for fold in folds] == [
        (number, len(groups)) for number in range(1, len(groups) + 1)
    ]
    assert [fold.cases for fold in folds] == [len(group) for group in groups]
    (reached,) = [event for event in told[0] if isinstance(event, VerdictReached)]
    assert reached.verdict.tested_on == "left out"
    assert reached.verdict.cases == len(plan.cases)
    assert reached.verdict.kind is not VerdictKind.PROVEN
    assert "without each" in reached.verdict.says


async def test_no_prompt_of_a_fold_holds_a_text_of_the_group_it_answers(plan: Plan) -> None:
    """A group's answers are the last calls before its fold is scored."""
    world, groups = OfflineWorld(), iter(groups_of(plan.cases))
    async for event in improve(plan, world):
        if isinstance(event, FoldScored):
            texts = {case.text for case in next(groups)}
            for one in world.asked[-len(texts) :]:
                assert any(text in one.request.user for text in texts)
                assert not any(text in part for text in texts for part in one.request.system)
    assert next(groups, None) is None


def test_the_procedure_stays_within_the_forecast(plan: Plan, told: Told) -> None:
    assert told[1].calls <= forecast(plan).calls


async def test_a_replay_of_the_procedure_says_the_same(plan: Plan, told: Told) -> None:
    assert await stored(plan, told[1]) == told[0]


async def test_a_run_cancelled_within_the_procedure_claims_nothing(plan: Plan, told: Told) -> None:
    last = told[1].steps[-1]
    world = OfflineWorld(inboxes={last // 2 + last // 4: Inbox(cancel=True)})
    events = await stored(plan, world)
    assert not any(isinstance(event, VerdictReached) for event in events)
