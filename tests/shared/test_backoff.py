"""The wait after failures in a row: one formula for all who try again."""

from hypothesis import given, settings
from hypothesis import strategies as st
from nlu_shared.backoff import backoff

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
