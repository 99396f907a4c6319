"""What became of versions, read from the runs that tried them: one statement each."""

from collections.abc import Collection
from uuid import UUID

from nlu_shared.schemas.verdicts import VerdictKind
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

_OUTCOMES = text(
    """
    SELECT DISTINCT ON (version_id) version_id, outcome, stage FROM run_changes
    WHERE version_id = ANY(:ids)
    ORDER BY version_id, outcome = 'kept' DESC, run_id DESC, n DESC
    """
)
_VERDICTS = text(
    """
    SELECT DISTINCT ON (best_version_id) best_version_id AS version_id, id AS run_id,
        verdict->>'kind' AS kind
    FROM runs
    WHERE task = :task AND best_version_id = ANY(:ids) AND verdict IS NOT NULL
        AND best_version_id <> baseline_version_id
    ORDER BY best_version_id, id DESC
    """
)
_ENSEMBLES = text("SELECT id FROM prompt_versions WHERE id = ANY(:ids) AND content ? 'members'")


async def ensembles(session: AsyncSession, version_ids: Collection[UUID]) -> set[UUID]:
    """Those of them that are votes themselves."""
    return set((await session.execute(_ENSEMBLES, {"ids": list(version_ids)})).scalars())


async def outcomes(session: AsyncSession, version_ids: Collection[UUID]) -> dict[UUID, str]:
    """As a change's `outcome`, by version; kept once is kept."""
    rows = await session.execute(_OUTCOMES, {"ids": list(version_ids)})
    return {
        row.version_id: row.outcome if row.stage is None else f"rejected_at_{row.stage}"
        for row in rows
    }


async def verdicts(
    session: AsyncSession, task: str, version_ids: Collection[UUID]
) -> dict[UUID, tuple[VerdictKind, UUID]]:
    """The verdict of the newest run whose best it was, and that run, by version."""
    rows = await session.execute(_VERDICTS, {"task": task, "ids": list(version_ids)})
    return {row.version_id: (VerdictKind(row.kind), row.run_id) for row in rows}
