"""What few calls say about a prompt: what is asked, what follows, and how often that is right."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from induction.engine.data.splits import splits_of
from induction.engine.headroom.chance import ChanceBasis, Evidence, foretell
from induction.engine.headroom.classifier import NOTHING_TO_LEARN, classified
from induction.engine.headroom.design import MOST_CALLS, design, probed
from induction.engine.headroom.measure import NO_OTHER_WAY, bound, measure
from induction.engine.headroom.remedy import Findings, remedy, sentence
from induction.engine.plan import Plan
from induction.engine.runtime import Call
from induction.sentences import ways_of
from induction.task_kinds.base import ModelAnswer, Outcome
from nlu_shared.rendering import prompt_tokens
from nlu_shared.schemas.events import (
    HeadroomEstimated,
    RunFinished,
    RunStarted,
    Split,
    StoredEvent,
)
from nlu_shared.schemas.headroom import Headroom, Remedy, Variant
from nlu_shared.schemas.prompts import Block, Example, PromptContent

from benchmarks.headroom import auc, brier
from tests.induction.engine.foretelling import Nature, World, drawn, foretold, is_proven, plan_for
from tests.induction.engine.migrating import plan_of, shown_in
from tests.induction.engine.runtimes import OfflineRuntime, events_of, toy_plan

PLAIN = Nature(seed=1, cases=200, right=0.6, few=0.1, many=0.3, note=0.0, churn=0.05, noise=0.0)
GROUND = ChanceBasis(score=0.6, cases=34, wavering=0.0, validation=60, test=60, alpha=0.05)
WELL = Findings(
    cases=200,
    score=0.7,
    misses=10,
    near_misses=0.0,
    unusable=0.0,
    wavering=0.0,
    conflicts=0.0,
    quotable=50,
    gain=0.1,
    chance=0.8,
    labels_needed=None,
    classifier=None,
)


async def headroom_of(plan: Plan, world: World) -> Headroom:
    events = await events_of(plan, world, measure)
    (one,) = [event.headroom for event in events if isinstance(event, HeadroomEstimated)]
    return one


async def test_150_calls_say_what_examples_gain_and_how_far_the_answers_hold() -> None:
    world = World(PLAIN)
    headroom = await headroom_of(plan_for(PLAIN), world)
    # Whether many examples fit is asked of one case first, and that answer is paid for once.
    assert world.calls - 1 == headroom.calls <= bound(plan_for(PLAIN)).calls <= MOST_CALLS
    by_variant = {one.variant: one for one in headroom.variants}
    assert set(by_variant) == {Variant.MANY, Variant.FEW, Variant.OTHER_FEW}
    assert by_variant[Variant.MANY].gain > by_variant[Variant.FEW].gain
    assert by_variant[Variant.MANY].examples > by_variant[Variant.FEW].examples == 5
    assert headroom.changed_again == 0
    assert headroom.interval[0] < headroom.gain < headroom.interval[1]


async def test_where_no_other_way_of_asking_fits_that_is_told() -> None:
    plan = replace(plan_for(PLAIN), max_prompt_tokens=1)
    events = await events_of(plan, World(PLAIN), measure)
    (started,) = [one for one in events if isinstance(one, RunStarted)]
    assert NO_OTHER_WAY in started.notes
    (one,) = [event.headroom for event in events if isinstance(event, HeadroomEstimated)]
    assert one.variants == []
    assert "It was asked in no other way." in ways_of(one)
    usual = await events_of(plan_for(PLAIN), World(PLAIN), measure)
    assert not [one for one in usual if isinstance(one, RunStarted) and NO_OTHER_WAY in one.notes]


class Narrow(World):
    """With room for so many examples, which nobody has named."""

    async def ask(self, calls: Sequence[Call], ahead: Sequence[Call] = ()) -> list[ModelAnswer]:
        answers = await super().ask(calls, ahead)
        return [
            ModelAnswer(Outcome.TOO_LONG) if shown_in(call.request.system) > 12 else answer
            for call, answer in zip(calls, answers, strict=True)
        ]


async def test_many_examples_are_as_many_as_the_model_has_room_for() -> None:
    headroom = await headroom_of(plan_for(PLAIN), Narrow(PLAIN))
    (many,) = [one for one in headroom.variants if one.variant is Variant.MANY]
    assert 5 < many.examples <= 12
    assert headroom.calls <= bound(plan_for(PLAIN)).calls


async def test_answers_left_to_chance_are_noticed() -> None:
    headroom = await headroom_of(plan_for(PLAIN), World(replace(PLAIN, noise=0.8)))
    assert headroom.changed_again is not None
    assert headroom.changed_again >= 0.25
    assert headroom.remedy is Remedy.MODEL


async def test_no_case_that_is_set_aside_to_test_is_asked_or_shown() -> None:
    plan = toy_plan(per_label=40)
    runtime = OfflineRuntime()
    await events_of(plan, runtime, measure)
    test = [case.text for case in plan.cases if plan.splits[case.id] == "test"]
    sent = [call.request.user + "".join(call.request.system) for call in runtime.sent]
    assert not any(text in one for one in sent for text in test)


async def test_no_case_is_asked_about_by_a_prompt_that_shows_it() -> None:
    plan = toy_plan(per_label=12)
    experiment = design(plan, splits_of(plan.cases, plan.splits))
    ids = {case.id for case in experiment.cases}
    for _, content in experiment.prompts:
        assert ids.isdisjoint(example.case_id for example in content.examples)


async def test_of_a_few_long_conversations_some_are_left_to_be_shown() -> None:
    plan = toy_plan(per_label=20)
    cases = tuple(
        replace(case, group=f"conversation {at % 9}") for at, case in enumerate(plan.cases)
    )
    plan = replace(plan, cases=cases, splits=dict.fromkeys(plan.splits, Split.TRAIN))
    drawn_up = design(plan, splits_of(plan.cases, plan.splits))
    assert len({case.group for case in drawn_up.cases}) == 3
    assert Variant.MANY in dict(drawn_up.prompts)
    shown = {one.case_id for _, content in drawn_up.prompts for one in content.examples}
    groups = {case.group for case in cases if case.id in shown}
    assert groups.isdisjoint(case.group for case in drawn_up.cases)


async def test_a_prompt_that_does_not_name_its_labels_is_tried_with_them_listed() -> None:
    bare = PromptContent(instructions=(Block(name="labels", text="Choose one."),))
    plan = replace(plan_for(PLAIN), baseline=bare)
    experiment = design(plan, splits_of(plan.cases, plan.splits))
    (listed,) = [content for variant, content in experiment.prompts if variant is Variant.LABELS]
    assert not plan.task.problems(listed)
    assert experiment.calls <= MOST_CALLS


async def test_a_way_of_asking_is_no_longer_than_a_prompt_of_the_run_may_be() -> None:
    plan = plan_for(PLAIN)
    size = prompt_tokens(plan.baseline, plan.task.answers)
    bounded = replace(plan, max_prompt_tokens=size + 200)
    ways = design(bounded, splits_of(plan.cases, plan.splits)).prompts
    assert {Variant.MANY, Variant.FEW} <= set(dict(ways))
    assert all(prompt_tokens(one, plan.task.answers) <= size + 200 for _, one in ways)


async def test_few_examples_take_the_place_of_the_prompts_own() -> None:
    plan = plan_for(PLAIN)
    own = (Example(text="by hand", output={"label": "label1"}),)
    plan = replace(plan, baseline=plan.baseline.model_copy(update={"examples": own}))
    shown = dict(design(plan, splits_of(plan.cases, plan.splits)).prompts)
    assert own[0] in shown[Variant.MANY].examples
    assert own[0] not in shown[Variant.FEW].examples
    assert len(shown[Variant.FEW].examples) == len(shown[Variant.OTHER_FEW].examples) == 5


@pytest.mark.parametrize("calls", [1, 20, 60, 100])
async def test_the_limit_of_calls_is_kept(calls: int) -> None:
    plan = replace(plan_for(PLAIN), calls=calls)
    assert bound(plan).calls <= max(calls, 20)
    world = World(PLAIN)
    events = await events_of(plan, world, measure)
    assert isinstance(events[-1], RunFinished)


async def test_without_quotable_cases_no_example_is_shown_and_that_is_the_remedy() -> None:
    plan = plan_for(PLAIN)
    plan = replace(plan, cases=tuple(replace(case, may_quote=False) for case in plan.cases))
    headroom = await headroom_of(plan, World(PLAIN))
    assert headroom.variants == []
    assert headroom.remedy is Remedy.QUOTING


async def test_near_duplicates_with_two_labels_are_counted_without_a_call() -> None:
    plan = plan_for(PLAIN)
    first, second, *others = [case for case in plan.cases if plan.splits[case.id] == "train"]
    twins = replace(second, text=first.text, truth="label4")
    first = replace(first, truth="label3")
    kept = {case.id for case in (first, second, *others)}
    rest = [case for case in plan.cases if case.id not in kept]
    headroom = await headroom_of(replace(plan, cases=(first, twins, *others, *rest)), World(PLAIN))
    assert headroom.conflicts == 2
    assert set(headroom.conflict_ids) == {first.id, second.id}


async def test_the_same_plan_and_answers_tell_the_same_again() -> None:
    events: list[list[StoredEvent]] = [
        await events_of(plan_for(PLAIN), World(PLAIN), measure) for _ in range(2)
    ]
    assert events[0] == events[1]


def test_a_plain_classifier_answers_cases_it_has_not_seen() -> None:
    plan = toy_plan(per_label=30)
    score = classified(plan)
    assert score is not None
    assert score.score is not None
    assert score.score > 0.9
    cases = probed(plan, splits_of(plan.cases, plan.splits))
    assert score.same_cases == len(cases)
    assert score.cases == len(splits_of(plan.cases, plan.splits).learning)


@pytest.mark.law
def test_a_classifier_learns_nothing_of_a_case_from_itself() -> None:
    """Texts that have nothing in common: one who had seen them would know all."""
    plan = plan_of(200, 5)
    lone = tuple(
        replace(case, text=f"{case.id.int * 7919:x} {case.id.int * 104729:x}")
        for case in plan.cases
    )
    score = classified(replace(plan, cases=lone))
    assert score is not None
    assert score.score is not None
    assert score.score < 0.4


@pytest.mark.parametrize("alike", [{"truth": "label1"}, {"text": "?!"}], ids=["truth", "text"])
def test_where_there_is_nothing_to_tell_apart_no_classifier_is_scored(
    alike: dict[str, str],
) -> None:
    plan = plan_of(60, 5)
    same = tuple(replace(case, **alike) for case in plan.cases)  # type: ignore[arg-type]
    score = classified(replace(plan, cases=same))
    assert score is not None
    assert (score.score, score.missing) == (None, NOTHING_TO_LEARN)


def test_more_gain_and_more_test_cases_make_proven_likelier() -> None:
    def chance(gain: float, test: int) -> float:
        one = Evidence(gain=gain, error=0.05, moved=0.2)
        return foretell([one], replace(GROUND, test=test), seed=3).chance

    assert chance(0.3, 60) > chance(0.15, 60) > chance(0.0, 60)
    assert chance(0.15, 400) > chance(0.15, 60) > chance(0.15, 0) == 0


def test_one_lucky_way_of_several_is_not_taken_at_its_word() -> None:
    one = Evidence(gain=0.12, error=0.08, moved=0.2)
    assert foretell([one], GROUND, seed=3).gain < 0.12


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, Remedy.IMPROVE),
        ({"near_misses": 0.4}, Remedy.SCORER),
        ({"quotable": 0}, Remedy.QUOTING),
        ({"unusable": 0.2}, Remedy.MODEL),
        ({"wavering": 0.3}, Remedy.MODEL),
        ({"conflicts": 0.08}, Remedy.REVIEW),
        ({"gain": 0.0}, Remedy.MODEL),
        ({"gain": 0.0, "score": 0.98}, Remedy.NOTHING),
        ({"classifier": 0.9}, Remedy.MODEL),
        ({"classifier": 0.8}, Remedy.IMPROVE),
        ({"chance": 0.2, "labels_needed": 300}, Remedy.LABELS),
        ({"chance": 0.2, "labels_needed": 3_000}, Remedy.MODEL),
        ({"chance": 0.2}, Remedy.IMPROVE),
        ({"near_misses": 0.4, "quotable": 0, "unusable": 0.2}, Remedy.SCORER),
    ],
)
def test_the_cheapest_thing_in_the_way_is_named_first(
    changed: dict[str, float], expected: Remedy
) -> None:
    findings = replace(WELL, **changed)  # type: ignore[arg-type]
    assert remedy(findings) is expected
    assert sentence(expected, findings).endswith(".")


@pytest.mark.law
@pytest.mark.long
async def test_the_chance_of_proven_keeps_to_what_happens_in_simulated_tasks() -> None:
    """Tasks that are proven had the higher chance in four of five pairs, and the mean chance is
    near the share that is."""
    natures = [drawn(seed) for seed in range(30)]
    chances = [(await foretold(one)).chance for one in natures]
    ended = [await is_proven(one) for one in natures]
    assert auc(chances, ended) > 0.8
    assert abs(sum(chances) / 30 - sum(ended) / 30) < 0.15
    assert brier(chances, ended) < brier([sum(ended) / 30] * 30, ended)
