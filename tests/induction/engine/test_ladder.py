"""The ladder: none, few, more and all training cases shown, and what they go on to teach."""

import json
from collections import Counter
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from induction.engine.data.folds import FOLDS, folds_of, out_of_fold
from induction.engine.plan import Plan
from induction.engine.proposal.rungs import rungs
from induction.engine.proposal.selection import ranked
from induction.engine.runtime import Call, Event
from induction.task_kinds.base import Case, ModelAnswer, Outcome
from nlu_shared.rendering import prompt_tokens
from nlu_shared.schemas.events import (
    ChangeKept,
    ChangeRejected,
    FrontMeasured,
    PromptEvaluated,
    PromptProposed,
    SearchStopped,
    Split,
    Stage,
    VerdictReached,
)

from tests.induction.engine.habits import Habit, by_number, of_kind, opened
from tests.induction.engine.runtimes import OfflineRuntime, WithProposer, events_of, toy_plan

TASK = toy_plan().task
SILENT = ModelAnswer(Outcome.REFUSED)


def of(plan: Plan, split: Split) -> list[Case]:
    return [case for case in plan.cases if plan.splits[case.id] is split]


@pytest.mark.law
@pytest.mark.parametrize(
    ("chances", "kept"),
    [
        ({0: 0.5, 4: 0.9, 6: 0.4}, [5]),
        ({0: 0.3, 4: 0.5, 12: 0.6, 60: 0.9}, [90]),
        ({0: 0.3, 4: 0.5, 12: 0.9, 16: 0.4}, [15]),
        ({0: 0.8, 4: 0.6, 12: 0.4}, []),
    ],
    ids=["a few help", "all help", "some help", "none help"],
)
async def test_the_rung_that_the_model_does_best_with_is_kept(
    chances: dict[int, float], kept: list[int]
) -> None:
    plan = opened(toy_plan())
    world = Habit(plan, by_number(chances))
    events = await events_of(plan, world)
    shown = {e.version_hash: len(e.content.examples) for e in of_kind(events, PromptProposed)}
    assert [shown[one.version_hash] for one in of_kind(events, ChangeKept)][:1] == kept
    assert len(set(shown.values())) >= 3


@pytest.mark.law
@pytest.mark.long
@given(chances=st.lists(st.floats(0.1, 0.95), min_size=5, max_size=5), seed=st.integers(0, 99))
@settings(max_examples=15)
async def test_no_rung_is_better_than_the_winner_beyond_the_noise(
    chances: list[float], seed: int
) -> None:
    plan = replace(opened(toy_plan(per_label=20)), seed=seed)
    numbers = dict(zip((0, 4, 12, 40, 60), chances, strict=True))
    events = await events_of(plan, Habit(plan, by_number(numbers)))
    (front,) = of_kind(events, FrontMeasured)
    best = max(point.objective for point in front.points)
    (winner,) = [p for p in front.points if p.version_hash == front.chosen_hash]
    size = sum(split is Split.VALIDATION for split in plan.splits.values())
    assert winner.objective >= best - 2 / size**0.5
    measured = [e.objective for e in of_kind(events, PromptEvaluated) if e.split == "validation"]
    assert best == max(measured)


@pytest.mark.parametrize(("seed", "kept"), [(1, 5), (2, 5), (8, 5)])
async def test_where_a_dozen_cases_choose_the_training_cases_decide_with_them(
    seed: int, kept: int
) -> None:
    """With 1 and 8 the baseline has the luck of the thirteen, and stayed."""
    plan = replace(opened(toy_plan(per_label=13, seed=seed)), calls=150, max_iterations=1)
    world = Habit(plan, by_number({0: 0.48, 4: 0.75, 13: 0.55, 30: 0.46}), new_luck=True)
    events = await events_of(plan, world)
    shown = {e.version_hash: len(e.content.examples) for e in of_kind(events, PromptProposed)}
    (change,) = of_kind(events, ChangeKept)
    assert shown[change.version_hash] == kept
    assert change.gain > 0
    assert len(world.sent) <= 150 + len(of(plan, Split.TRAIN))


@pytest.mark.parametrize("seed", [4, 7])
async def test_a_rung_with_the_luck_of_validation_is_refused_by_training_cases(seed: int) -> None:
    plan = replace(opened(toy_plan(per_label=13, seed=seed)), calls=150, max_iterations=1)
    world = Habit(plan, by_number({0: 0.6, 4: 0.45}), new_luck=True)
    events = await events_of(plan, world)
    assert not of_kind(events, ChangeKept)
    reasons = [one.reason for one in of_kind(events, ChangeRejected)]
    assert any("validation with" in one and "training cases falls" in one for one in reasons)


async def test_the_whole_ladder_is_one_iteration() -> None:
    plan = replace(opened(toy_plan()), max_iterations=1)
    events = await events_of(plan, Habit(plan, by_number({0: 0.3, 4: 0.6, 60: 0.8})))
    validated = [e for e in of_kind(events, PromptEvaluated) if e.split is Split.VALIDATION]
    assert len(validated) > 2
    assert {one.iteration for one in validated} == {0, 1}
    (stopped,) = of_kind(events, SearchStopped)
    assert (stopped.iteration, stopped.reason) == (1, "iterations used up")


async def test_a_rung_that_another_one_outdoes_is_no_failure_to_remember() -> None:
    """Only one that is no better than the baseline is told by its hash, which memory goes by."""
    plan = opened(toy_plan())
    events = await events_of(plan, Habit(plan, by_number({0: 0.4, 4: 0.6, 12: 0.7, 60: 0.2})))
    rejected = [one for one in of_kind(events, ChangeRejected) if one.iteration == 1]
    validated = [e for e in of_kind(events, PromptEvaluated) if e.split is Split.VALIDATION]
    scores = {one.version_hash: one.objective for one in validated}
    for one in rejected:
        if one.version_hash is not None:
            assert scores[one.version_hash] <= scores[plan.baseline.version_hash]
    assert any(one.version_hash is None for one in rejected)


async def test_a_baseline_is_tried_without_its_own_examples_too() -> None:
    plan = opened(toy_plan())
    own = tuple(map(plan.task.example, of(plan, Split.TRAIN)[:40]))
    plan = replace(plan, baseline=plan.baseline.model_copy(update={"examples": own}))
    events = await events_of(plan, Habit(plan, by_number({0: 0.9, 3: 0.4})))
    (front,) = of_kind(events, FrontMeasured)
    (winner,) = [one for one in front.points if one.version_hash == front.chosen_hash]
    assert winner.examples == 0


async def test_other_orders_are_raced_only_where_the_order_moves_the_model() -> None:
    plan = opened(toy_plan())
    last = sorted({str(case.truth) for case in plan.cases})[0]

    def moved(shown: list[dict[str, str]]) -> float:
        return 0.3 if not shown else 0.9 if shown[-1]["label"] == last else 0.4

    orders = {
        one.change.rationale.partition("cases, ")[2]
        for one in of_kind(await events_of(plan, Habit(plan, moved)), PromptProposed)
    }
    assert any("the other way round" in one for one in orders)
    still = await events_of(plan, Habit(plan, by_number({0: 0.3, 4: 0.6})))
    assert not any("way round" in e.change.rationale for e in of_kind(still, PromptProposed))


@pytest.mark.law
@pytest.mark.parametrize("calls", [None, 600, 300])
async def test_a_ladder_replays_and_a_small_budget_has_fewer_rungs_in_the_same_order(
    calls: int | None,
) -> None:
    plan = replace(opened(toy_plan()), calls=calls)
    habit = by_number({0: 0.3, 4: 0.6, 60: 0.8})
    events = await events_of(plan, Habit(plan, habit))
    assert events == await events_of(plan, Habit(plan, habit))
    first = [e.content for e in of_kind(events, PromptProposed) if e.iteration == 1]
    train = of(plan, Split.TRAIN)
    made = rungs(plan.task, plan.baseline, train, seed=plan.seed)
    kinds = [rung for rung in made if rung.draw == 1]
    raced = [rung for rung in kinds if rung.content in first]
    assert raced == kinds[: len(raced)]
    assert len(raced) >= 1
    further = [rung.kind for rung in made if rung.draw > 1 and rung.content in first]
    assert set(further) <= {rung.kind for rung in raced}


@pytest.mark.parametrize(
    ("chances", "kind"),
    [({0: 0.3, 4: 0.9, 12: 0.4}, "1 of each"), ({0: 0.3, 4: 0.4, 12: 0.9, 16: 0.4}, "3 of each")],
    ids=["one of each", "three of each"],
)
async def test_of_the_number_of_examples_that_does_best_most_other_choices_are_tried(
    chances: dict[int, float], kind: str
) -> None:
    plan = replace(opened(toy_plan()), max_iterations=1)
    events = await events_of(plan, Habit(plan, by_number(chances)))
    tried = [e.content for e in of_kind(events, PromptProposed)]
    made = rungs(plan.task, plan.baseline, of(plan, Split.TRAIN), seed=plan.seed)
    draws = {rung.draw for rung in made if rung.kind == kind and rung.content in tried}
    assert draws >= {1, 2, 3}
    assert not all(rung.content in tried for rung in made)


async def test_the_cheaper_of_two_prompts_within_the_noise_wins() -> None:
    plan = opened(toy_plan())
    events = await events_of(plan, Habit(plan, by_number({0: 0.3, 4: 0.84, 60: 0.86})))
    (front,) = of_kind(events, FrontMeasured)
    tokens = {point.version_hash: point.tokens for point in front.points}
    assert tokens[front.chosen_hash] < 0.5 * max(
        prompt_tokens(e.content, plan.task.answers) for e in of_kind(events, PromptProposed)
    )
    assert [point.tokens for point in front.points] == sorted(tokens.values())


async def test_nothing_may_be_quoted_so_nothing_is_shown() -> None:
    plan = opened(toy_plan(may_quote=False))
    world = WithProposer(OfflineRuntime(), lambda _: SILENT)
    assert not of_kind(await events_of(plan, world), PromptProposed)


@pytest.mark.law
@pytest.mark.long
@pytest.mark.parametrize(
    "per_label", [3, 30], ids=["which choose it too", "of a split of their own"]
)
async def test_a_training_case_is_never_asked_with_its_own_example_in_the_prompt(
    per_label: int,
) -> None:
    plan, world = opened(toy_plan(per_label=per_label, labels=6)), OfflineRuntime()
    await events_of(plan, world)
    requests = [one.request for one in world.sent if one.purpose == "task"]
    assert any(len(request.system) > 2 for request in requests)
    for request in requests:
        lines = "".join(request.system[1:-1]).splitlines()[1:]
        shown = {json.loads(line)["text"] for line in lines}
        assert json.loads(request.user)["text"] not in shown


@pytest.mark.law
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


@given(st.integers(0, 2**31 - 1))
@settings(max_examples=20)
def test_every_rung_takes_from_every_label_alike(seed: int) -> None:
    plan = toy_plan(labels=4)
    truths = {case.id: case.truth for case in plan.cases}
    for rung in rungs(plan.task, plan.baseline, of(plan, Split.TRAIN), seed=seed):
        counts = Counter(truths[case.id] for case in rung.cases)
        assert len(counts) == 4
        assert max(counts.values()) - min(counts.values()) <= 1
        first = {truths[case.id] for case in rung.cases[:4]}
        assert len(first) == 4


def test_the_first_case_of_a_label_is_the_one_that_is_most_like_the_others() -> None:
    texts = ["pay my bill", "pay my bill now", "pay the bill now please", "who let the dogs out"]
    cases = [Case(UUID(int=n), t, "a", f"{n}", may_quote=True) for n, t in enumerate(texts, 1)]
    for seed in range(5):
        ((first, *_),) = ranked(TASK, cases, seed=seed)
        assert first.text == "pay my bill now"


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
