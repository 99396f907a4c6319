"""What to do about a failed attempt, decided as a pure function of what came back.

No sleeping and no SDK here; the randomness of the jitter is an argument.
"""

from dataclasses import dataclass
from enum import StrEnum

from nlu_shared.backoff import backoff, requested_seconds

MOST_ATTEMPTS = 6
LONGEST_PATIENCE = 60.0
"""Seconds one call may wait for rate limits in all; beyond, the run is parked."""
SHORTEST_WAIT = 1.0
LONGEST_BACKOFF = 30.0
LONGEST_PARK = 86_400.0
"""Seconds, whatever a provider asks for: a day later it can ask again."""
LONGEST_OUTAGE_PAUSE = 600.0
"""Seconds between two looks whether a provider is back."""
SPEND_LIMITS = frozenset(
    {
        "contract_spend_limit_reached",
        "enforced_spend_limit_reached",
        "linked_organization_spend_limit_reached",
        "insufficient_quota",
    }
)
TOO_MANY = frozenset({429, 503, 529})
"""Statuses of a provider that has more calls than it takes."""
TOO_LONG = "context_length_exceeded"
"""The code of a request that does not fit into the model's window, whoever says it how."""
OF_ONE_REQUEST = {
    400: "the request is not taken",
    413: "the request is too large",
    422: "the request is not taken",
}
"""Statuses that may be about this very request, and say nothing about the next."""
_ELSEWHERE = "it sends to another address, which is not followed: texts go to none but its own"
_STATUSES = {
    **OF_ONE_REQUEST,
    **dict.fromkeys((301, 302, 303, 307, 308), _ELSEWHERE),
    401: "the key is not taken",
    402: "payment is due",
    403: "the key may not do this",
    404: "there is no such model or address",
    429: "too many requests",
    529: "overloaded",
}


class Kind(StrEnum):
    STATUS = "status"  # the provider answered with an error status
    UNSENT = "unsent"  # no connection was made
    TIMEOUT = "timeout"  # sent, no answer in time
    CUT_OFF = "cut_off"  # sent, the connection broke
    UNREADABLE = "unreadable"  # status 200, but not a message: HTML, broken JSON


_KINDS = {
    Kind.UNSENT: "no connection is made",
    Kind.TIMEOUT: "no answer comes in time",
    Kind.CUT_OFF: "the connection breaks off",
    Kind.UNREADABLE: "what comes back is no message",
}


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed attempt. `retry_after` is the header as it came, in seconds where valid."""

    kind: Kind
    status: int | None = None
    error_code: str | None = None
    retry_after: str | None = None

    @property
    def rate_limited(self) -> bool:
        return self.kind is Kind.STATUS and self.status == 429

    @property
    def asks_for_less(self) -> bool:
        """Would the provider take the call if there were fewer of them?"""
        is_full = self.kind is Kind.STATUS and self.status in TOO_MANY
        return is_full and self.error_code not in SPEND_LIMITS

    @property
    def ambiguous(self) -> bool:
        """May the provider have done, and bill, the work all the same?"""
        return self.kind in (Kind.TIMEOUT, Kind.CUT_OFF, Kind.UNREADABLE)

    @property
    def is_unknown(self) -> bool:
        """Is there nothing by that name?"""
        return self.kind is Kind.STATUS and self.status == 404

    @property
    def too_long(self) -> bool:
        """Was the request refused for its length?"""
        refused = self.kind is Kind.STATUS and self.status in OF_ONE_REQUEST
        return refused and (self.status == 413 or self.error_code == TOO_LONG)

    def __str__(self) -> str:
        """In words of our own: the provider's may repeat what it was sent."""
        if self.kind is not Kind.STATUS or self.status is None:
            return _KINDS.get(self.kind, "no status")
        if self.error_code in SPEND_LIMITS:
            return f"status {self.status}: the spend limit is reached"
        if self.too_long:
            return f"status {self.status}: the prompt is too long for the model"
        if self.status in _STATUSES:
            return f"status {self.status}: {_STATUSES[self.status]}"
        return f"status {self.status}"


@dataclass(frozen=True, slots=True)
class Wait:
    seconds: float


@dataclass(frozen=True, slots=True)
class GiveUp:
    """This call stays unanswered for now."""


@dataclass(frozen=True, slots=True)
class Reject:
    """This very request will not be answered."""


@dataclass(frozen=True, slots=True)
class TooLong:
    """It does not fit into the model's window; a shorter one may."""


@dataclass(frozen=True, slots=True)
class Park:
    seconds: float


@dataclass(frozen=True, slots=True)
class Stop:
    """No repeat can help."""


Decision = Wait | GiveUp | Reject | TooLong | Park | Stop


def decide(failure: Failure, attempt: int, *, waited: float, jitter: float) -> Decision:
    """What follows failure number `attempt` (from 1); rate limits are counted apart from the rest.

    `waited` are the seconds this call has spent on rate limits so far; `jitter`, from 0 to 1,
    spreads callers that failed together.
    """
    if failure.rate_limited:
        return _rate_limited(failure, attempt, waited=waited, jitter=jitter)
    if failure.too_long:
        return TooLong()
    if failure.kind is Kind.STATUS and failure.status in OF_ONE_REQUEST:
        return Reject()
    if failure.kind is Kind.STATUS and not _may_pass(failure.status):
        return Stop()
    if attempt >= MOST_ATTEMPTS:
        return GiveUp()
    return Wait(_backoff(attempt, jitter))


def outage_pause(outages: int, first: float) -> float:
    """Seconds until the next look, by how often the run was parked for an outage before: `first`,
    then twice as long each time."""
    return backoff(outages + 1, first=first, longest=max(first, LONGEST_OUTAGE_PAUSE))


def _rate_limited(failure: Failure, attempt: int, *, waited: float, jitter: float) -> Decision:
    if failure.error_code in SPEND_LIMITS:
        return Stop()
    requested = requested_seconds(failure.retry_after)
    if requested is None:
        wait = _backoff(attempt, jitter)
        return Wait(wait) if waited + wait <= LONGEST_PATIENCE else Park(LONGEST_PATIENCE)
    # Never earlier than requested, so the jitter only adds.
    wait = max(requested, SHORTEST_WAIT) * (1 + jitter / 4)
    if waited + requested > LONGEST_PATIENCE or waited >= LONGEST_PATIENCE:
        return Park(min(max(requested, SHORTEST_WAIT), LONGEST_PARK))
    return Wait(wait)


def _may_pass(status: int | None) -> bool:
    return status is not None and (status >= 500 or status in (408, 409))


def _backoff(attempt: int, jitter: float) -> float:
    return backoff(attempt, first=SHORTEST_WAIT, longest=LONGEST_BACKOFF, jitter=jitter)
