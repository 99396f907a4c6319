"""When an incident opens and ends: a table of cases, and what holds for any history."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nlu_logger.alerts.policy import (
    MOST_ATTEMPTS,
    Decision,
    Seen,
    State,
    decide,
)
from nlu_shared.kit.outward.channels import LONGEST_RETRY, retry_after
from nlu_shared.schemas.alerts import Drift, ErrorRate, IngestSilence, Rule

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ERRORS = ErrorRate(
    kind="error_rate", name="errors", threshold=0.2, min_count=10, cooldown_minutes=30
)
DRIFT = Drift(kind="drift", name="drift", min_count=10)
SILENCE = IngestSilence(kind="ingest_silence", name="silence", min_count=10)


def ago(minutes: float) -> datetime:
    return NOW - timedelta(minutes=minutes)


NEVER = State()
IS_OPEN = State(opened_at=ago(90))
ENDED = State(opened_at=ago(90), recovered_at=ago(30))
JUST_ENDED = State(opened_at=ago(90), recovered_at=ago(29))


@pytest.mark.parametrize(
    ("rule", "state", "seen", "expected"),
    [
        (ERRORS, NEVER, Seen(0.19, 10), Decision.QUIET),
        (ERRORS, NEVER, Seen(0.20, 10), Decision.OPEN),
        (ERRORS, NEVER, Seen(1.00, 9), Decision.TOO_FEW),
        (ERRORS, NEVER, Seen(0.00, 0), Decision.TOO_FEW),
        (ERRORS, IS_OPEN, Seen(0.20, 10), Decision.STILL_OPEN),
        (ERRORS, IS_OPEN, Seen(0.19, 10), Decision.RECOVERED),
        (ERRORS, IS_OPEN, Seen(0.00, 9), Decision.TOO_FEW),
        (ERRORS, JUST_ENDED, Seen(0.90, 99), Decision.COOLING_DOWN),
        (ERRORS, JUST_ENDED, Seen(0.10, 99), Decision.QUIET),
        (ERRORS, ENDED, Seen(0.90, 99), Decision.OPEN),
        (DRIFT, NEVER, Seen(0.30, 10, chance=0.29), Decision.OPEN),
        (DRIFT, NEVER, Seen(0.30, 10, chance=0.31), Decision.TOO_FEW),
        (DRIFT, NEVER, Seen(0.24, 10, chance=0.31), Decision.QUIET),
        (DRIFT, IS_OPEN, Seen(0.30, 10, chance=0.31), Decision.TOO_FEW),
        (DRIFT, IS_OPEN, Seen(0.24, 10, chance=0.31), Decision.RECOVERED),
        (SILENCE, NEVER, Seen(1.0, 10), Decision.OPEN),
        (SILENCE, NEVER, Seen(1.0, 9), Decision.TOO_FEW),
        (SILENCE, NEVER, Seen(0.0, 10), Decision.QUIET),
        (SILENCE, NEVER, Seen(0.0, 0), Decision.QUIET),
        (SILENCE, IS_OPEN, Seen(1.0, 10), Decision.STILL_OPEN),
        (SILENCE, IS_OPEN, Seen(1.0, 0), Decision.TOO_FEW),
        (SILENCE, IS_OPEN, Seen(0.0, 0), Decision.RECOVERED),
    ],
)
def test_the_table_of_decisions(rule: Rule, state: State, seen: Seen, expected: Decision) -> None:
    assert decide(rule, state, seen, NOW) is expected


looks = st.lists(
    st.tuples(
        st.timedeltas(min_value=timedelta(seconds=1), max_value=timedelta(hours=2)),
        st.builds(Seen, st.floats(0, 1), st.integers(0, 20)),
    ),
    max_size=60,
)


@given(looks=looks, rule=st.sampled_from([ERRORS, SILENCE]))
def test_between_two_openings_lie_a_recovery_and_the_cool_down(
    looks: list[tuple[timedelta, Seen]], rule: Rule
) -> None:
    state, now = State(), NOW
    changes: list[tuple[Decision, datetime]] = []
    for passed, seen in looks:
        now += passed
        match decision := decide(rule, state, seen, now):
            case Decision.OPEN:
                assert not state.is_open
                assert seen.count >= rule.min_count
                state = State(opened_at=now)
                changes.append((decision, now))
            case Decision.RECOVERED:
                assert state.is_open
                state = State(opened_at=state.opened_at, recovered_at=now)
                changes.append((decision, now))
            case _:
                pass
    for (first, then), (second, later) in pairwise(changes):
        assert first is not second
        if second is Decision.OPEN:
            assert later - then >= timedelta(minutes=rule.cooldown_minutes)


@given(
    state=st.sampled_from([NEVER, IS_OPEN, ENDED, JUST_ENDED]),
    value=st.floats(0, 1),
    count=st.integers(0, ERRORS.min_count - 1),
)
def test_too_few_decide_nothing(state: State, value: float, count: int) -> None:
    assert decide(ERRORS, state, Seen(value, count), NOW) is Decision.TOO_FEW


def test_attempts_come_ever_later_and_end() -> None:
    waits = [retry_after(attempt, most=MOST_ATTEMPTS) for attempt in range(1, MOST_ATTEMPTS + 2)]
    kept = [wait for wait in waits if wait is not None]
    assert len(kept) == MOST_ATTEMPTS - 1
    assert kept == sorted(kept)
    assert max(kept) == LONGEST_RETRY
    assert sum(kept, timedelta()) == timedelta(hours=2, minutes=56, seconds=50)
    assert waits[-2:] == [None, None]
