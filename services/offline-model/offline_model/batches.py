"""Message Batches, in memory: many requests made at once and answered later, in no order.

A batch holds what was sent until it ends; what goes wrong in it, and in which order its results
come, is drawn from the requests alone, so that equal batches end equally. Restarted, the server
knows none of them any more.
"""

import asyncio
import json
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from offline_model import wire
from offline_model.chance import draw
from offline_model.settings import BatchFault, OfflineSettings

MOST_REQUESTS = 100_000
MOST_LISTED = 1_000
EXPIRES = timedelta(hours=24)
Answer = Callable[[bytes, str], dict[str, Any]]
"""The message for a body and a sample. Raises Refused."""


class BatchedRequest(BaseModel):
    """`custom_id` may end with `-` and the number of a repeat that is meant to differ."""

    model_config = ConfigDict(extra="forbid")

    custom_id: Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]
    params: dict[str, Any]

    @property
    def body(self) -> bytes:
        """As it would be sent alone."""
        return json.dumps(self.params, separators=(",", ":"), ensure_ascii=False).encode()

    @property
    def sample(self) -> str:
        last = self.custom_id.rpartition("-")[2]
        return last if last.isdigit() else "0"


class _Batched(BaseModel):
    model_config = ConfigDict(extra="forbid")

    requests: Annotated[list[BatchedRequest], Field(min_length=1, max_length=MOST_REQUESTS)]


@dataclass(slots=True)
class Batch:
    """`results` are None until it has ended; `looks` counts how often it was looked at before."""

    id: str
    requests: Sequence[BatchedRequest]
    size: int
    created_at: datetime
    began: float
    looks: int = 0
    cancelled_at: datetime | None = None
    ended_at: datetime | None = None
    results: list[dict[str, Any]] | None = None
    is_deleted: bool = False
    counts: dict[str, int] = field(default_factory=dict)


def read(body: bytes) -> list[BatchedRequest]:
    """The requests in a body. Raises Refused (400)."""
    try:
        requests = _Batched.model_validate_json(body).requests
    except ValidationError as error:
        raise wire.Refused(400, wire.complaint(error)) from None
    if len({one.custom_id for one in requests}) < len(requests):
        raise wire.Refused(400, "requests: each custom_id may be there once")
    return requests


class Batches:
    """All that were made, oldest first. A batch ends when it is looked at after its time."""

    def __init__(self, settings: OfflineSettings, answer: Answer) -> None:
        self._settings = settings
        self._answer = answer
        self._made: dict[str, Batch] = {}
        self._ending = asyncio.Lock()

    @property
    def made(self) -> Sequence[Batch]:
        return list(self._made.values())

    def create(self, requests: Sequence[BatchedRequest]) -> Batch:
        made = Batch(
            id=f"msgbatch_offline_{secrets.token_hex(8)}",
            requests=requests,
            size=len(requests),
            created_at=datetime.now(UTC),
            began=time.monotonic(),
        )
        self._made[made.id] = made
        return made

    async def get(self, id: str) -> Batch:
        """Raises Refused (404)."""
        made = self._made.get(id)
        if made is None or made.is_deleted or self._wrong(BatchFault.UNKNOWN, id):
            raise wire.Refused(404, "there is no such batch")
        return await self._looked_at(made)

    async def cancel(self, id: str) -> Batch:
        """Some of its requests are too far to be stopped: they are answered, and billed."""
        batch = await self.get(id)
        if batch.ended_at is None and batch.cancelled_at is None:
            batch.cancelled_at = datetime.now(UTC)
        return batch

    async def delete(self, id: str) -> None:
        """With its results; it is only counted any more. Raises Refused (400, 404)."""
        batch = await self.get(id)
        if batch.ended_at is None:
            raise wire.Refused(400, "the batch has not ended: cancel it first")
        batch.is_deleted, batch.requests, batch.results = True, (), None

    async def listed(self, *, limit: int, after: str | None) -> tuple[Sequence[Batch], bool]:
        """The newest first, beginning after one of them; whether there are more."""
        newest = [one for one in self.made[::-1] if not one.is_deleted]
        places = [place for place, one in enumerate(newest, 1) if one.id == after]
        rest = newest[places[0] :] if places else newest
        return [await self._looked_at(one) for one in rest[:limit]], len(rest) > limit

    async def _looked_at(self, batch: Batch) -> Batch:
        async with self._ending:
            if batch.ended_at is None and not self._works_on(batch):
                await self._end(batch)
        return batch

    def _works_on(self, batch: Batch) -> bool:
        is_early = time.monotonic() - batch.began < self._settings.batch_seconds
        is_early |= batch.looks < self._settings.batch_looks
        batch.looks += 1
        return is_early and batch.cancelled_at is None

    async def _end(self, batch: Batch) -> None:
        results: list[dict[str, Any]] = []
        for one in batch.requests:
            results.append({"custom_id": one.custom_id, "result": self._result(batch, one)})
            await asyncio.sleep(0)  # other callers are not kept waiting for all of them
        results.sort(key=lambda one: draw("order", self._settings.seed, one["custom_id"]))
        batch.results, batch.ended_at = results, datetime.now(UTC)
        for result in results:
            kind = result["result"]["type"]
            batch.counts[kind] = batch.counts.get(kind, 0) + 1

    def _result(self, batch: Batch, one: BatchedRequest) -> dict[str, Any]:
        drawn = one.body.decode()
        if batch.cancelled_at is not None and draw("canceled", self._settings.seed, drawn) < 0.5:
            return {"type": "canceled"}
        for fault in (BatchFault.EXPIRED, BatchFault.CANCELED):
            if self._wrong(fault, drawn):
                return {"type": fault.value}
        try:
            if self._wrong(BatchFault.ERRORED, drawn):
                raise wire.Refused(500, "internal server error")
            return {"type": "succeeded", "message": self._answer(one.body, one.sample)}
        except wire.Refused as refused:
            return {"type": "errored", "error": wire.error(refused, None)}

    def _wrong(self, fault: BatchFault, drawn: str) -> bool:
        one_in = self._settings.batch_faults.get(fault)
        return one_in is not None and draw(fault, self._settings.seed, drawn) * one_in < 1


def view(batch: Batch) -> dict[str, Any]:
    """A batch as the provider shows it: its counts move once it has ended."""
    counts = dict.fromkeys(("processing", "succeeded", "errored", "canceled", "expired"), 0)
    ended = batch.ended_at is not None
    counts |= batch.counts if ended else {"processing": batch.size}
    status = "canceling" if batch.cancelled_at is not None else "in_progress"
    return {
        "id": batch.id,
        "type": "message_batch",
        "processing_status": "ended" if ended else status,
        "request_counts": counts,
        "created_at": _at(batch.created_at),
        "expires_at": _at(batch.created_at + EXPIRES),
        "cancel_initiated_at": _at(batch.cancelled_at),
        "ended_at": _at(batch.ended_at),
        "archived_at": None,
        "results_url": f"/v1/messages/batches/{batch.id}/results" if ended else None,
    }


def page(listed: Sequence[Batch], *, has_more: bool) -> dict[str, Any]:
    ids = [one.id for one in listed]
    return {
        "data": [view(one) for one in listed],
        "first_id": ids[0] if ids else None,
        "last_id": ids[-1] if ids else None,
        "has_more": has_more,
    }


def results(batch: Batch) -> bytes:
    """One result a line. Raises Refused (404) while it has not ended."""
    if batch.results is None:
        raise wire.Refused(404, "the batch has not ended")
    return b"".join(json.dumps(one).encode() + b"\n" for one in batch.results)


def _at(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")
