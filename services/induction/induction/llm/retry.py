"""What to do about a failed attempt, decided as a pure function of what came back.

No sleeping and no SDK here; the randomness of the jitter is an argument.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

MOST_ATTEMPTS = 6
LONGEST_PATIENCE = 60.0
"""Seconds one call may wait for rate limits in all; beyond, the run is parked."""
SHORTEST_WAIT = 1.0
LONGEST_BACKOFF = 30.0
SPEND_LIMITS = frozenset(
    {
        "contract_spend_limit_reached",
        "enforced_spend_limit_reached",
        "linked_organization_spend_limit_reached",
    }
)


class Kind(StrEnum):
    STATUS = "status"  # the provider answered with an error status
    UNSENT = "unsent"  # no connection was made
    TIMEOUT = "timeout"  # sent, no answer in time
    CUT_OFF = "cut_off"  # sent, the connection broke
    UNREADABLE = "unreadable"  # status 200, but not a message: HTML, broken JSON


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed attempt. `retry_after` is the header as it came, in seconds where valid."""

    kind: Kind
    status: int | None = None
    error_code: str | None = None
    retry_after: str | None = None
    message: str = ""

    @property
    def rate_limited(self) -> bool:
        return self.kind is Kind.STATUS and self.status == 429

    @property
    def ambiguous(self) -> bool:
        """May the provider have done, and bill, the work all the same?"""
        return self.kind in (Kind.TIMEOUT, Kind.CUT_OFF, Kind.UNREADABLE)

    def __str__(self) -> str:
        name = f"status {self.status}" if self.kind is Kind.STATUS else str(self.kind)
        return f"{name}: {self.message}" if self.message else name


@dataclass(frozen=True, slots=True)
class Wait:
    seconds: float


@dataclass(frozen=True, slots=True)
class GiveUp:
    """This call ends as unavailable; the run goes on."""


@dataclass(frozen=True, slots=True)
class Park:
    seconds: float


@dataclass(frozen=True, slots=True)
class Stop:
    """No repeat can help."""


Decision = Wait | GiveUp | Park | Stop


def decide(failure: Failure, attempt: int, *, waited: float, jitter: float) -> Decision:
    """What follows failure number `attempt` (from 1); rate limits are counted apart from the rest.

    `waited` are the seconds this call has spent on rate limits so far; `jitter`, from 0 to 1,
    spreads callers that failed together.
    """
    if failure.rate_limited:
        return _rate_limited(failure, attempt, waited=waited, jitter=jitter)
    if failure.kind is Kind.STATUS and not _may_pass(failure.status):
        return Stop()
    if attempt >= MOST_ATTEMPTS:
        return GiveUp()
    return Wait(_backoff(attempt, jitter))


def _rate_limited(failure: Failure, attempt: int, *, waited: float, jitter: float) -> Decision:
    if failure.error_code in SPEND_LIMITS:
        return Stop()
    asked = _seconds(failure.retry_after)
    if asked is None:
        wait = _backoff(attempt, jitter)
        return Wait(wait) if waited + wait <= LONGEST_PATIENCE else Park(LONGEST_PATIENCE)
    # Never earlier than asked, so the jitter only adds.
    wait = max(asked, SHORTEST_WAIT) * (1 + jitter / 4)
    if waited + asked > LONGEST_PATIENCE or waited >= LONGEST_PATIENCE:
        return Park(max(asked, SHORTEST_WAIT))
    return Wait(wait)


def _may_pass(status: int | None) -> bool:
    return status is not None and (status >= 500 or status in (408, 409))


def _backoff(attempt: int, jitter: float) -> float:
    return min(SHORTEST_WAIT * 2.0 ** (attempt - 1), LONGEST_BACKOFF) * (0.5 + jitter / 2)


def _seconds(header: str | None) -> float | None:
    try:
        seconds = float(header or "")
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None
