"""Who gets which version, and what becomes of an experiment, as tables."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from induction.experiments import policy
from induction.experiments.evidence import UnitCount, evidence
from induction.experiments.policy import ExperimentState, Next
from nlu_shared.schemas.experiments import (
    Arm,
    ExperimentEvidence,
    ExperimentIn,
    Guard,
    GuardEvidence,
)

ONE, OTHER = UUID(int=7), UUID(int=8)
NOW = datetime(2026, 11, 29, tzinfo=UTC)
PLAN = ExperimentIn(version_id=ONE, guards=(Guard(intent="cancel"),), step_units=100, most_days=30)
STANDING = ExperimentState(
    now=NOW,
    created_at=NOW - timedelta(days=3),
    share=0.01,
    since=NOW - timedelta(days=2),
    settled=500,
    has_moved=False,
)
QUIET = ExperimentEvidence(
    looked_at=NOW,
    settled_until=NOW,
    arms=[],
    difference=0.0,
    better=1.0,
    worse=1.0,
    unbalanced=1.0,
    needed=20.0,
    guards=[GuardEvidence(intent="cancel", margin=0.05, units=0, worse=1.0, needed=20.0)],
)
HIT = [GuardEvidence(intent="cancel", margin=0.05, units=90, worse=20.0, needed=20.0)]
DOUBTED = [GuardEvidence(intent="cancel", margin=0.05, units=90, worse=4.0, needed=20.0)]


@pytest.mark.parametrize(
    ("standing", "evidence", "becomes"),
    [
        ({}, {}, Next.STEPS_UP),
        ({"since": NOW - timedelta(hours=23)}, {}, Next.GOES_ON),
        ({"settled": 99}, {}, Next.GOES_ON),
        ({}, {"worse": 3.0}, Next.GOES_ON),
        ({}, {"guards": DOUBTED}, Next.GOES_ON),
        ({"share": 0.5}, {}, Next.GOES_ON),
        ({}, {"better": 20.0}, Next.WINS),
        ({}, {"better": 20.0, "unbalanced": 1e3}, Next.STEPS_UP),
        ({}, {"worse": 20.0}, Next.ROLLS_BACK),
        ({"since": NOW, "settled": 0}, {"guards": HIT}, Next.ROLLS_BACK),
        ({}, {"better": 1e9, "guards": HIT}, Next.ROLLS_BACK),
        ({"has_moved": True}, {"better": 1e9}, Next.STOPS),
        ({"created_at": NOW - timedelta(days=30)}, {}, Next.STOPS),
        ({"created_at": NOW - timedelta(days=30)}, {"better": 20.0}, Next.WINS),
    ],
)
def test_what_becomes_of_an_experiment(
    standing: dict[str, object], evidence: dict[str, object], becomes: Next
) -> None:
    stands = replace(STANDING, **standing)  # type: ignore[arg-type]
    assert policy.decide(PLAN, stands, QUIET.model_copy(update=evidence))[0] is becomes


def test_the_share_of_one_is_no_step_but_a_win() -> None:
    shares = (0.01, 0.1, 0.5, 1.0)
    assert [policy.next_share(shares, one) for one in shares] == [0.1, 0.5, None, None]


@settings(max_examples=50)
@given(st.text(max_size=10), st.floats(0, 1), st.floats(0, 1))
def test_a_larger_share_takes_no_unit_from_the_candidate(unit: str, one: float, two: float) -> None:
    less, more = sorted((one, two))
    assert policy.arm_of(ONE, unit, less) is Arm.A or policy.arm_of(ONE, unit, more) is Arm.B
    assert policy.arm_of(ONE, unit, 1.0) is Arm.B


def test_units_are_parted_as_the_share_says_and_anew_by_each_experiment() -> None:
    units = [f"unit {number}" for number in range(4_000)]
    first = [policy.arm_of(ONE, one, 0.25) is Arm.B for one in units]
    second = [policy.arm_of(OTHER, one, 0.25) is Arm.B for one in units]
    both = sum(a and b for a, b in zip(first, second, strict=True))
    assert 0.22 < sum(first) / len(units) < 0.28
    assert 0.05 < both / len(units) < 0.075


def weighed(*counted: UnitCount) -> ExperimentEvidence:
    return evidence(
        counted,
        centre=0.8,
        guards=PLAN.guards,
        centres={"cancel": 0.9},
        looked_at=NOW,
        settled_until=NOW,
    )


def counted(arm: Arm, successes: int, *, units: int, intent: str = "") -> UnitCount:
    return UnitCount(0.5, arm, intent, units, ended=units, successes=successes)


def test_nothing_counted_is_no_evidence() -> None:
    empty = weighed()
    assert (empty.better, empty.worse, empty.difference) == (1, 1, None)
    assert (empty.guards[0].worse, empty.guards[0].needed) == (1, 20)


def test_a_guard_hears_a_loss_that_the_whole_does_not_show() -> None:
    seen = weighed(
        counted(Arm.A, 1_600, units=2_000),
        counted(Arm.B, 1_640, units=2_000),
        counted(Arm.A, 90, units=100, intent="cancel"),
        counted(Arm.B, 50, units=100, intent="cancel"),
    )
    assert seen.guards[0].worse > seen.guards[0].needed
    assert seen.worse < 3
    assert seen.guards[0].units == 200


def test_answering_an_intent_more_often_is_no_loss_there() -> None:
    seen = weighed(
        counted(Arm.A, 90, units=100, intent="cancel"),
        counted(Arm.B, 270, units=300, intent="cancel"),
    )
    assert seen.guards[0].worse < 1
