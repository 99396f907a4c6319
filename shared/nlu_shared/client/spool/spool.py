"""A spool as a backend holds it: `Spool` to await, `BlockingSpool` for code without a loop."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Self
from uuid import UUID

from nlu_shared.client.background import result_of
from nlu_shared.client.spool.core import CLOSING_SECONDS, MOST, Core, Health
from nlu_shared.client.spool.sender import Reconciled
from nlu_shared.client.spool.store import OnFull
from nlu_shared.client.spool.table import DeadLetter
from nlu_shared.schemas.predictions import OutcomeIn, PredictionIn

LISTED = 1_000


class BlockingSpool:
    """What is logged is on disk before a call returns; `log` and `outcome` never raise.

    Many processes may share `folder`. Past `most` unsent facts `on_full` decides: "block" makes
    the caller wait for room, "drop_oldest" lets the oldest go and counts it. `url` and `key`
    default to NLU_LOGGER_URL and NLU_LOGGER_KEY. At exit, and in `close`, what is left is sent
    for at most `closing_seconds`; the rest waits in the folder for the next process.
    """

    def __init__(
        self,
        folder: Path | str,
        *,
        url: str | None = None,
        key: str | None = None,
        most: int = MOST,
        on_full: OnFull = "block",
        closing_seconds: float = CLOSING_SECONDS,
    ) -> None:
        self.core = Core(
            Path(folder),
            url=url,
            key=key,
            most=most,
            on_full=on_full,
            closing_seconds=closing_seconds,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def dropped(self) -> int:
        """Facts that were lost: no disk took them, or they were let go for room."""
        return self.core.lost

    def log(self, prediction: PredictionIn) -> None:
        self.core.log(prediction).result()

    def outcome(self, log_id: UUID, outcome: OutcomeIn) -> None:
        """The newest word on `log_id`; it is sent after its prediction."""
        self.core.outcome(log_id, outcome).result()

    def flush(self, seconds: float = CLOSING_SECONDS) -> bool:
        """Whether all that could be sent was sent in time."""
        return self.core.flush(seconds).result()

    def reconcile(
        self, ids: Sequence[UUID] | None = None, *, since: datetime | None = None
    ) -> Reconciled:
        """Asks the service which of `ids` it has, or of all that was sent `since`, and sends what
        is missing again. Raises ClientError.

        For the day after a restored backup. It would also bring back what was erased at the
        service while it was still kept here, so nothing calls it by itself.
        """
        return self.core.reconcile(ids, since).result()

    def health(self) -> Health:
        """Raises OSError or sqlite3.Error where the folder cannot be read."""
        return self.core.health().result()

    def dead_letters(self, limit: int = LISTED) -> list[DeadLetter]:
        """What the service refused, oldest first."""
        return self.core.dead_letters(limit).result()

    def resend(self, ids: Sequence[UUID] | None = None) -> int:
        """Dead letters wait again: those of `ids`, or all. Returns how many."""
        return self.core.resend(ids).result()

    def discard(self, ids: Sequence[UUID] | None = None) -> int:
        """Deletes dead letters: those of `ids`, or all. Returns how many."""
        return self.core.discard(ids).result()

    def close(self) -> None:
        self.core.close()


class Spool:
    """A BlockingSpool to await, and a `Transport`: it never blocks the caller's loop."""

    def __init__(
        self,
        folder: Path | str,
        *,
        url: str | None = None,
        key: str | None = None,
        most: int = MOST,
        on_full: OnFull = "block",
        closing_seconds: float = CLOSING_SECONDS,
    ) -> None:
        self.blocking = BlockingSpool(
            folder, url=url, key=key, most=most, on_full=on_full, closing_seconds=closing_seconds
        )
        self._core = self.blocking.core

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def dropped(self) -> int:
        return self._core.lost

    async def log(self, prediction: PredictionIn) -> None:
        await result_of(self._core.log(prediction))

    async def outcome(self, log_id: UUID, outcome: OutcomeIn) -> None:
        await result_of(self._core.outcome(log_id, outcome))

    async def flush(self, seconds: float = CLOSING_SECONDS) -> bool:
        return await asyncio.wrap_future(self._core.flush(seconds))

    async def reconcile(
        self, ids: Sequence[UUID] | None = None, *, since: datetime | None = None
    ) -> Reconciled:
        return await asyncio.wrap_future(self._core.reconcile(ids, since))

    async def health(self) -> Health:
        return await asyncio.wrap_future(self._core.health())

    async def dead_letters(self, limit: int = LISTED) -> list[DeadLetter]:
        return await asyncio.wrap_future(self._core.dead_letters(limit))

    async def resend(self, ids: Sequence[UUID] | None = None) -> int:
        return await asyncio.wrap_future(self._core.resend(ids))

    async def discard(self, ids: Sequence[UUID] | None = None) -> int:
        return await asyncio.wrap_future(self._core.discard(ids))

    async def close(self) -> None:
        await asyncio.to_thread(self._core.close)
