"""Message Batches: which calls go together, by which names, and when one looks for them. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from induction.engine.runtime import Call
from induction.llm.accounting.flights import Key
from induction.llm.errors import ParkRun
from induction.llm.retry import Failure, Kind
from induction.task_kinds.base import ModelAnswer

MOST_CALLS = 2_000
MOST_BYTES = 64_000_000
"""Of one batch; a provider takes fifty times the calls and four times the bytes, and a worker holds
the whole of it in memory."""
MOST_TIMES = 2
"""Batches that a call may go with; then it is asked alone."""
LONGEST_PAUSE = 600.0
"""Seconds between two looks at a batch."""
PAUSE_SHARE = 0.1
"""Of a batch's age, that one waits until the next look."""
SKEW = timedelta(minutes=10)
"""By how much a provider's clock may be behind ours."""
KEPT = timedelta(days=29)
"""So long a provider keeps what a batch came to."""
LONGEST = "a batch can take up to 24 hours"


class BatchAwaited(ParkRun):
    """The provider works on what it was sent: the run is let go, and looks again."""


@dataclass(frozen=True, slots=True)
class ProviderBatch:
    """A batch as its provider shows it; `size` are its requests."""

    id: str
    size: int
    created_at: datetime
    is_ended: bool


@dataclass(frozen=True, slots=True)
class NotAnswered:
    """A request that brought no answer and is not billed: errored, expired or canceled."""

    kind: str


Result = ModelAnswer | NotAnswered | None
"""None: nothing that can be read; it may be billed."""


def custom_id(batch: UUID, n: int, sample: int) -> str:
    """What a call is called in a batch. The offline model reads the repeat off its end."""
    return f"{batch.hex}-{n}-{sample}"


def number(custom_id: str, batch: UUID) -> int | None:
    """Which call of the batch that is; None: it is none of its calls."""
    own, _, rest = custom_id.partition("-")
    n = rest.partition("-")[0]
    return int(n) if own == batch.hex and n.isascii() and n.isdigit() and len(n) < 10 else None


def parts(
    calls: Mapping[Key, Call], *, most_calls: int = MOST_CALLS, most_bytes: int = MOST_BYTES
) -> Iterator[dict[Key, Call]]:
    """The calls in as few batches as hold them."""
    part: dict[Key, Call] = {}
    size = 0
    for key, one in calls.items():
        request = one.request
        length = sum(len(text.encode()) for text in (*request.system, request.user))
        if part and (len(part) >= most_calls or size + length > most_bytes):
            yield part
            part, size = {}, 0
        part[key] = one
        size += length
    if part:
        yield part


def pause(age: float, *, first: float) -> float:
    """Seconds until the next look at a batch that is `age` seconds old."""
    return max(first, min(PAUSE_SHARE * age, LONGEST_PAUSE))


def may_be_made(failure: Failure) -> bool:
    """Whether a batch may have been made though its creation failed so."""
    is_broken = failure.kind is Kind.STATUS and (failure.status or 0) >= 500
    return failure.ambiguous or (is_broken and failure.status not in (501, 529))


def is_not_taken(failure: Failure) -> bool:
    """Whether the provider takes no such batch, and may take its calls one by one."""
    return failure.kind is Kind.STATUS and failure.status in (400, 404, 405, 413, 422, 501)


def is_undeletable(failure: Failure) -> bool:
    """Whether no later try to delete a batch would go better: it is gone, or its provider deletes
    none."""
    return failure.kind is Kind.STATUS and failure.status in (400, 404, 405, 410, 501)


def reason(sizes: list[int], since: datetime) -> str:
    """For people: what a run waits for."""
    answers = f"{sum(sizes):,} answer{'' if sum(sizes) == 1 else 's'}"
    batches = "a batch of" if len(sizes) == 1 else f"{len(sizes)} batches of"
    return f"Waits for {batches} {answers}, sent {since.astimezone(UTC):%H:%M} UTC; {LONGEST}."
