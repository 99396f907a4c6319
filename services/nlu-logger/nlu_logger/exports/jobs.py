"""The worker's side of schedules: due exports are claimed, written whole and told.

A claim is a time on the schedule's row, renewed while the export is written, so that no connection
is held while a file is on its way. A worker that dies lets it run out, and whoever claims next
finds the export published or writes it anew.
"""

import asyncio
import hashlib
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog
from nlu_shared.ids import uuid7
from nlu_shared.kit.access.auth import Caller
from nlu_shared.kit.data.db import Database, Identity, session_scope, snapshot_scope
from nlu_shared.kit.errors import Unavailable
from nlu_shared.kit.process.clock import by_clock
from nlu_shared.schemas.exports import (
    ExportedRow,
    Manifest,
    ManifestFile,
    ReviewRow,
    ScheduledExport,
)
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_logger.exports import disclosures, service
from nlu_logger.exports.cron import due, next_scheduled_at
from nlu_logger.exports.destinations import MANIFEST, Destination, run_name
from nlu_logger.exports.folder import write_dataset
from nlu_logger.exports.service import Selection
from nlu_logger.exports.splits import Shares
from nlu_logger.migrations import JOB, SERVICE

log = structlog.get_logger(__name__)
Destinations = Mapping[str, Callable[[], Destination]]
THRESHOLDS = {"retraining": 0.8, "review": 0.7}
COLUMNS = {"retraining": list(ExportedRow.model_fields), "review": list(ReviewRow.model_fields)}
SEED = 0
CLAIM_SECONDS = 60.0
"""How long an export stays a silent worker's; renewed every third."""
AHEAD = text(
    """
    SELECT id, cron, next_scheduled_at, now() AS now FROM export_schedules
    WHERE next_scheduled_at > now() FOR UPDATE SKIP LOCKED
    """
)
CLAIM = text(
    """
    UPDATE export_schedules SET claim = :claim,
    claimed_until = clock_timestamp() + make_interval(secs => :seconds)
    WHERE id = (SELECT id FROM export_schedules WHERE next_scheduled_at <= now()
    AND (claimed_until IS NULL OR claimed_until NOT BETWEEN clock_timestamp()
    AND clock_timestamp() + make_interval(secs => :seconds)) AND NOT id = ANY(:tried)
    ORDER BY next_scheduled_at LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id, name, cron, target, what, tasks, next_scheduled_at, now() AS now
    """
)
RENEW = text(
    """
    UPDATE export_schedules SET claimed_until =
    clock_timestamp() + make_interval(secs => :seconds) WHERE id = :id AND claim = :claim
    """
)
SETTLE = text(
    """
    UPDATE export_schedules SET next_scheduled_at = :next, failed = :failed, claim = NULL,
    claimed_until = NULL WHERE id = :id AND claim = :claim RETURNING id
    """
)
DONE = text(
    """
    INSERT INTO export_runs (schedule_id, scheduled_at, missed, destination, rows, bytes, sha256)
    VALUES (:id, :scheduled_at, :missed, :destination, :rows, :bytes, :sha256)
    ON CONFLICT DO NOTHING
    """
)
PUT_RIGHT = text("UPDATE export_schedules SET next_scheduled_at = :next WHERE id = :id")


async def export_on_schedule(
    database: Database, destinations: Destinations, seconds: float
) -> None:
    """Writes what is due, looking every `seconds`, until cancelled."""
    await by_clock(lambda: write_due(database, destinations), seconds=seconds, what="exports")


async def write_due(database: Database, destinations: Destinations) -> int:
    """Every export that is due and nobody else is writing, once; how many were written.

    A schedule whose export could not be written stays due: it is tried again at the next look.
    """
    async with session_scope(database, Identity(JOB)) as session:
        await _put_right(session)
    tried: list[UUID] = []
    written = 0
    while True:
        claim = uuid7()
        params = {"claim": claim, "seconds": CLAIM_SECONDS, "tried": tried}
        async with session_scope(database, Identity(JOB)) as session:
            row = (await session.execute(CLAIM, params)).one_or_none()
        if row is None:
            return written
        tried.append(row.id)
        written += await _attempt(database, row, claim, destinations)


async def _put_right(session: AsyncSession) -> None:
    """Schedules that a clock which has been set right since sent to an export far ahead."""
    for row in (await session.execute(AHEAD)).all():
        coming = next_scheduled_at(row.cron, row.now)
        if coming < row.next_scheduled_at:
            await session.execute(PUT_RIGHT, {"id": row.id, "next": coming})
            log.warning("schedule put right", schedule_id=str(row.id), scheduled_at=coming)


async def _attempt(database: Database, row: Any, claim: UUID, destinations: Destinations) -> bool:
    """Whatever becomes of it, the claim is given back; the export is, unless it was written."""
    following, failed, done = row.next_scheduled_at, None, None
    coming = due(row.cron, row.next_scheduled_at, row.now)
    try:
        if coming is not None:
            async with _renewed(database, row.id, claim):
                destination = destinations[row.target]()
                manifest = await _write(database, row, coming.scheduled_at, destination)
            written = Manifest.model_validate_json(manifest)
            following = coming.following
            done = {
                "id": row.id,
                "scheduled_at": coming.scheduled_at,
                "missed": coming.missed,
                "destination": destination.address(run_name(row.name, coming.scheduled_at)),
                "rows": sum(one.rows for one in written.files),
                "bytes": sum(one.bytes for one in written.files),
                "sha256": hashlib.sha256(manifest).hexdigest(),
            }
    except Unavailable:
        raise
    except Exception as error:  # noqa: BLE001 - one schedule's trouble must not stop the others
        failed = type(error).__name__
        log.warning("export not written", schedule_id=str(row.id), reason=failed)
    finally:
        async with session_scope(database, Identity(JOB)) as session:
            settled = await session.execute(
                SETTLE, {"id": row.id, "claim": claim, "next": following, "failed": failed}
            )
            if done is not None and settled.one_or_none() is not None:
                await session.execute(DONE, done)
    if done is not None:
        log.info(
            "export written",
            schedule_id=str(row.id),
            scheduled_at=done["scheduled_at"],
            missed=done["missed"],
        )
    return done is not None


@asynccontextmanager
async def _renewed(database: Database, schedule_id: UUID, claim: UUID) -> AsyncIterator[None]:
    """While the block runs the claim stays ours; a database that is away is tried again."""

    async def renew() -> None:
        while True:
            await asyncio.sleep(CLAIM_SECONDS / 3)
            with suppress(Unavailable):
                async with session_scope(database, Identity(JOB)) as session:
                    await session.execute(
                        RENEW, {"id": schedule_id, "claim": claim, "seconds": CLAIM_SECONDS}
                    )

    renewing = asyncio.create_task(renew(), name="export-claim")
    try:
        yield
    finally:
        renewing.cancel()
        await asyncio.gather(renewing, return_exceptions=True)


async def _write(
    database: Database, row: Any, scheduled_at: datetime, destination: Destination
) -> bytes:
    """The manifest readers see: that of an earlier try which died after publishing, or ours."""
    name = run_name(row.name, scheduled_at)
    what = ScheduledExport.model_validate(row.what)
    async with session_scope(database, Identity(JOB)) as session:
        await disclosures.record(
            session,
            what.mode,
            to=f"schedule:{row.id}",
            filters={**row.what, "scheduled_at": scheduled_at.isoformat()},
            destination=destination.address(name),
        )
    # Told all the same: a restored backup does not know that this one is out.
    if (earlier := await destination.published(name)) is not None:
        return earlier
    prepared = await asyncio.to_thread(_scratch, destination.scratch, f".writing-{row.id}-")
    try:
        files = await _fill(database, row.tasks, what, scheduled_at, prepared)
        manifest = Manifest(
            schedule=row.name,
            scheduled_at=scheduled_at,
            what=what,
            columns=COLUMNS[what.mode],
            files=files,
        )
        content = manifest.model_dump_json(indent=2) + "\n"
        await asyncio.to_thread((prepared / MANIFEST).write_text, content)
        return await destination.publish(prepared, name)
    finally:
        shutil.rmtree(prepared, ignore_errors=True)


def _scratch(parent: Path, prefix: str) -> Path:
    """A new folder. What a killed worker left of this schedule goes: its claim is ours now."""
    parent.mkdir(parents=True, exist_ok=True)
    for left in parent.glob(f"{prefix}*"):
        shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=prefix, dir=parent))


async def _fill(
    database: Database,
    tasks: list[str] | None,
    what: ScheduledExport,
    scheduled_at: datetime,
    folder: Path,
) -> list[ManifestFile]:
    caller = Caller("schedule", frozenset(), tasks=None if tasks is None else frozenset(tasks))
    seen = service.window(caller, task=what.task, days=what.days, now=scheduled_at)
    threshold = THRESHOLDS[what.mode] if what.threshold is None else what.threshold
    whole = folder / f"{what.mode}.{what.format.value}"
    async with snapshot_scope(database, Identity(SERVICE)) as snapshot:
        if what.mode == "review":
            stream = service.review(snapshot, seen, threshold, what.format)
        else:
            selection = Selection(min_confidence=threshold, approved_only=what.approved_only)
            stream = service.retraining(snapshot, seen, selection, what.format)
        with whole.open("wb") as file:
            async for piece in stream.pieces():
                file.write(piece)
    if what.splits is None:
        return [_described(whole, stream.rows)]
    counts = await asyncio.to_thread(_split, whole, folder, what)
    return [_described(folder / name, rows) for name, rows in sorted(counts.items())]


def _split(whole: Path, folder: Path, what: ScheduledExport) -> dict[str, int]:
    with whole.open("rb") as lines:
        counts = write_dataset(
            lines,
            folder,
            Shares.read(what.splits or ""),
            seed=SEED,
            selected=what.model_dump_json(exclude_none=True),
        )
    whole.unlink()
    return counts


def _described(path: Path, rows: int) -> ManifestFile:
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return ManifestFile(name=path.name, rows=rows, bytes=path.stat().st_size, sha256=sha256)
