"""When a run starts by itself: a table of what is known and what is decided."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from induction.triggers.policy import (
    AutomaticRun,
    Facts,
    LastRun,
    Live,
    Loop,
    Money,
    TaskState,
    canary_due,
    decide,
    held_back,
    loop_of,
    not_before,
    promised,
)
from nlu_shared.schemas.triggers import MOST_HOURS, AutoTrigger, FallCause, FallEvidence

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
"""A Sunday."""
RULES = AutoTrigger(enabled=True, min_cases=20, min_new_cases=10, cooldown_hours=24)
UNKNOWN = Live(None, "live F1 is unknown: 12 audited, 18 more needed")
LOW = Live(0.7, "live F1 0.70 (0.60 to 0.79, 40 audited)")
HIGH = Live(0.75, "live F1 0.75 (0.65 to 0.84, 40 audited)")
FIRST = Facts(
    now=NOW,
    cases=20,
    dataset_hash="now",
    is_active=False,
    has_baseline=True,
    unanswerable=None,
    live=UNKNOWN,
    last=None,
)
"""The first run there ever is."""
DAY_AGO = LastRun(
    started_at=NOW - timedelta(hours=24),
    cases=40,
    dataset_hash="before",
    same=False,
    waiting=False,
)
NEXT = replace(FIRST, cases=50, last=DAY_AGO)
"""A run a day ago, ten cases since."""
FELL = replace(NEXT, live=LOW, cases=41)
"""A run a day ago, one case since, and the score is below the threshold."""
SAME = replace(FELL, last=replace(DAY_AGO, same=True, dataset_hash="now"))
A_MOMENT = timedelta(microseconds=1)
NO_USE = FallEvidence(cause=FallCause.PROVIDER_DRIFT, helps=False, evidence="a run cannot help: so")


def ago(facts: Facts, hours: float) -> Facts:
    assert facts.last is not None
    return replace(facts, last=replace(facts.last, started_at=NOW - timedelta(hours=hours)))


@pytest.mark.parametrize(
    ("facts", "starts"),
    [
        (FIRST, True),
        (replace(FIRST, cases=19), False),
        (replace(FIRST, has_baseline=False), False),
        (replace(FIRST, is_active=True), False),
        (NEXT, True),
        (replace(NEXT, cases=49), False),
        (replace(NEXT, cases=30), False),
        (ago(NEXT, 23.999), False),
        (ago(NEXT, -1), False),
        (replace(NEXT, dataset_hash="before"), False),
        (replace(NEXT, unanswerable="9 of 50 truths cannot be answered"), False),
        (replace(NEXT, live=HIGH), False),
        (replace(FIRST, live=LOW), True),
        (FELL, True),
        (replace(FELL, dataset_hash="before"), True),
        (replace(FELL, cases=19), False),
        (SAME, False),
        (ago(FELL, 23.999), False),
        (replace(FELL, loop=Loop(gainless=1)), False),
        (ago(replace(FELL, loop=Loop(gainless=1)), 48), True),
        (ago(replace(FELL, loop=Loop(gainless=2)), 95), False),
        (ago(replace(FELL, loop=Loop(gainless=2)), 96), True),
        (ago(replace(FELL, loop=Loop(gainless=3)), 10_000), False),
        (replace(FELL, loop=Loop(unseen=2)), True),
        (replace(FELL, loop=Loop(unseen=3)), False),
        (replace(FELL, money=Money(left=4, needed=5, cap=100)), False),
        (replace(FELL, money=Money(left=5, needed=5, cap=100)), True),
        (replace(FELL, money=Money(left=0, needed=0, cap=100)), False),
        (replace(FELL, causes=(NO_USE,)), False),
    ],
    ids=[
        "the first with enough cases", "one case short", "no prompt", "one is active",
        "a day and ten cases later", "nine cases later", "fewer cases than before",
        "too early", "a clock that went back", "the same data", "truths that cannot be answered",
        "a score at the threshold", "a low score and no run yet", "a low score and one new case",
        "a low score and the same data by another prompt", "a low score and too few cases",
        "a low score and nothing new", "a low score in the cooldown",
        "a low score in the backoff", "after the first backoff", "in the second backoff",
        "after the second backoff", "three without a gain", "two that nobody looked at",
        "three that nobody looked at", "less money than a run takes", "just enough money",
        "no money", "a cause no run can help",
    ],
)  # fmt: skip
def test_a_run_starts_only_when_nothing_speaks_against_it(facts: Facts, starts: bool) -> None:
    decision = decide(RULES, facts)
    assert decision.start is starts
    assert decision.reasons


@pytest.mark.parametrize(
    ("facts", "reasons"),
    [
        (FIRST, (UNKNOWN.words, "20 approved cases, 20 of them new")),
        (FELL, (f"{LOW.words} is below 0.75", "41 approved cases, 1 of them new")),
        (replace(NEXT, live=HIGH), (f"{HIGH.words} is not below 0.75",)),
        (ago(FELL, 22), ("cooldown until Sunday 14:00 UTC",)),
        (
            ago(replace(FELL, loop=Loop(gainless=2)), 0),
            (
                "backoff until Thursday 12:00 UTC: the last 2 automatic runs gained too little",
            ),
        ),
        (
            replace(ago(FELL, 2_000), loop=Loop(gainless=3, unseen=3)),
            (
                "stopped: the last 3 automatic runs gained less than 0.005 each; look at them,"
                " then POST /v1/admin/auto-trigger/reset-backoff",
                "stopped: 3 automatic runs since a person looked, at most 3; look at them, then"
                " POST /v1/admin/auto-trigger/reset-backoff",
            ),
        ),
        (
            replace(FELL, money=Money(left=0.12, needed=5, cap=100)),
            (
                "the month's cap of 100 dollars leaves 0.12, and a run takes about 5.00",
            ),
        ),
        (
            SAME,
            (
                "a run cannot help: prompt, models and ground truth are those of the last run;"
                " approve more cases, those of the queue label-next first",
            ),
        ),
        (
            replace(SAME, last=replace(DAY_AGO, same=True, waiting=True)),
            (
                "a run cannot help: prompt, models and ground truth are those of the last run,"
                " whose better prompt waits to be promoted",
            ),
        ),
        (
            replace(
                NEXT, cases=5, dataset_hash="before", is_active=True, has_baseline=False
            ),
            (
                "no prompt is in production",
                "a run of this task is active",
                "5 approved cases, 20 needed",
                UNKNOWN.words,
                "the ground truth is the same as in the last run",
                "-35 new cases, 10 needed",
            ),
        ),
    ],
)  # fmt: skip
def test_the_reasons_are_all_there_are_in_words(facts: Facts, reasons: tuple[str, ...]) -> None:
    assert decide(RULES, facts).reasons == reasons


def test_switched_off_paused_or_archived_nothing_else_is_looked_at() -> None:
    assert held_back(RULES, TaskState()) is None
    off = held_back(AutoTrigger(), TaskState(is_archived=True, paused="paused by key:1"))
    assert off is not None
    assert (off.start, off.reasons) == (
        False, ("switched off", "the task is archived", "paused by key:1")
    )  # fmt: skip


def test_a_far_moment_has_its_date_and_no_moment_is_told_too_early() -> None:
    far = ago(replace(FELL, loop=Loop(gainless=2)), -100)
    (reason,) = decide(RULES, far).reasons
    assert reason.startswith("backoff until Monday 30 November 2026 16:00 UTC")
    soon = decide(RULES, ago(FELL, 24 - 1 / 3600)).reasons
    assert soon == ("cooldown until Sunday 12:01 UTC",)


def test_the_longest_wait_can_be_counted() -> None:
    rules = RULES.model_copy(update={"cooldown_hours": float(MOST_HOURS)})
    end = not_before(rules, NOW, Loop(gainless=100))
    assert end == NOW + timedelta(hours=MOST_HOURS)


def past(*gains: float | None) -> list[AutomaticRun]:
    """A run a day, the newest first."""
    return [
        AutomaticRun(NOW - timedelta(days=number), is_over=True, gain=gain)
        for number, gain in enumerate(gains, start=1)
    ]


@pytest.mark.parametrize(
    ("runs", "gainless"),
    [
        ([], 0),
        (past(0.004, 0.0049, 0.02, 0.0), 2),
        (past(0.005, 0.0), 0),
        (past(None, -0.1), 2),
        ([AutomaticRun(NOW, is_over=False, gain=None), *past(0.0)], 1),
    ],
)
def test_runs_in_a_row_that_gained_too_little_are_counted(
    runs: list[AutomaticRun], gainless: int
) -> None:
    assert loop_of(RULES, runs, looked_at=None, reset_at=None).gainless == gainless


def test_a_look_and_a_reset_begin_anew() -> None:
    runs = past(0.0, 0.0, 0.0)
    loop = loop_of(RULES, runs, looked_at=NOW - timedelta(days=1.5), reset_at=None)
    assert (loop.gainless, loop.unseen) == (3, 1)
    at = NOW - timedelta(days=1.5)
    loop = loop_of(RULES, runs, looked_at=at, reset_at=at)
    assert (loop.gainless, loop.unseen) == (1, 1)


@pytest.mark.parametrize(
    ("now", "last", "due"),
    [
        ("2026-11-22T12:00", None, True),
        ("2026-11-22T12:00", "2026-11-22T03:00", False),
        ("2026-11-22T12:00", "2026-11-22T02:59", True),
        ("2026-11-22T02:59", "2026-11-21T03:00", False),
        ("2026-11-22T03:00", "2026-11-21T23:00", True),
    ],
)
def test_a_canary_is_due_once_a_night(now: str, last: str | None, due: bool) -> None:
    def utc(at: str) -> datetime:
        return datetime.fromisoformat(at).replace(tzinfo=UTC)

    assert canary_due(utc(now), (last and utc(last)) or None, hour=3) is due


def test_a_run_is_promised_no_more_than_the_month_leaves() -> None:
    assert promised(None, most=10) == 10
    assert promised(Money(left=3, needed=1, cap=100), most=10) == 3
    assert promised(Money(left=30, needed=1, cap=100), most=10) == 10
