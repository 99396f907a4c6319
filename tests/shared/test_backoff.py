"""The wait after failures in a row: one formula for all who try again."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nlu_shared.backoff import backoff, requested_seconds

WAITS = st.floats(0.01, 100)
CHANCES = st.floats(0, 1)


@settings(deadline=None)
@given(st.integers(1, 100_000), WAITS, WAITS, CHANCES)
def test_the_wait_grows_to_the_longest_and_jitter_takes_half_of_it_at_most(
    failures: int, first: float, more: float, jitter: float
) -> None:
    longest = first + more
    whole = backoff(failures, first=first, longest=longest)
    assert first <= whole <= longest
    assert whole <= backoff(failures + 1, first=first, longest=longest)
    assert whole / 2 <= backoff(failures, first=first, longest=longest, jitter=jitter) <= whole


def test_each_further_failure_waits_by_the_factor_longer() -> None:
    waits = [backoff(n, first=10, longest=1_000, factor=4) for n in range(1, 6)]
    assert waits == [10, 40, 160, 640, 1_000]


NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0.0),
        ("2", 2.0),
        (" 1.5 ", 1.5),
        ("Sat, 28 Nov 2026 12:00:30 GMT", 30.0),
        ("Sat, 28 Nov 2026 11:00:00 GMT", 0.0),
        ("-1", None),
        ("nan", None),
        ("inf", None),
        ("soon", None),
        ("", None),
        (None, None),
        ("9" * 500, None),
    ],
)
def test_what_a_server_asks_for_is_read_as_seconds_or_as_a_date(
    header: str | None, seconds: float | None
) -> None:
    assert requested_seconds(header, NOW) == seconds


@given(st.text(max_size=100))
def test_whatever_stands_in_its_place_is_no_error(header: str) -> None:
    seconds = requested_seconds(header, NOW)
    assert seconds is None or seconds >= 0
