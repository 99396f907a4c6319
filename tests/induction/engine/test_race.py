"""A race drops what is worse, and hardly ever the best; how many run is a matter of calls."""

import random
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from induction.engine.evaluation.results import EvalResults, judge
from induction.engine.search.orders import is_moved
from induction.engine.search.race import (
    FINALISTS,
    LEVEL,
    SCREENED,
    SPENT,
    allotted,
    beaten,
    evidence,
    kept,
    most_calls,
    paid_for,
    stages,
)
from induction.task_kinds.base import ModelPrediction

from tests.induction.engine.runtimes import toy_plan

PLAN = toy_plan(labels=2)


def raced(
    chances: Sequence[float], *, cases: int, shared: float, draw: random.Random
) -> Mapping[int, int]:
    """Which prompts were dropped, and after how many cases. Prompts answer right with their chance;
    a share of the cases is as easy or hard for all."""
    running: dict[int, list[float]] = {name: [] for name in range(len(chances))}
    dropped: dict[int, int] = {}
    for seen in range(1, cases + 1):
        lot, is_shared = draw.random(), draw.random() < shared
        for name, scores in running.items():
            scores.append(float((lot if is_shared else draw.random()) < chances[name]))
        if seen % SCREENED == 0:
            for name in beaten(running, entrants=len(chances)):
                del running[name]
                dropped[name] = seen
    return dropped


@pytest.mark.law
@pytest.mark.parametrize("shared", [0.0, 0.7])
@pytest.mark.parametrize(
    "chances",
    [
        pytest.param([0.5] * 6, marks=pytest.mark.long),
        [0.8] * 6,
        pytest.param([0.62, *[0.6] * 5], marks=pytest.mark.long),
        [0.91, 0.9, 0.9],
    ],
    ids=["all alike", "all alike and good", "one a little better", "three that are good"],
)
def test_the_best_is_dropped_no_oftener_than_the_level_says(
    chances: list[float], shared: float
) -> None:
    draw = random.Random(1)
    runs = 200
    lost = sum(0 in raced(chances, cases=240, shared=shared, draw=draw) for _ in range(runs))
    assert lost <= LEVEL * runs


@pytest.mark.law
def test_one_that_is_much_worse_is_dropped_within_a_hundred_cases() -> None:
    draw = random.Random(2)
    runs = [raced([0.75, 0.46, 0.48], cases=96, shared=0.3, draw=draw) for _ in range(100)]
    assert sum({1, 2} <= set(one) for one in runs) >= 90


def loss(chances: Sequence[float], *, cases: int, calls_left: int, draw: random.Random) -> float:
    """How much better the best of all would have been than the one that leads at the end."""
    entrants, first = paid_for(len(chances), cases=cases, calls_left=calls_left)
    lots = [draw.random() for _ in range(cases)]
    scores = [
        [float((lot if draw.random() < 0.5 else draw.random()) < chance) for lot in lots]
        for chance in chances[:entrants]
    ]
    calls = allotted(cases=cases, calls_left=calls_left) or 0
    running, left = list(range(entrants)), calls - entrants * first
    for stage in stages(cases, first=first):
        running.sort(key=lambda one: -sum(scores[one][: stage[0]]))
        running = running[: kept(len(running), stage=stage, cases=cases, calls_left=left)]
        left -= len(running) * (stage[1] - stage[0])
    return max(chances) - chances[max(running, key=lambda one: sum(scores[one]))]


@pytest.mark.law
@pytest.mark.parametrize(
    ("rungs", "cases", "calls_left", "most"),
    [(8, 40, 668, 0.025), (12, 400, 3_000, 0.025), (10, 40, 150, 0.06)],
)
def test_little_is_lost_by_stages_whichever_rung_is_the_best(
    rungs: int, cases: int, calls_left: int, most: float
) -> None:
    """0.035 and 0.129 were, when as few rungs entered as a quarter of the calls pays for and two
    went on after the first cases; and 0.088, when fewer entered on 24 cases each."""
    draw = random.Random(3)
    worlds = [[draw.uniform(0.3, 0.8) for _ in range(rungs)] for _ in range(100)]
    lost = [loss(world, cases=cases, calls_left=calls_left, draw=draw) for world in worlds]
    assert sum(lost) / len(lost) <= most


@given(st.lists(st.sampled_from([-1.0, 0.0, 1.0]), max_size=200))
def test_ties_are_no_evidence_and_more_losses_are_less(differences: list[float]) -> None:
    value = evidence(differences)
    assert value >= 1
    assert evidence([one for one in differences if one]) == value
    assert evidence([-1.0, *differences]) <= value * (1 + 1e-9)


@pytest.mark.parametrize(
    ("wins", "losses", "is_beaten"),
    [(5, 0, False), (9, 0, True), (15, 7, False), (60, 15, True), (20, 20, False)],
)
def test_how_many_wins_it_takes(wins: int, losses: int, is_beaten: bool) -> None:
    """Against one other, in the worst order for the winner: its losses come first."""
    better = [0.0] * losses + [1.0] * wins
    worse = [1.0] * losses + [0.0] * wins
    assert (beaten({"a": better, "b": worse}, entrants=2) == {"b"}) is is_beaten


@pytest.mark.parametrize(
    ("offered", "cases", "calls_left", "expected"),
    [
        (10, 40, None, (10, 24)),
        (10, 40, 2_000, (10, 24)),
        (10, 40, 700, (10, 17)),
        (10, 40, 300, (10, 8)),
        (10, 40, 100, (6, 8)),
        (10, 40, 70, (4, 8)),
        (10, 40, 0, (1, 8)),
        (10, 13, 115, (7, 8)),
        (10, 13, 60, (3, 8)),
        (10, 6, 60, (4, 6)),
        (1, 400, 5_000, (1, 24)),
        (10, 400, 3_000, (10, 24)),
        (10, 12, 600, (10, 12)),
    ],
)
def test_as_many_enter_as_the_calls_pay_for_on_as_many_cases(
    offered: int, cases: int, calls_left: int | None, expected: tuple[int, int]
) -> None:
    assert paid_for(offered, cases=cases, calls_left=calls_left) == expected


@given(st.integers(1, 20), st.integers(1, 2_000), st.integers(0, 50_000))
def test_a_race_takes_no_more_than_it_is_allotted_unless_one_runs_alone(
    offered: int, cases: int, calls_left: int
) -> None:
    """And halves at most, while it can pay for it; one at least reaches the end."""
    calls_of_race = allotted(cases=cases, calls_left=calls_left)
    assert calls_of_race is not None
    entrants, first = paid_for(offered, cases=cases, calls_left=calls_left)
    running, calls = entrants, entrants * first
    for stage in stages(cases, first=first):
        left = calls_of_race - calls
        going = kept(running, stage=stage, cases=cases, calls_left=left)
        assert 1 <= going <= running
        running = going
        calls += running * (stage[1] - stage[0])
    assert calls <= most_calls(entrants, cases=cases)
    assert entrants == 1 or calls <= calls_of_race


@given(st.integers(1, 2_000), st.integers(0, 50_000))
def test_a_race_is_allotted_half_of_the_calls_and_before_that_what_tells_prompts_apart(
    cases: int, calls_left: int
) -> None:
    calls = allotted(cases=cases, calls_left=calls_left)
    assert calls is not None
    assert SPENT * calls_left <= calls <= max(SPENT * calls_left, 144)
    assert calls <= calls_left
    assert calls <= (allotted(cases=cases, calls_left=calls_left + 1) or 0)


def test_with_calls_enough_a_stage_drops_half_but_never_the_last_few() -> None:
    running, seen = 11, []
    for stage in stages(400):
        running = kept(running, stage=stage, cases=400, calls_left=None)
        seen.append((stage, running))
    assert seen == [
        ((24, 48), 6),
        ((48, 96), FINALISTS),
        ((96, 192), 4),
        ((192, 384), 4),
        ((384, 400), 4),
    ]


def answered(rights: Sequence[bool]) -> EvalResults:
    task = PLAN.task
    labels = sorted({str(case.truth) for case in PLAN.cases})
    cases = list(zip(PLAN.cases, rights, strict=False))
    other = {label: labels[number - 1] for number, label in enumerate(labels)}
    return EvalResults(
        {
            case.id: judge(
                task,
                case,
                ModelPrediction(output=case.truth if right else other[str(case.truth)]),
            )
            for case, right in cases
        }
    )


@pytest.mark.parametrize(
    ("turned", "wavered", "moved"),
    [(0, 0, False), (4, 0, False), (5, 0, True), (9, 4, False), (12, 2, True), (0, 9, False)],
)
def test_an_order_moves_a_model_where_it_turns_more_than_asking_twice(
    turned: int, wavered: int, moved: bool
) -> None:
    first = answered([True] * 24)
    other = answered([False] * turned + [True] * (24 - turned))
    again = answered([True] * (24 - wavered) + [False] * wavered)
    assert is_moved(first, again=again, other=other) is moved
