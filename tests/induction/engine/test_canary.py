"""What a canary says of a model that changed, of one that wavers, and of labels that changed."""

import json
import random
import re
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import pytest
from induction.engine.canary import MOST_CASES, ask_again, bound, drawn
from induction.engine.data.splits import splits_of
from induction.engine.plan import Plan
from induction.engine.runtime import Call
from induction.task_kinds.base import ModelAnswer, Outcome
from induction.watching.search import SearchView
from nlu_shared.schemas.canary import Canary, CanaryAnswer
from nlu_shared.schemas.events import CanaryMeasured, RunFinished, RunStarted, Split
from nlu_shared.schemas.prompts import Example

from tests.induction.engine.foretelling import LABELS, Nature, World, plan_for
from tests.induction.engine.runtimes import events_of

STEADY = Nature(seed=1, cases=120, right=0.8, few=0.0, many=0.0, note=0.0, churn=0.0, noise=0.0)
WAVERING = replace(STEADY, noise=0.3)
THEN = UUID(int=7)


class Tonight(World):
    """The same model on another night: what it leaves to chance falls out otherwise. Of the cases,
    so many are `turned`: answered otherwise for good."""

    def __init__(self, nature: Nature, *, night: int = 0, turned: int = 0) -> None:
        super().__init__(nature)
        self._night, self._turned = night, turned

    def _one(self, call: Call) -> ModelAnswer:
        number = int(re.findall(r"things(\d+)", call.request.user)[-1])
        if random.Random(f"turned {number}").random() * 100 < self._turned:
            other = (number + 1 + random.Random(number).randrange(LABELS - 1)) % LABELS
            return ModelAnswer(Outcome.OK, json.dumps({"label": f"label{other}"}))
        return super()._one(replace(call, sample=call.sample + 100 * self._night))


async def measured(
    plan: Plan, world: World, earlier: Sequence[CanaryAnswer] = ()
) -> tuple[Canary, tuple[CanaryAnswer, ...]]:
    then = THEN if earlier else None
    events = await events_of(
        replace(plan, earlier=tuple(earlier), compares_with=then), world, ask_again
    )
    (event,) = [one for one in events if isinstance(one, CanaryMeasured)]
    return event.canary, tuple(event.answers)


async def test_the_first_canary_has_nothing_to_compare_with() -> None:
    plan, world = plan_for(STEADY), World(STEADY)
    events = await events_of(plan, world, ask_again)
    types = [type(one) for one in events if type(one).__name__ != "EvaluationProgress"]
    assert types == [RunStarted, CanaryMeasured, RunFinished]
    canary, answers = await measured(plan, world)
    assert world.calls / 2 == bound(plan).calls == 2 * MOST_CASES
    assert (canary.compares_with, canary.before, canary.drifted) == (None, None, False)
    assert (len(answers), canary.wavered, canary.unusable) == (MOST_CASES, 0, 0)
    assert canary.score == pytest.approx(sum(one.score for one in answers) / MOST_CASES)


async def test_no_case_of_the_test_split_and_none_that_is_quoted_is_asked() -> None:
    plan = plan_for(STEADY)
    splits = splits_of(plan.cases, plan.splits)
    quoted = splits.train[0]
    baseline = plan.baseline.model_copy(
        update={"examples": (Example(case_id=quoted.id, text=quoted.text, output="label0"),)}
    )
    ids = {one.id for one in drawn(replace(plan, baseline=baseline), splits)}
    assert quoted.id not in ids
    assert not [id for id in ids if plan.splits[id] is Split.TEST]


async def test_the_slice_stays_when_cases_come_and_go() -> None:
    plan = plan_for(STEADY)
    _, answers = await measured(plan, World(STEADY))
    kept = {one.case_id for one in answers}
    gone = next(iter(kept))
    cases = tuple(one for one in plan.cases if one.id != gone)
    fewer = replace(plan, cases=cases, earlier=answers)
    again = {one.id for one in drawn(fewer, splits_of(cases, plan.splits))}
    assert len(again) == MOST_CASES
    assert again >= kept - {gone}


async def test_a_model_that_stayed_the_same_is_not_held_for_another() -> None:
    plan = plan_for(STEADY)
    _, then = await measured(plan, World(STEADY))
    canary, _ = await measured(plan, World(STEADY), then)
    assert (canary.same_cases, canary.changed, canary.p_value) == (MOST_CASES, 0, 1)
    assert canary.before == canary.after == canary.score
    assert not canary.drifted
    assert canary.summary.endswith("No change of the model shows.")


async def test_a_model_that_answers_otherwise_for_good_is_noticed() -> None:
    plan = plan_for(STEADY)
    _, then = await measured(plan, World(STEADY))
    canary, _ = await measured(plan, Tonight(STEADY, turned=40), then)
    assert canary.drifted
    assert canary.changed > 10
    assert canary.before is not None
    assert canary.after is not None
    assert canary.after < canary.before
    assert canary.summary.endswith("The model has changed.")
    (line,) = SearchView().lines(CanaryMeasured(canary=canary, answers=[]))
    assert line.text.plain == canary.summary


async def test_a_steady_model_that_begins_to_waver_is_noticed() -> None:
    plan = plan_for(STEADY)
    _, then = await measured(plan, World(STEADY))
    canary, _ = await measured(plan, Tonight(WAVERING), then)
    assert canary.drifted
    assert (canary.wavered_before, canary.wavered > 8) == (0, True)


async def test_a_model_that_always_wavered_raises_no_alarm() -> None:
    """Thirty pairs of nights at a chance of at most 0.01 each: two alarms once in thirty times."""
    plan, alarms = plan_for(WAVERING), 0
    for night in range(30):
        _, then = await measured(plan, Tonight(WAVERING, night=2 * night))
        canary, _ = await measured(plan, Tonight(WAVERING, night=2 * night + 1), then)
        assert canary.changed > 0
        alarms += canary.drifted
    assert alarms <= 2


async def test_truths_that_changed_are_told_and_their_scores_not_compared() -> None:
    plan = plan_for(STEADY)
    _, then = await measured(plan, World(STEADY))
    changed = {one.case_id for one in then[:5]}
    cases = tuple(
        replace(one, truth="label0" if one.truth != "label0" else "label1")
        if one.id in changed
        else one
        for one in plan.cases
    )
    canary, _ = await measured(replace(plan, cases=cases), World(STEADY), then)
    assert (canary.truths_changed, canary.changed, canary.drifted) == (5, 0, False)
    assert canary.before == canary.after
