"""How much one caller may ask: a few cases, and what holds for any history."""

from hypothesis import given
from hypothesis import strategies as st
from nlu_shared.kit.http.limits import MINUTE, MOST_KNOWN, RateLimiter


def test_a_minutes_worth_may_come_at_once_and_then_evenly() -> None:
    limiter = RateLimiter(per_minute=6)
    assert [limiter.take("ann", 0) for _ in range(7)] == [0, 0, 0, 0, 0, 0, 10]
    assert limiter.take("ann", 9) == 1
    assert limiter.take("ann", 10) == 0
    assert limiter.take("ann", 10) == 10
    assert [limiter.take("ann", 1_000) for _ in range(6)] == [0] * 6


def test_callers_do_not_share() -> None:
    limiter = RateLimiter(per_minute=1)
    assert (limiter.take("ann", 0), limiter.take("ben", 0)) == (0, 0)
    assert limiter.take("ann", 0) == 60


def test_asking_how_long_counts_nothing() -> None:
    limiter = RateLimiter(per_minute=1)
    assert [limiter.wait("ann", 0) for _ in range(5)] == [0] * 5
    assert limiter.take("ann", 0) == 0
    assert limiter.wait("ann", 15) == 45


def test_zero_is_no_limit() -> None:
    limiter = RateLimiter(per_minute=0)
    assert all(limiter.take("ann", 0) == 0 for _ in range(1_000))


def test_a_flood_of_names_is_not_remembered_for_ever() -> None:
    limiter = RateLimiter(per_minute=60)
    for number in range(3 * MOST_KNOWN):
        limiter.take(f"caller {number}", number / 1_000)
    assert len(limiter._due) <= MOST_KNOWN


@given(
    per_minute=st.integers(1, 50),
    gaps=st.lists(st.floats(0, 20), min_size=1, max_size=200),
)
def test_no_stretch_of_time_admits_more_than_its_share_and_a_minutes_worth(
    per_minute: int, gaps: list[float]
) -> None:
    limiter, now = RateLimiter(per_minute), 0.0
    admitted: list[float] = []
    for gap in gaps:
        now += gap
        early = limiter.take("ann", now)
        if early == 0:
            admitted.append(now)
        else:
            assert limiter.wait("ann", now + early) == 0
    for first in range(len(admitted)):
        for last in range(first, len(admitted)):
            share = (admitted[last] - admitted[first]) * per_minute / MINUTE
            assert last - first + 1 <= share + per_minute + 1e-6
