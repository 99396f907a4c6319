"""What a verdict is worth: how often it is wrong, and how often it sees what is there."""

from dataclasses import replace
from uuid import UUID

import pytest
from induction.engine.data.splits import assign
from induction.engine.verdict.verdict import VerdictBasis, detectable, verdict
from induction.task_kinds.base import Case
from nlu_shared.measure.significance import detectable_gain
from nlu_shared.schemas.events import Split
from nlu_shared.schemas.verdicts import Verdict, VerdictKind

from tests.induction.engine.simulating import (
    TASK,
    World,
    judged_by,
    judged_in_stages,
    judged_where_they_differ,
    run_of_nothing,
)
from tests.induction.engine.test_policies import book

RUNS = 60
"""`benchmarks.verdicts` takes 300."""


def proven(verdicts: list[Verdict]) -> float:
    return sum(one.kind is VerdictKind.PROVEN for one in verdicts) / len(verdicts)


NOTHING_GAINED = [
    {"fixes": 0.1, "breaks": 0.1},
    {"noise": 0.2},
    {"fixes": 0.05, "breaks": 0.05, "noise": 0.2},
    {"fixes": 0.1, "lapses": 1 / 7, "noise": 0.1},
]


@pytest.mark.law
@pytest.mark.parametrize(
    "change",
    [NOTHING_GAINED[0], *(pytest.param(one, marks=pytest.mark.long) for one in NOTHING_GAINED[1:])],
    ids=str,
)
def test_what_gains_nothing_is_hardly_ever_proven(change: dict[str, float]) -> None:
    verdicts = [judged_in_stages(World(seed=seed, **change))[0] for seed in range(RUNS)]
    assert proven(verdicts) <= 0.05


@pytest.mark.law
@pytest.mark.long
def test_asking_again_only_where_prompts_differ_would_prove_what_gains_nothing() -> None:
    """Why no run does that."""
    uneven = NOTHING_GAINED[-1]
    verdicts = [
        judged_where_they_differ(World(seed=seed, **uneven), repeats=3)[0] for seed in range(RUNS)
    ]
    assert proven(verdicts) > 0.1


@pytest.mark.law
def test_ten_points_on_two_hundred_cases_are_mostly_proven() -> None:
    change = World(seed=0, fixes=0.15, breaks=0.05)
    verdicts = [judged_by(replace(change, seed=seed)) for seed in range(RUNS)]
    assert proven(verdicts) >= 0.8
    assert detectable(200) < 0.1


@pytest.mark.law
@pytest.mark.long
def test_stages_see_more_through_the_noise_and_spend_little_where_nothing_is_there() -> None:
    ten = World(seed=0, fixes=0.15, breaks=0.05, noise=0.2)
    once = [judged_by(replace(ten, seed=seed)) for seed in range(RUNS)]
    staged = [judged_in_stages(replace(ten, seed=seed)) for seed in range(RUNS)]
    nothing = [judged_in_stages(World(seed=seed, noise=0.2)) for seed in range(RUNS)]
    assert proven([judged for judged, _ in staged]) > proven(once) + 0.1
    assert sum(calls for _, calls in nothing) < 1_200 * RUNS


@pytest.mark.law
@pytest.mark.long
def test_the_interval_of_a_staged_look_covers_the_true_gain() -> None:
    """In macro-F1, which is accuracy here in the long run: the labels are equal in number."""
    ten = World(seed=0, fixes=0.15, breaks=0.05, noise=0.2)
    intervals = [judged_in_stages(replace(ten, seed=seed))[0].interval for seed in range(RUNS)]
    covered = [low - 0.005 <= ten.gain <= high + 0.005 for low, high in intervals]
    assert sum(covered) >= 0.9 * RUNS


@pytest.mark.law
@pytest.mark.parametrize("noise", [0.0, 0.2])
async def test_a_run_whose_changes_change_nothing_proves_nothing(noise: float) -> None:
    verdicts = [await run_of_nothing(noise=noise, seed=seed) for seed in range(8)]
    assert not proven(verdicts)
    looked = [one for one in verdicts if one.tested_on == "test"]
    assert all(one.changed_again and one.changed_again > 0.05 for one in looked)
    assert bool(looked) is (noise > 0)


def test_every_further_look_has_to_pass_half_of_the_one_before() -> None:
    before = book([("a", "a")] * 60 + [("b", "a")] * 20 + [("b", "b")] * 20)
    after = book([("a", "a")] * 60 + [("b", "b")] * 8 + [("b", "a")] * 12 + [("b", "b")] * 20)
    first, second, fifth = (
        verdict(
            TASK, before, after, VerdictBasis(split=Split.TEST, groups=200, looks=looks), seed=1
        )
        for looks in (0, 1, 4)
    )
    assert [one.kind for one in (first, second, fifth)] == [
        VerdictKind.PROVEN,
        VerdictKind.PROVEN,
        VerdictKind.PROMISING,
    ]
    assert [one.alpha for one in (first, second, fifth)] == [0.05, 0.025, 0.003125]
    assert fifth.look == 5
    assert "4 earlier runs" in fifth.summary
    assert fifth.interval[0] < second.interval[0] < first.interval[0]


def test_labels_are_wanted_where_there_are_fewest() -> None:
    before = book([("a", "a")] * 60 + [("b", "a")] * 5 + [("c", "a")] * 9 + [("d", "a")] * 30)
    after = book(
        [("a", "a")] * 60 + [("b", "b"), *[("b", "a")] * 4] + [("c", "a")] * 9 + [("d", "a")] * 30
    )
    conclusion = verdict(TASK, before, after, VerdictBasis(split=Split.TEST, groups=200), seed=1)
    assert conclusion.label_first == ["b", "c", "d"]


def test_as_many_labels_as_a_verdict_asks_for_fill_a_test_part_that_would_tell() -> None:
    """60 cases none of which is set aside; the new ones are dealt as the split deals them."""
    before = book([("a", "a")] * 20 + [("b", "a")] * 15 + [("c", "a")] * 25)
    after = book([("a", "a")] * 18 + [("a", "c")] * 2 + [("b", "b")] * 7 + [("b", "a")] * 8
                 + [("c", "c")] * 3 + [("c", "a")] * 22)  # fmt: skip
    conclusion = verdict(
        TASK, before, after, VerdictBasis(split="cross-validation", groups=60, folds=60), seed=1
    )
    assert conclusion.labels_needed is not None
    known = dict.fromkeys(before.by_case, Split.TRAIN)
    fresh = [
        Case(UUID(int=n), f"new text {n} is {n * n}", "abc"[n % 3], f"g{n}", True)
        for n in range(60, 60 + conclusion.labels_needed)
    ]
    cases = [*before.cases, *fresh]
    splits = assign(cases, {case.id: str(case.truth) for case in cases}, known, 1)
    tested = sum(split is Split.TEST for split in splits.values())
    error = (conclusion.interval[1] - conclusion.interval[0]) / 3.92
    assert detectable_gain(error * (60 / tested) ** 0.5) <= conclusion.gain
    assert "8 times out of 10" in conclusion.summary


def test_a_verdict_on_other_cases_counts_the_test_cases_that_are_there() -> None:
    before = book([("a", "a")] * 20 + [("b", "a")] * 40)
    after = book([("a", "a")] * 20 + [("b", "b")] * 4 + [("b", "a")] * 36)
    none, some = (
        verdict(
            TASK,
            before,
            after,
            VerdictBasis(split="cross-validation", groups=2_000, untouched=there, folds=5),
            seed=1,
        ).labels_needed
        for there in (0, 30)
    )
    assert none is not None
    assert some is not None
    assert some < none
