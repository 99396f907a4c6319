"""Who drives a run: claimed under a fence, held by a heartbeat on database time, let go on purpose.

The claim is also the reaper: a run whose lease ran out is simply claimed again.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta

import structlog
from nlu_shared.kit.data.db import Database, Identity, session_scope
from nlu_shared.kit.process.clock import AWAY, log_put_off
from nlu_shared.schemas.events import RunFinished
from nlu_shared.schemas.runs import RunStatus
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.engine import ENGINE_VERSION
from induction.llm.accounting.entries import LeaseLost
from induction.runs.driving import journal
from induction.runs.models import RunRow

log = structlog.get_logger(__name__)
ABANDONED = timedelta(minutes=10)
"""A run of another engine version that nobody has touched for this long has no worker left."""
MOST_CRASHES = 5
"""Crashes in a row after which a run is not tried again: it may be what kills its workers."""
NOBODY_FREE = "waits for a worker: each of them drives as many runs as it may at once"
SILENT = "its worker no longer renewed its lease"
REACHED = """
last_event + (SELECT count(*) FROM llm_calls WHERE run_id = runs.id AND outcome IS NOT NULL)
"""
"""How far a run has come: its events and its settled answers. It only grows."""


@dataclass(slots=True)
class Lease:
    """A held run. `confirmed` is when the database last agreed, on this process's own clock."""

    database: Database
    identity: Identity
    run: RunRow
    seconds: float
    confirmed: float

    def check(self) -> None:
        """Raises LeaseLost when the lease may have run out: no call may start then."""
        if time.monotonic() - self.confirmed > self.seconds * 0.8:
            raise LeaseLost


async def claim(database: Database, identity: Identity, *, seconds: float) -> RunRow | None:
    """The oldest run that waits, was parked or rested long enough, or lost its worker; None if
    there is none.

    Only runs of this engine's version: another version would not replay them exactly. What has
    passed while nobody held the run is not time used. A run whose worker died is one crash on,
    unless it came any further with it. Where none is to be had, those that no worker can drive any
    more are ended.
    """
    async with session_scope(database, identity) as session:
        claimed = await session.execute(
            text(
                f"""
                WITH next AS MATERIALIZED (
                    SELECT id, {REACHED} AS reached FROM runs
                    WHERE engine_version = :engine AND (status = 'waiting'
                        OR (status = 'running' AND (lease_until < clock_timestamp()
                            -- Given by a clock that was ahead and has been set right since.
                            OR lease_until > clock_timestamp() + interval '1 day'))
                        OR (status IN ('parked', 'awaiting_approval')
                            AND not_before < clock_timestamp()))
                    ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED
                )
                UPDATE runs SET status = 'running', fence = fence + 1,
                    reason = CASE WHEN status = 'running' THEN reason END,
                    crashes = CASE WHEN reached > progress_at_claim THEN 0
                        ELSE crashes + (status = 'running')::int END,
                    last_error = CASE WHEN status = 'running' THEN :silent ELSE last_error END,
                    progress_at_claim = reached,
                    lease_until = clock_timestamp() + make_interval(secs => :seconds),
                    started_at = coalesce(started_at, now()), not_before = NULL,
                    idle_seconds = idle_seconds + coalesce(
                        extract(epoch FROM now() - coalesce(idle_since, lease_until)), 0
                    ),
                    idle_since = NULL
                FROM next WHERE runs.id = next.id RETURNING runs.id
                """  # noqa: S608 - a constant of ours
            ),
            {"seconds": seconds, "engine": ENGINE_VERSION, "silent": SILENT},
        )
        run_id = claimed.scalar_one_or_none()
        if run_id is None:
            await _supersede_abandoned(session)
            return None
        return await session.get(RunRow, run_id)


async def explain_waiting(database: Database, identity: Identity, *, seconds: float) -> None:
    """Says in the rows of runs that have waited so long that all who could drive them are busy."""
    async with session_scope(database, identity) as session:
        await session.execute(
            text(
                """
                UPDATE runs SET reason = :reason
                WHERE status = 'waiting' AND reason IS NULL AND engine_version = :engine
                    AND created_at < now() - make_interval(secs => :seconds)
                """
            ),
            {"reason": NOBODY_FREE, "engine": ENGINE_VERSION, "seconds": seconds},
        )


async def _supersede_abandoned(session: AsyncSession) -> None:
    """Ends runs of engine versions that no worker speaks any more, with their last event. A worker
    that is driving a run of that version may only be busy."""
    abandoned = await session.execute(
        text(
            """
            SELECT id FROM runs
            WHERE engine_version <> :engine AND status IN
                    ('waiting', 'running', 'parked', 'awaiting_approval')
                AND greatest(created_at, lease_until, not_before)
                    < now() - CAST(:abandoned AS interval)
                AND engine_version NOT IN (
                    SELECT engine_version FROM runs
                    WHERE status = 'running' AND lease_until > now()
                )
            ORDER BY id FOR UPDATE SKIP LOCKED
            """
        ),
        {"engine": ENGINE_VERSION, "abandoned": ABANDONED},
    )
    for run_id in abandoned.scalars():
        run = await session.get_one(RunRow, run_id)
        over = RunFinished(status="superseded", reason="no worker of its engine version is left")
        await journal.end(session, run, over)


@asynccontextmanager
async def hold(
    database: Database, identity: Identity, run: RunRow, *, seconds: float
) -> AsyncIterator[Lease]:
    """Renews the lease every third of its length for as long as the block runs."""
    lease = Lease(database, identity, run, seconds, confirmed=time.monotonic())
    heartbeat = asyncio.create_task(_renew(lease), name=f"heartbeat-{run.id}")
    try:
        yield lease
    finally:
        heartbeat.cancel()
        with suppress(asyncio.CancelledError):
            await heartbeat


async def _renew(lease: Lease) -> None:
    while True:
        await asyncio.sleep(lease.seconds / 3)
        started = time.monotonic()
        try:
            async with session_scope(lease.database, lease.identity) as session:
                renewed = await session.execute(
                    text(
                        """
                        UPDATE runs SET
                            lease_until = clock_timestamp() + make_interval(secs => :seconds)
                        WHERE id = :id AND fence = :fence AND status = 'running' RETURNING id
                        """
                    ),
                    {"id": lease.run.id, "fence": lease.run.fence, "seconds": lease.seconds},
                )
                if renewed.scalar_one_or_none() is not None:
                    lease.confirmed = started
        except AWAY as away:  # whatever it is: a heart that ends tells nobody that it has
            log_put_off(away, what=f"renewing the lease of run {lease.run.id}")


async def release(
    lease: Lease, status: RunStatus, *, reason: str | None = None, seconds: float = 0
) -> None:
    """Gives the run back as paused, parked (for `seconds`) or waiting; one that was to pause and
    is parked instead is paused."""
    async with session_scope(lease.database, lease.identity) as session:
        await session.execute(
            text(
                """
                UPDATE runs SET status = CASE WHEN :status = 'parked' AND pause_requested
                        THEN 'paused' ELSE :status END,
                    reason = :reason, lease_until = NULL,
                    pause_requested = pause_requested AND :status NOT IN ('paused', 'parked'),
                    idle_since = now(),
                    not_before = now() + make_interval(secs => :seconds)
                WHERE id = :id AND fence = :fence AND status = 'running'
                """
            ),
            {
                "id": lease.run.id,
                "fence": lease.run.fence,
                "status": status.value,
                "reason": reason,
                "seconds": seconds,
            },
        )


async def explain(session: AsyncSession, run: RunRow, reason: str | None) -> None:
    """Says in the row of a run that is driven why nothing moves."""
    await session.execute(
        text(
            """
            UPDATE runs SET reason = :reason
            WHERE id = :id AND fence = :fence AND status = 'running'
            """
        ),
        {"id": run.id, "fence": run.fence, "reason": reason},
    )


async def crashed(lease: Lease, error: str) -> None:
    """Gives the run back after its engine died on its worker: one crash on, unless it came any
    further since it was claimed."""
    async with session_scope(lease.database, lease.identity) as session:
        await session.execute(
            text(
                f"""
                UPDATE runs SET status = 'waiting', lease_until = NULL, idle_since = now(),
                    last_error = :error,
                    crashes = CASE WHEN {REACHED} > progress_at_claim THEN 0 ELSE crashes + 1 END
                WHERE id = :id AND fence = :fence AND status = 'running'
                """  # noqa: S608 - a constant of ours
            ),
            {"id": lease.run.id, "fence": lease.run.fence, "error": error},
        )
