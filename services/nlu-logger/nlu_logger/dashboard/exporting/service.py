"""What schedules have written, and the files of it that still lie on this machine."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from nlu_shared.kit.access.auth import Caller
from nlu_shared.kit.errors import NotFound
from nlu_shared.schemas.exports import Manifest, ManifestFile
from pydantic import ValidationError
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_logger.exports import disclosures
from nlu_logger.exports.destinations import MANIFEST, Folder, run_name
from nlu_logger.exports.schedules import OWN

LISTED = 25
WRITTEN = text(
    f"""
    SELECT s.id AS schedule, s.name, s.what ->> 'mode' AS mode, r.scheduled_at, r.finished_at,
        r.destination, r.rows, r.bytes, r.missed, r.sha256
    FROM export_runs r JOIN export_schedules s ON s.id = r.schedule_id
    WHERE {OWN} AND (CAST(:schedule AS uuid) IS NULL OR s.id = :schedule)
        AND (CAST(:at AS timestamptz) IS NULL OR r.scheduled_at = :at)
        AND (CAST(:before AS timestamptz) IS NULL OR (r.scheduled_at, s.id) < (:before, :beyond))
    ORDER BY r.scheduled_at DESC, s.id DESC LIMIT :limit
    """  # noqa: S608 - a condition of ours
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenExport:
    """One export that a schedule wrote."""

    schedule: UUID
    name: str
    mode: str
    scheduled_at: datetime
    finished_at: datetime
    destination: str
    rows: int
    bytes: int
    missed: int
    sha256: str

    def folder(self, root: Path | None) -> Path | None:
        """Where its files are, if that is below the folder of this machine's exports."""
        if root is None:
            return None
        name = run_name(self.name, self.scheduled_at)
        here = Folder(root.resolve()).address(name)
        return Path(here) if here == self.destination else None


@dataclass(frozen=True, slots=True)
class Line:
    """An export, and its files that are still there."""

    written: WrittenExport
    files: Sequence[ManifestFile]


@dataclass(frozen=True, slots=True)
class Before:
    """What comes after this export in the list, the newest first."""

    scheduled_at: datetime
    schedule: UUID


@dataclass(frozen=True, slots=True)
class ExportHistory:
    """A page of it, and where the next one begins."""

    lines: Sequence[Line]
    next: Before | None


async def page(
    session: AsyncSession,
    root: Path | None,
    *,
    caller: Caller,
    schedule: UUID | None,
    before: Before | None,
) -> ExportHistory:
    """What was written, the newest first.

    root: the folder of this machine's exports.
    caller: who looks; of schedules of other tasks nothing is shown.
    schedule: the only one to be shown; None: all.
    before: where the page begins; None: with the newest.
    """
    params = _params(caller, schedule, limit=LISTED + 1)
    if before is not None:
        params |= {"before": before.scheduled_at, "beyond": before.schedule}
    rows = await session.execute(WRITTEN, params)
    written = [WrittenExport(**row._mapping) for row in rows]
    shown = written[:LISTED]
    lines = await asyncio.to_thread(lambda: [Line(one, _there(one.folder(root))) for one in shown])
    last = shown[-1] if len(written) > LISTED else None
    return ExportHistory(lines, None if last is None else Before(last.scheduled_at, last.schedule))


async def file(
    session: AsyncSession,
    root: Path | None,
    *,
    caller: Caller,
    schedule: UUID,
    at: datetime,
    name: str,
) -> Path:
    """One file of an export, noted as handed out. Raises NotFound where it is not there any more.

    root: the folder of this machine's exports.
    caller: who gets it.
    schedule: whose export it is.
    at: when that was due.
    name: the file, as the export's manifest names it.
    """
    params = _params(caller, schedule, limit=1) | {"at": at}
    row = (await session.execute(WRITTEN, params)).one_or_none()
    written = None if row is None else WrittenExport(**row._mapping)
    folder = None if written is None else written.folder(root)
    files = {one.name for one in await asyncio.to_thread(_there, folder)}
    if written is None or folder is None or name not in files:
        raise NotFound("This file is not on this machine, or not any more.")
    what = {"schedule": str(schedule), "scheduled_at": at.isoformat(), "file": name}
    await disclosures.record(session, written.mode, to=caller.subject, filters=what)
    return folder / name


def _params(caller: Caller, schedule: UUID | None, *, limit: int) -> dict[str, Any]:
    unset = dict.fromkeys(("at", "before", "beyond"))
    return {"own": caller.task_list, "schedule": schedule, "limit": limit, **unset}


def _there(folder: Path | None) -> list[ManifestFile]:
    """Those that the export's manifest names and that lie beside it."""
    if folder is None:
        return []
    try:
        manifest = Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    except (OSError, ValidationError):
        return []
    return [one for one in manifest.files if _is_file(folder, one.name)]


def _is_file(folder: Path, name: str) -> bool:
    path = folder / name
    return path.name == name and path.is_file() and not path.is_symlink()
