"""What follows a failed attempt, as a table."""

import pytest
from induction.llm.retry import (
    TOO_LONG,
    Decision,
    Failure,
    GiveUp,
    Kind,
    Park,
    Reject,
    Stop,
    TooLong,
    Wait,
    decide,
    outage_pause,
)


def status(code: int, **other: str) -> Failure:
    return Failure(Kind.STATUS, code, **other)  # type: ignore[arg-type]


SPEND = "contract_spend_limit_reached"


@pytest.mark.parametrize(
    ("failure", "attempt", "waited", "decision"),
    [
        (status(429, retry_after="7"), 1, 0, Wait(7.0)),
        (status(429, retry_after="0"), 1, 0, Wait(1.0)),
        (status(429, retry_after="60"), 1, 0, Wait(60.0)),
        (status(429, retry_after="61"), 1, 0, Park(61.0)),
        (status(429, retry_after="3600"), 1, 0, Park(3600.0)),
        (status(429, retry_after="30"), 3, 40, Park(30.0)),
        (status(429, retry_after="1e300"), 1, 0, Park(86_400.0)),
        (status(429, retry_after="inf"), 1, 0, Wait(0.5)),
        (status(429, retry_after="soon"), 1, 0, Wait(0.5)),
        (status(429), 5_000, 0, Wait(15.0)),
        (status(429, retry_after="1"), 50, 20, Wait(1.0)),
        (status(429, retry_after="0"), 99, 60, Park(1.0)),
        (status(429), 1, 0, Wait(0.5)),
        (status(429), 5, 0, Wait(8.0)),
        (status(429), 9, 50, Park(60.0)),
        (status(429, retry_after="Wed, 21 Oct 2026 07:28:00 GMT"), 1, 0, Wait(0.5)),
        (status(429, retry_after="nan"), 1, 0, Wait(0.5)),
        (status(429, retry_after="-5"), 1, 0, Wait(0.5)),
        (status(429, error_code=SPEND, retry_after="5"), 1, 0, Stop()),
        (status(429, error_code="ramp_limit_exceeded", retry_after="5"), 1, 0, Wait(5.0)),
        (status(400), 1, 0, Reject()),
        (status(401), 1, 0, Stop()),
        (status(402), 1, 0, Stop()),
        (status(403), 1, 0, Stop()),
        (status(404), 1, 0, Stop()),
        (status(413), 1, 0, TooLong()),
        (status(400, error_code=TOO_LONG), 1, 0, TooLong()),
        (status(500, error_code=TOO_LONG), 1, 0, Wait(0.5)),
        (status(422), 1, 0, Reject()),
        (status(408), 1, 0, Wait(0.5)),
        (status(500), 1, 0, Wait(0.5)),
        (status(529), 2, 0, Wait(1.0)),
        (status(529), 5, 0, Wait(8.0)),
        (status(529), 6, 0, GiveUp()),
        (Failure(Kind.TIMEOUT), 1, 0, Wait(0.5)),
        (Failure(Kind.TIMEOUT), 6, 0, GiveUp()),
        (Failure(Kind.CUT_OFF), 6, 0, GiveUp()),
        (Failure(Kind.UNSENT), 6, 0, GiveUp()),
        (Failure(Kind.UNREADABLE), 3, 0, Wait(2.0)),
        (Failure(Kind.UNREADABLE), 6, 0, GiveUp()),
    ],
)
def test_each_failure_has_one_consequence(
    failure: Failure, attempt: int, waited: float, decision: Decision
) -> None:
    assert decide(failure, attempt, waited=waited, jitter=0) == decision


def test_jitter_never_comes_before_what_the_provider_asked_for() -> None:
    waits = [
        decide(status(429, retry_after="10"), 1, waited=0, jitter=jitter) for jitter in (0, 0.5, 1)
    ]
    assert waits == [Wait(10), Wait(11.25), Wait(12.5)]


def test_rate_limits_cannot_hold_a_call_for_ever() -> None:
    waited, attempt = 0.0, 0
    while True:
        attempt += 1
        decision = decide(status(429, retry_after="0"), attempt, waited=waited, jitter=0)
        if not isinstance(decision, Wait):
            break
        waited += decision.seconds
    assert isinstance(decision, Park)
    assert attempt < 100


def test_only_what_was_sent_and_not_read_is_ambiguous() -> None:
    assert [kind for kind in Kind if Failure(kind).ambiguous] == [
        Kind.TIMEOUT,
        Kind.CUT_OFF,
        Kind.UNREADABLE,
    ]


@pytest.mark.parametrize(
    ("outages", "seconds"), [(0, 60), (1, 120), (3, 480), (4, 600), (10_000, 600)]
)
def test_a_provider_that_stays_away_is_looked_for_ever_less_often(
    outages: int, seconds: float
) -> None:
    assert outage_pause(outages, first=60) == seconds


def test_a_first_pause_above_the_longest_stays_as_it_is() -> None:
    assert outage_pause(3, first=3_600) == 3_600


@pytest.mark.parametrize(
    ("failure", "says"),
    [
        (status(401), "status 401: the key is not taken"),
        (status(418), "status 418"),
        (status(400, error_code=TOO_LONG), "status 400: the prompt is too long for the model"),
        (status(429, error_code=SPEND), "status 429: the spend limit is reached"),
        (Failure(Kind.UNREADABLE), "what comes back is no message"),
    ],
)
def test_a_failure_is_told_in_our_own_words(failure: Failure, says: str) -> None:
    assert str(failure) == says
