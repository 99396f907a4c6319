"""A bank in place of fixed examples: tried where it is wanted, and kept by evidence alone."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from uuid import UUID

import pytest
from induction.engine.data.folds import folds_of, out_of_fold
from induction.engine.data.room import Room
from induction.engine.forecast import forecast
from induction.engine.plan import Plan
from induction.engine.proposal.banked import LEAST_BANK, MOST_FIXED, SIZES, SMALLER
from induction.engine.proposal.rungs import BANK, rungs
from induction.task_kinds.base import Case
from induction.task_kinds.intent import IntentTask
from nlu_shared.rendering import prompt_tokens
from nlu_shared.schemas.events import FrontMeasured, PromptProposed
from nlu_shared.schemas.labels import LabelSpec
from nlu_shared.schemas.prompts import Op, PromptContent

from tests.induction.engine.banks import banked, made, plan, train
from tests.induction.engine.habits import Habit, of_kind
from tests.induction.engine.runtimes import OfflineRuntime, events_of, toy_plan

Shown = list[dict[str, str]]


def proposals(events: Sequence[object]) -> list[PromptProposed]:
    proposed = of_kind(events, PromptProposed)
    return [
        one for one in proposed if any(edit.op is Op.SET_RETRIEVAL for edit in one.change.edits)
    ]


def chosen_or(near: float, fixed: float, none: float = 0.3) -> Callable[[Shown], float]:
    """The chance with examples that were chosen for the text, with fixed ones, and with none."""
    return lambda shown: (
        none if not shown else near if any("chosen" in one for one in shown) else fixed
    )


async def test_nothing_of_a_bank_is_tried_unless_it_is_wanted() -> None:
    of = replace(plan(), retrieval=False)
    assert not proposals(await events_of(of, Habit(of, chosen_or(near=0.99, fixed=0.5))))


def winner(events: Sequence[object]) -> PromptContent:
    (front,) = of_kind(events, FrontMeasured)
    contents = {one.version_hash: one.content for one in of_kind(events, PromptProposed)}
    return contents.get(front.chosen_hash, plan().baseline)


@pytest.mark.parametrize(
    ("near", "fixed", "is_banked"),
    [(0.95, 0.55, True), (0.5, 0.9, False)],
    ids=["far better", "far worse"],
)
async def test_a_bank_is_the_winner_where_it_is_better(
    near: float, fixed: float, is_banked: bool
) -> None:
    of = plan()
    events = await events_of(of, Habit(of, chosen_or(near, fixed)))
    assert proposals(events)
    assert bool(winner(events).bank) is is_banked


async def test_a_bank_wins_by_its_tokens_where_it_is_as_good() -> None:
    of = replace(plan(), max_iterations=1)

    def many_or_near(shown: Shown) -> float:
        return 0.9 if len(shown) > 60 or any("chosen" in one for one in shown) else 0.4

    assert winner(await events_of(of, Habit(of, many_or_near))).bank


async def test_a_bank_that_saves_nothing_is_no_winner_within_the_noise() -> None:
    """As good as any other examples, or as none."""
    of = plan()
    for none in (0.3, 0.9):
        events = await events_of(of, Habit(of, chosen_or(near=0.9, fixed=0.9, none=none)))
        assert proposals(events)
        assert not winner(events).bank


@pytest.mark.law
@pytest.mark.long
async def test_a_search_with_banks_replays_and_keeps_to_its_forecast() -> None:
    world = OfflineRuntime()
    events = await events_of(plan(), world)
    assert proposals(events)
    assert len(world.sent) <= forecast(plan()).calls
    assert proposals(events) == proposals(await events_of(plan(), OfflineRuntime()))
    bare = forecast(replace(plan(), retrieval=False))
    assert bare.calls < forecast(plan()).calls


@pytest.mark.parametrize(
    "of",
    [
        replace(toy_plan(may_quote=False), tries_ladder=True, retrieval=True),
        replace(toy_plan(), tries_ladder=False, retrieval=True),
        replace(toy_plan(per_label=5), tries_ladder=True, retrieval=True),
    ],
    ids=["nothing to quote", "no ladder", "few cases"],
)
async def test_no_bank_is_tried(of: Plan) -> None:
    assert not proposals(await events_of(of, OfflineRuntime()))


def test_a_small_budget_reaches_one_bank_and_never_only_banks() -> None:
    every = rungs(plan().task, plan().baseline, train(plan()), seed=1, retrieval=True)
    assert [one.is_banked for one in every[:3]] == [False, True, False]
    sizes = [one.content.retrieval.k for one in every if one.content.retrieval]
    assert sizes == [*SIZES, *SMALLER]
    without = rungs(plan().task, plan().baseline, train(plan()), seed=1)
    assert [one.content for one in every if not one.is_banked] == [one.content for one in without]


@pytest.mark.law
def test_a_bank_gives_up_its_fixed_examples_and_then_its_size_where_there_is_little_room() -> None:
    shown = []
    for most in range(1_200, 0, -20):
        room = Room(most=2 * most, scale=2.0)
        fitting = made(plan(), room=room)
        for one in fitting:
            assert room.holds(prompt_tokens(one.content, plan().task.answers))
            assert len(one.cases) in (0, 5)
        shown.append([one.content.retrieval.k for one in fitting if one.kind == BANK])
    assert (shown[0], shown[-1]) == (list(SIZES), [])
    assert all([few] in shown for few in range(1, SIZES[0]))


def test_the_bank_and_the_fixed_examples_are_the_quotable_cases_each_once() -> None:
    cases = tuple(replace(case, may_quote=n % 5 > 0) for n, case in enumerate(train(plan())))
    of_cases = [one for one in made(plan(), cases) if one.cases]
    assert [one.kind for one in of_cases] == [BANK] * len(SIZES)
    for one in of_cases:
        ids = [example.case_id for example in one.content.all_examples]
        assert len(ids) == len(set(ids))
        assert set(ids) == {case.id for case in cases if case.may_quote}
        labels = {str(example.output) for example in one.content.examples}
        assert len(labels) == len(one.content.examples) == 5


def test_many_labels_leave_no_room_for_one_of_each() -> None:
    names = [f"label{n}" for n in range(MOST_FIXED + 1)]
    task = IntentTask([LabelSpec(name=name) for name in names])
    cases = [
        Case(UUID(int=n + 1), f"word{n} and more", names[n % len(names)], f"{n}", may_quote=True)
        for n in range(3 * len(names))
    ]
    of = replace(plan(), task=task, baseline=task.baseline())
    assert made(of, cases)
    assert not any(one.content.examples for one in made(of, cases))


@pytest.mark.parametrize(
    ("near", "sizes"),
    [(lambda shown: 0.9, SIZES), (lambda shown: 0.9 if shown < 4 else 0.2, SMALLER)],
    ids=["more is as good", "few are better"],
)
async def test_banks_of_other_sizes_are_tried_where_the_first_one_points(
    near: Callable[[int], float], sizes: Sequence[int]
) -> None:
    of = replace(plan(), max_iterations=1)

    def chance(shown: Shown) -> float:
        chosen = sum("chosen" in one for one in shown)
        return near(chosen) if chosen else 0.5 if shown else 0.3

    tried = proposals(await events_of(of, Habit(of, chance)))
    others = {one.content.retrieval.k for one in tried if one.content.retrieval} - {SIZES[0]}
    assert others
    assert others <= set(sizes)


def test_few_cases_are_no_bank() -> None:
    assert not made(plan(), train(plan())[: LEAST_BANK - 1])


def test_a_baseline_with_a_bank_is_tried_without_it_and_gets_no_other() -> None:
    of = replace(plan(), baseline=banked(plan())[0])
    every = rungs(of.task, of.baseline, train(of), seed=1, retrieval=True)
    assert not any(one.is_banked for one in every)
    assert all((one.content.retrieval is None) is not one.keeps_own for one in every)
    assert any(not one.content.all_examples for one in every)


def test_a_fold_is_left_out_of_the_bank_too() -> None:
    content, folds = banked(plan())[0], folds_of(train(plan()), seed=1)
    for fold in set(folds.values()):
        left = out_of_fold(content, fold, folds)
        assert left.bank
        assert fold not in {folds[one.case_id] for one in left.all_examples if one.case_id}
    all_in_one = dict.fromkeys(folds, 0)
    assert out_of_fold(content, 0, all_in_one).retrieval is None
