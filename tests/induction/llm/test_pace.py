"""How many calls at once a provider that asks for less is sent, as a table."""

import pytest
from induction.llm.adapters.pace import LEAST, STEP, Pace, patience_asked
from induction.llm.retry import Failure, Kind
from nlu_shared.backoff import LONGEST

NOW = 1_000.0
HALF = Pace(0.5, NOW, 0.0)


@pytest.mark.parametrize(
    ("before", "now", "rest", "after"),
    [
        (Pace(), NOW, 0, Pace(0.5, NOW, 0)),
        (Pace(), NOW, 7, Pace(0.5, NOW, NOW + 7)),
        # Sent before the halving: it says nothing of the new share, but its patience is granted.
        (HALF, NOW + 0.9, 0, HALF),
        (HALF, NOW + 0.9, 7, Pace(0.5, NOW, NOW + 7.9)),
        (Pace(0.5, NOW, NOW + 9), NOW + 0.9, 7, Pace(0.5, NOW, NOW + 9)),
        (HALF, NOW + 1, 0, Pace(0.25, NOW + 1, 0)),
        (Pace(LEAST, NOW, 0), NOW + 5, 0, Pace(LEAST, NOW + 5, 0)),
        # A clock that was set back an hour.
        (Pace(0.5, NOW + 3_600, 0), NOW, 0, Pace(0.25, NOW, 0)),
    ],
)
def test_a_refusal_halves_once_a_second(before: Pace, now: float, rest: float, after: Pace) -> None:
    assert before.refused(now, rest) == after


@pytest.mark.parametrize(
    ("before", "now", "after"),
    [
        (Pace(), NOW, Pace()),
        (HALF, NOW + 0.9, HALF),
        (HALF, NOW + 1, Pace(0.5 + STEP, NOW + 1, 0)),
        (Pace(0.99, NOW, 0), NOW + 1, Pace(1.0, NOW + 1, 0)),
    ],
)
def test_a_second_with_answers_adds_one_step(before: Pace, now: float, after: Pace) -> None:
    assert before.answered(now) == after


@pytest.mark.parametrize(
    ("share", "slots", "calls"),
    [(1.0, 16, 16), (0.5, 16, 8), (0.5, 1, 1), (0.3, 16, 4), (LEAST, 16, 1), (LEAST, 256, 4)],
)
def test_each_worker_uses_the_share_of_its_own_slots_and_one_at_least(
    share: float, slots: int, calls: int
) -> None:
    assert Pace(share).calls(slots) == calls


@pytest.mark.parametrize(
    ("not_before", "rest"), [(0, 0), (NOW, 0), (NOW + 7, 7), (NOW + 86_400, 60)]
)
def test_what_one_was_asked_for_all_wait_and_a_minute_at_most(
    not_before: float, rest: float
) -> None:
    assert Pace(not_before=not_before).rest(NOW) == rest


def test_a_pace_is_the_same_by_another_clock() -> None:
    here = Pace(0.5, NOW, NOW + 7)
    there = here.shifted(50)
    assert there.rest(NOW + 50) == here.rest(NOW)
    assert there.answered(NOW + 51) == here.answered(NOW + 1).shifted(50)


@pytest.mark.parametrize(
    ("failure", "seconds"),
    [
        (Failure(Kind.STATUS, 429, retry_after="7"), 7),
        (Failure(Kind.STATUS, 429), 0),
        (Failure(Kind.STATUS, 429, retry_after="9" * (LONGEST + 1)), 0),
        # The run is parked for so long; what others may do, they find out.
        (Failure(Kind.STATUS, 429, retry_after="3600"), 0),
        (Failure(Kind.STATUS, 529), 0),
        (Failure(Kind.STATUS, 503, retry_after="2"), 2),
        (Failure(Kind.STATUS, 429, "insufficient_quota"), None),
        (Failure(Kind.STATUS, 500, retry_after="2"), None),
        (Failure(Kind.TIMEOUT), None),
        (Failure(Kind.UNREADABLE), None),
    ],
)
def test_which_answers_ask_for_less_and_for_how_long(
    failure: Failure, seconds: float | None
) -> None:
    assert patience_asked(failure) == seconds
