"""What a verdict is worth: how often it is wrong, and how often it sees what is there."""

from uuid import UUID

import pytest
from induction.engine.data.splits import assign
from induction.engine.verdict.verdict import Ground, detectable, verdict
from induction.task_kinds.base import Case
from nlu_shared.measure.significance import detectable_gain
from nlu_shared.schemas.events import Split
from nlu_shared.schemas.verdicts import Verdict, VerdictKind

from tests.induction.engine.simulating import TASK, judged_by, run_of_nothing
from tests.induction.engine.test_policies import book

RUNS = 60
"""`benchmarks.verdicts` takes 300."""


def proven(told: list[Verdict]) -> float:
    return sum(one.kind is VerdictKind.PROVEN for one in told) / len(told)


@pytest.mark.law
@pytest.mark.parametrize(
    ("noise", "repeats", "churn"), [(0.0, 0, 0.1), (0.2, 0, 0.0), (0.2, 2, 0.05)]
)
def test_what_changes_nothing_is_hardly_ever_proven(
    noise: float, repeats: int, churn: float
) -> None:
    told = [
        judged_by(fixes=churn, breaks=churn, noise=noise, repeats=repeats, seed=seed)
        for seed in range(RUNS)
    ]
    assert proven(told) <= 0.05


@pytest.mark.law
def test_ten_points_on_two_hundred_cases_are_mostly_proven() -> None:
    told = [judged_by(fixes=0.15, breaks=0.05, noise=0, seed=seed) for seed in range(RUNS)]
    assert proven(told) >= 0.8
    assert detectable(200) < 0.1


@pytest.mark.law
def test_repeats_see_more_through_the_noise() -> None:
    once, thrice = (
        [
            judged_by(fixes=0.15, breaks=0.05, noise=0.2, repeats=repeats, seed=seed)
            for seed in range(RUNS)
        ]
        for repeats in (0, 2)
    )
    assert proven(thrice) > proven(once)


@pytest.mark.law
@pytest.mark.parametrize("noise", [0.0, 0.2])
async def test_a_run_whose_changes_change_nothing_proves_nothing(noise: float) -> None:
    told = [await run_of_nothing(noise=noise, seed=seed) for seed in range(8)]
    assert not proven(told)
    looked = [one for one in told if one.tested_on == "test"]
    assert all(one.changed_again and one.changed_again > 0.05 for one in looked)
    assert bool(looked) is (noise > 0)


def test_every_further_look_has_to_pass_half_of_the_one_before() -> None:
    before = book([("a", "a")] * 60 + [("b", "a")] * 20 + [("b", "b")] * 20)
    after = book([("a", "a")] * 60 + [("b", "b")] * 8 + [("b", "a")] * 12 + [("b", "b")] * 20)
    first, second, fifth = (
        verdict(TASK, before, after, Ground(split=Split.TEST, groups=200, looks=looks), seed=1)
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
    told = verdict(TASK, before, after, Ground(split=Split.TEST, groups=200), seed=1)
    assert told.label_first == ["b", "c", "d"]


def test_as_many_labels_as_a_verdict_asks_for_fill_a_test_part_that_would_tell() -> None:
    """60 cases none of which is set aside; the new ones are dealt as the split deals them."""
    before = book([("a", "a")] * 20 + [("b", "a")] * 15 + [("c", "a")] * 25)
    after = book([("a", "a")] * 18 + [("a", "c")] * 2 + [("b", "b")] * 7 + [("b", "a")] * 8
                 + [("c", "c")] * 3 + [("c", "a")] * 22)  # fmt: skip
    told = verdict(
        TASK, before, after, Ground(split="cross-validation", groups=60, folds=60), seed=1
    )
    assert told.labels_needed is not None
    known = dict.fromkeys(before.by_case, Split.TRAIN)
    fresh = [
        Case(UUID(int=n), f"new text {n} is {n * n}", "abc"[n % 3], f"g{n}", True)
        for n in range(60, 60 + told.labels_needed)
    ]
    cases = [*before.cases, *fresh]
    splits = assign(cases, {case.id: str(case.truth) for case in cases}, known, 1)
    tested = sum(split is Split.TEST for split in splits.values())
    error = (told.interval[1] - told.interval[0]) / 3.92
    assert detectable_gain(error * (60 / tested) ** 0.5) == pytest.approx(told.gain, rel=0.1)


def test_a_verdict_on_other_cases_counts_the_test_cases_that_are_there() -> None:
    before = book([("a", "a")] * 20 + [("b", "a")] * 40)
    after = book([("a", "a")] * 20 + [("b", "b")] * 4 + [("b", "a")] * 36)
    none, some = (
        verdict(
            TASK,
            before,
            after,
            Ground(split="cross-validation", groups=400, untouched=there, folds=5),
            seed=1,
        ).labels_needed
        for there in (0, 30)
    )
    assert none is not None
    assert some is not None
    assert some < none
