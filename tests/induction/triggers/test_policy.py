"""When a run starts by itself: a table of what is known and what is decided."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from induction.triggers.policy import Facts, decide
from nlu_shared.schemas.triggers import AutoTrigger

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
RULES = AutoTrigger(enabled=True, min_cases=20, min_new_cases=10, cooldown_hours=24)
FIRST = Facts(
    now=NOW,
    cases=20,
    dataset_hash="now",
    is_active=False,
    has_baseline=True,
    is_archived=False,
    unanswerable=None,
    last_started_at=None,
    last_cases=0,
    last_dataset_hash=None,
)
"""The first run there ever is."""
NEXT = replace(
    FIRST,
    cases=50,
    last_started_at=NOW - timedelta(hours=24),
    last_cases=40,
    last_dataset_hash="before",
)
"""A run a day ago, ten cases since."""
A_MOMENT = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("facts", "starts"),
    [
        (FIRST, True),
        (replace(FIRST, cases=19), False),
        (replace(FIRST, cases=0, dataset_hash=None), False),
        (replace(FIRST, has_baseline=False), False),
        (replace(FIRST, is_active=True), False),
        (NEXT, True),
        (replace(NEXT, cases=49), False),
        (replace(NEXT, cases=30), False),
        (replace(NEXT, last_started_at=NOW - timedelta(hours=24) + A_MOMENT), False),
        (replace(NEXT, last_started_at=NOW + timedelta(hours=1)), False),
        (replace(NEXT, dataset_hash="before", last_cases=0), False),
        (replace(NEXT, is_archived=True), False),
        (replace(NEXT, unanswerable="9 of 50 truths cannot be answered"), False),
    ],
    ids=[
        "the first with enough cases", "one case short", "no cases", "no prompt", "one is active",
        "a day and ten cases later", "nine cases later", "fewer cases than before",
        "a moment too early", "a clock that went back", "the same data",
        "archived", "truths that cannot be answered",
    ],
)  # fmt: skip
def test_a_run_starts_only_when_nothing_speaks_against_it(facts: Facts, starts: bool) -> None:
    decision = decide(RULES, facts)
    assert decision.start is starts
    assert decision.reasons


def test_switched_off_nothing_starts_whatever_else_is_true() -> None:
    decision = decide(RULES.model_copy(update={"enabled": False}), NEXT)
    assert (decision.start, decision.reasons) == (False, ("switched off",))


def test_the_trigger_is_off_until_somebody_switches_it_on() -> None:
    assert not decide(AutoTrigger(), NEXT).start


def test_every_reason_against_a_start_is_told() -> None:
    worst = replace(
        NEXT,
        cases=5,
        dataset_hash="before",
        is_active=True,
        has_baseline=False,
        last_started_at=NOW,
    )
    decision = decide(AutoTrigger(), worst)
    assert decision.reasons == (
        "switched off",
        "no prompt is in production",
        "a run of this task is active",
        "5 approved cases, 20 needed",
        "the ground truth is the same as in the last run",
        "-35 new cases, 10 needed",
        "the last run started less than 24 hours ago",
    )


def test_a_start_says_what_it_rests_on() -> None:
    assert decide(RULES, NEXT).reasons == ("50 approved cases, 10 of them new",)


def test_without_cooldown_and_threshold_new_data_is_enough() -> None:
    rules = AutoTrigger(enabled=True, min_cases=1, min_new_cases=0, cooldown_hours=0)
    assert decide(rules, replace(NEXT, cases=40, last_started_at=NOW)).start
    assert not decide(rules, replace(NEXT, dataset_hash="before")).start


def test_the_longest_cooldown_that_can_be_asked_for_can_be_counted() -> None:
    longest = AutoTrigger.model_fields["cooldown_hours"].metadata
    most = next(bound.le for bound in longest if hasattr(bound, "le"))
    rules = RULES.model_copy(update={"cooldown_hours": most})
    assert not decide(rules, NEXT).start
