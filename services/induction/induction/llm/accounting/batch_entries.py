"""Batches among the ledger's writes: a batch is intended in the commit that reserves its calls, and
what became of each call stands in the commit that closes it. SQL only; decides nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from nlu_shared.kit.data.group_commit import Connection


@dataclass(frozen=True, slots=True)
class Intended:
    """The place of a call in a batch that is about to be sent.

    batch: the batch's id.
    n: from 0, within the batch.
    bound: dollars it may cost at most by the list, whether it is billed or not.
    day: whose prices hold.
    """

    batch: UUID
    n: int
    bound: Decimal
    day: date


@dataclass(frozen=True, slots=True)
class Resulted:
    """What became of a call in a batch, as the provider calls it."""

    batch: UUID
    n: int
    outcome: str


Row = tuple[UUID, str, date | None, str, int, Intended]
"""Run, model, month of the reservation, key, sample."""


async def intend(connection: Connection, calls: Sequence[Row]) -> None:
    batches = {
        one.batch: (one.batch, run_id, model, month, one.day)
        for run_id, model, month, _, _, one in calls
    }
    if not batches:
        return
    await connection.executemany(
        """
        INSERT INTO llm_batches (id, run_id, model, month, day) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (id) DO NOTHING
        """,
        list(batches.values()),
    )
    await connection.executemany(
        """
        INSERT INTO llm_batch_calls (batch_id, n, key, sample, bound_usd)
        VALUES ($1, $2, $3, $4, $5)
        """,
        [(one.batch, one.n, key, sample, one.bound) for _, _, _, key, sample, one in calls],
    )


async def result(connection: Connection, calls: Sequence[Resulted]) -> None:
    if calls:
        await connection.executemany(
            "UPDATE llm_batch_calls SET outcome = $3 WHERE batch_id = $1 AND n = $2",
            [(one.batch, one.n, one.outcome) for one in calls],
        )
