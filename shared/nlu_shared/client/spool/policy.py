"""What an answer means for what was sent, and how long to wait. No clock, no chance, no I/O."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from nlu_shared.backoff import backoff
from nlu_shared.ids import time_of
from nlu_shared.schemas.predictions import BatchResult

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 60.0
"""Seconds between tries: doubled and jittered; the service may ask for more."""
LONGEST_ASKED = 3600.0
"""Seconds. A Retry-After beyond it is taken for a mistake."""
TOO_OLD = timedelta(days=1)
"""No service keeps ids for less. A younger id that is out of range tells of a wrong clock, and a
new id by the same clock would be refused too."""
PATIENCE = timedelta(hours=1)
"""How long an outcome may wait for a prediction that another process logs."""
AGAIN = timedelta(seconds=30)


class FactKind(StrEnum):
    PREDICTION = "prediction"
    OUTCOME = "outcome"


class FactState(StrEnum):
    WAITING = "waiting"
    HELD = "held"
    """An outcome whose prediction the service does not have yet."""
    SENT = "sent"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class FactVerdict:
    """What becomes of one fact. `code` is why it is dead, `later` is when a waiting one is due."""

    state: FactState
    code: str | None = None
    renamed: bool = False
    later: datetime | None = None


SENT = FactVerdict(FactState.SENT)
RENAMED = FactVerdict(FactState.WAITING, renamed=True)


class RefusalRemedy(StrEnum):
    """What to do about a request that was refused as a whole."""

    PAUSE = "pause"
    HALVE = "halve"
    BURY = "bury"


def of_item(wire_id: UUID, result: BatchResult, *, now: datetime) -> FactVerdict:
    """One item of a batch. An id that grew too old on the way is sent again under a new one."""
    if result.status in (200, 201):
        return SENT
    if result.code == "id_out_of_range" and now - time_of(wire_id) > TOO_OLD:
        return RENAMED
    return FactVerdict(FactState.DEAD, result.code or str(result.status))


def of_refusal(status: int, items: int) -> RefusalRemedy:
    """A refused batch. Only its size can be its own fault: its lines are judged one by one.

    A refused key, a wrong address or a proxy's page says nothing about what was sent.
    """
    if status != 413:
        return RefusalRemedy.PAUSE
    return RefusalRemedy.HALVE if items > 1 else RefusalRemedy.BURY


def of_outcome(status: int, code: str, *, made: datetime, now: datetime) -> FactVerdict | None:
    """A refused outcome, or None where the answer is not about it.

    A prediction that is not there may still be in another process's spool.
    """
    if status == 404 and code == "not_found":
        if now - made < PATIENCE:
            return FactVerdict(FactState.WAITING, later=now + AGAIN)
        return FactVerdict(FactState.DEAD, code)
    if status in (409, 413, 422):
        return FactVerdict(FactState.DEAD, code)
    return None


def pause(tried: int, *, chance: float, retry_after: float | None = None) -> float:
    """Seconds before the next try after `tried` failures in a row; `chance` is from 0 to 1.

    At least what the service asked for.
    """
    grown = backoff(tried, first=FIRST_PAUSE, longest=LONGEST_PAUSE, jitter=chance)
    return max(grown, min(retry_after or 0.0, LONGEST_ASKED))
