"""Batches as rows: read by run, and moved on under its fence. SQL only; decides nothing.

What becomes of single calls is written with what they cost (`batch_entries`).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.llm.accounting.entries import LeaseLost
from induction.llm.accounting.flights import Key

End = Literal["ended", "unsent", "lost"]


@dataclass(frozen=True, slots=True)
class BatchedCall:
    """A call of a batch of which nothing has become yet; `bound` by the list."""

    n: int
    key: Key
    bound: Decimal


@dataclass(frozen=True, slots=True)
class OpenBatch:
    """A batch that has not come to its end.

    size: all its calls; `calls` are those that are open.
    month, day: of its reservations, and whose prices hold.
    age: seconds since it was intended.
    provider_id: None until the provider's answer to it was written down.
    """

    id: UUID
    model: str
    month: date | None
    day: date
    provider_id: str | None
    created_at: datetime
    age: float
    is_cancelled: bool
    size: int
    calls: Sequence[BatchedCall]


@dataclass(frozen=True, slots=True)
class ReadBatch:
    """A batch whose answers are stored."""

    id: UUID
    run_id: UUID
    model: str
    provider_id: str


async def of_run(session: AsyncSession, run_id: UUID) -> list[OpenBatch]:
    """Its open batches, the oldest first."""
    rows = await session.execute(
        text(
            """
            SELECT id, model, month, day, provider_id, created_at,
                extract(epoch FROM clock_timestamp() - created_at)::float8 AS age,
                cancelled_at IS NOT NULL AS is_cancelled,
                (SELECT count(*) FROM llm_batch_calls WHERE batch_id = id)::int AS size
            FROM llm_batches WHERE run_id = :run_id AND ended_at IS NULL ORDER BY created_at, id
            """
        ),
        {"run_id": run_id},
    )
    batches = rows.mappings().all()
    calls = await _open_calls(session, run_id, [one["id"] for one in batches])
    return [OpenBatch(**one, calls=calls[one["id"]]) for one in batches]


async def _open_calls(
    session: AsyncSession, run_id: UUID, batches: Sequence[UUID]
) -> Mapping[UUID, list[BatchedCall]]:
    calls: dict[UUID, list[BatchedCall]] = {one: [] for one in batches}
    rows = await session.execute(
        text(
            """
            SELECT batch_id, n, key, sample, bound_usd
            FROM llm_batch_calls JOIN llm_calls USING (key, sample)
            WHERE batch_id = ANY(:batches) AND run_id = :run_id
                AND llm_batch_calls.outcome IS NULL AND cost_usd IS NULL
            ORDER BY n
            """
        ),
        {"batches": batches, "run_id": run_id},
    )
    for row in rows:
        calls[row.batch_id].append(BatchedCall(row.n, (row.key, row.sample), row.bound_usd))
    return calls


async def unfit(session: AsyncSession, run_id: UUID, *, most: int) -> set[Key]:
    """Calls of a run that go with no batch any more: one failed at it, or `most` had it."""
    rows = await session.execute(
        text(
            """
            SELECT key, sample FROM llm_batch_calls JOIN llm_batches ON id = batch_id
            WHERE run_id = :run_id AND outcome IS NOT NULL GROUP BY key, sample
            HAVING count(*) FILTER (WHERE outcome <> 'unsent') >= :most
                OR bool_or(outcome = 'errored') OR count(*) > 2 * :most
            """
        ),
        {"run_id": run_id, "most": most},
    )
    return {(row.key, row.sample) for row in rows}


async def recorded(session: AsyncSession, provider_ids: Collection[str]) -> set[str]:
    """Those of these that are some row's."""
    rows = await session.execute(
        text("SELECT provider_id FROM llm_batches WHERE provider_id = ANY(:ids)"),
        {"ids": list(provider_ids)},
    )
    return {row.provider_id for row in rows}


async def submitted(
    session: AsyncSession, run_id: UUID, fence: int, batch: UUID, provider_id: str
) -> None:
    """Raises LeaseLost, as all that follow."""
    await _held(session, run_id, fence)
    await session.execute(
        text(
            """
            UPDATE llm_batches
            SET state = 'submitted', provider_id = :provider_id, submitted_at = now()
            WHERE id = :id
            """
        ),
        {"id": batch, "provider_id": provider_id},
    )


async def cancelled(session: AsyncSession, run_id: UUID, fence: int, batch: UUID) -> None:
    """The provider was told to stop it."""
    await _held(session, run_id, fence)
    await session.execute(
        text("UPDATE llm_batches SET cancelled_at = now() WHERE id = :id"), {"id": batch}
    )


async def note(session: AsyncSession, run_id: UUID, fence: int, note: str) -> None:
    """On the run's row, once."""
    rows = await session.execute(
        text(
            """
            UPDATE runs SET notes = CASE WHEN notes @> to_jsonb(CAST(:note AS text)) THEN notes
                ELSE notes || to_jsonb(CAST(:note AS text)) END
            WHERE id = :id AND fence = :fence RETURNING id
            """
        ),
        {"id": run_id, "fence": fence, "note": note},
    )
    if rows.one_or_none() is None:
        raise LeaseLost


async def close(
    session: AsyncSession, run_id: UUID, fence: int, batch: UUID, end: End, reason: str | None
) -> None:
    """Nothing more comes of it; calls of which nothing has become are lost."""
    await _held(session, run_id, fence)
    params: dict[str, Any] = {"id": batch, "state": end, "reason": reason}
    await session.execute(
        text(
            """
            UPDATE llm_batches SET state = :state, reason = :reason, ended_at = now()
            WHERE id = :id
            """
        ),
        params,
    )
    await session.execute(
        text(
            """
            UPDATE llm_batch_calls SET outcome = 'lost' WHERE batch_id = :id AND outcome IS NULL
            """
        ),
        params,
    )


async def _held(session: AsyncSession, run_id: UUID, fence: int) -> None:
    rows = await session.execute(
        text("SELECT 1 FROM runs WHERE id = :id AND fence = :fence FOR SHARE"),
        {"id": run_id, "fence": fence},
    )
    if rows.one_or_none() is None:
        raise LeaseLost


async def take_over(session: AsyncSession, *, seconds: float) -> UUID | None:
    """A run that is over and has open batches nobody has looked after for a while: it is the
    caller's for that long, by a new fence. None where there is none."""
    rows = await session.execute(
        text(
            """
            WITH due AS MATERIALIZED (
                SELECT runs.id FROM llm_batches JOIN runs ON runs.id = run_id
                WHERE ended_at IS NULL AND look_at < clock_timestamp() AND completed_at IS NOT NULL
                ORDER BY look_at LIMIT 1 FOR UPDATE OF runs SKIP LOCKED
            ), put_off AS (
                UPDATE llm_batches SET look_at = clock_timestamp() + make_interval(secs => :seconds)
                FROM due WHERE run_id = due.id AND ended_at IS NULL
            )
            UPDATE runs SET fence = fence + 1 FROM due WHERE runs.id = due.id RETURNING runs.id
            """
        ),
        {"seconds": seconds},
    )
    run_id: UUID | None = rows.scalar_one_or_none()
    return run_id


async def take_read(
    session: AsyncSession, *, kept: timedelta, pause: timedelta
) -> ReadBatch | None:
    """A batch that has ended and lies at its provider still, as long as one keeps it: it is the
    caller's to delete, for `pause`. None where there is none."""
    rows = await session.execute(
        text(
            """
            WITH due AS MATERIALIZED (
                SELECT id FROM llm_batches
                WHERE state = 'ended' AND deleted_at IS NULL AND look_at < clock_timestamp()
                    AND created_at > clock_timestamp() - CAST(:kept AS interval)
                ORDER BY look_at LIMIT 1 FOR UPDATE SKIP LOCKED
            )
            UPDATE llm_batches SET look_at = clock_timestamp() + CAST(:pause AS interval)
            FROM due WHERE llm_batches.id = due.id
            RETURNING llm_batches.id, run_id, model, provider_id
            """
        ),
        {"kept": kept, "pause": pause},
    )
    row = rows.one_or_none()
    return None if row is None else ReadBatch(*row)


async def deleted(session: AsyncSession, batch: UUID) -> None:
    """Nothing of it is left at its provider, or nothing that could be deleted."""
    await session.execute(
        text("UPDATE llm_batches SET deleted_at = now() WHERE id = :id"), {"id": batch}
    )
