"""Telling a task's lineage. Apart from the registry, because a change is told in run events."""

from uuid import UUID

from nlu_shared.schemas.base import Page
from nlu_shared.schemas.prompts import Ancestor
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.catalog import service as catalog
from induction.prompts import service as prompts

_LINEAGE = text(
    """
    SELECT version.id, version.version_hash, version.parent_id, version.source, version.run_id,
           proposed.iteration, proposed.change, scored.validation_f1, version.created_at
    FROM prompt_versions AS version
    LEFT JOIN LATERAL (
        SELECT (body->>'iteration')::int AS iteration, body->'change' AS change
        FROM run_events
        WHERE run_id = version.run_id AND body->>'type' = 'prompt_proposed'
            AND body->>'version_hash' = version.version_hash
        ORDER BY n LIMIT 1
    ) AS proposed ON true
    LEFT JOIN LATERAL (
        SELECT objective AS validation_f1
        FROM prompt_scores
        WHERE version_id = version.id AND part = 'validation'
        ORDER BY run_id DESC LIMIT 1
    ) AS scored ON true
    WHERE version.task = :task AND (CAST(:before AS uuid) IS NULL OR version.id < :before)
    ORDER BY version.id DESC LIMIT :limit
    """
).columns(change=JSONB)


async def page(
    session: AsyncSession, task: str, *, before: UUID | None, limit: int
) -> Page[Ancestor]:
    """The versions of a task, newest first. `validation_f1` is the newest measurement."""
    await catalog.get(session, task)
    serving = await prompts.production_id(session, task)
    asked = {"task": task, "before": before, "limit": limit + 1}
    rows = (await session.execute(_LINEAGE, asked)).mappings().all()
    items = [
        Ancestor.model_validate({**row, "is_production": row["id"] == serving})
        for row in rows[:limit]
    ]
    return Page(items=items, next_cursor=str(items[-1].id) if len(rows) > limit else None)
