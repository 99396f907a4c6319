"""Telling a task's lineage, and what each step of it did to the cases.

Apart from the registry, because a change is told in run events.
"""

from typing import Any
from uuid import UUID

from nlu_shared.schemas.base import Page
from nlu_shared.schemas.blame import Blame, Judged
from nlu_shared.schemas.prompts import Ancestor, PromptContent
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.catalog import service as catalog
from induction.lineage.blame import Made
from induction.lineage.blame import blame as blamed
from induction.prompts import service as prompts

_LINEAGE = text(
    """
    SELECT version.id, version.version_hash, version.parent_id, version.source, version.run_id,
           proposed.iteration, proposed.change, scored.validation_f1, scored.scorer,
           version.created_at
    FROM prompt_versions AS version
    LEFT JOIN LATERAL (
        SELECT (body->>'iteration')::int AS iteration, body->'change' AS change
        FROM run_events
        WHERE run_id = version.run_id AND body->>'type' = 'prompt_proposed'
            AND body->>'version_hash' = version.version_hash
        ORDER BY n LIMIT 1
    ) AS proposed ON true
    LEFT JOIN LATERAL (
        SELECT objective AS validation_f1, scorer
        FROM prompt_scores
        WHERE version_id = version.id AND split = 'validation'
        ORDER BY run_id DESC LIMIT 1
    ) AS scored ON true
    WHERE version.task = :task AND (CAST(:before AS uuid) IS NULL OR version.id < :before)
    ORDER BY version.id DESC LIMIT :limit
    """
).columns(change=JSONB)


# A version may have come out of several runs; the one that kept it says most about it.
_DESCENT = text(
    """
    WITH RECURSIVE descent AS (
        SELECT id, task, version_hash, content, parent_id, run_id AS first_run, 0 AS depth
        FROM prompt_versions WHERE id = :version_id
        UNION ALL
        SELECT parent.id, parent.task, parent.version_hash, parent.content, parent.parent_id,
               parent.run_id, depth + 1
        FROM prompt_versions AS parent JOIN descent ON parent.id = descent.parent_id
    )
    SELECT descent.id AS version_id, descent.content, told.*
    FROM descent
    LEFT JOIN prompt_versions AS parent ON parent.id = descent.parent_id
    LEFT JOIN LATERAL (
        SELECT proposed.run_id, (proposed.body->>'iteration')::int AS iteration,
               judged.body->>'type' AS type, judged.body->>'stage' AS stage,
               judged.body->'fixed' AS fixed, judged.body->'broke' AS broke
        FROM runs
        JOIN run_events AS proposed ON proposed.run_id = runs.id
            AND proposed.body->>'type' = 'prompt_proposed'
            AND proposed.body->>'version_hash' = descent.version_hash
            AND proposed.body->>'parent_hash' = parent.version_hash
        LEFT JOIN run_events AS judged ON judged.run_id = runs.id
            AND judged.body->>'type' IN ('change_kept', 'change_rejected')
            AND judged.body->>'version_hash' = descent.version_hash
        WHERE runs.task = descent.task
        ORDER BY judged.body->>'type' = 'change_kept' DESC NULLS LAST,
                 runs.id = first_run DESC, runs.id DESC
        LIMIT 1
    ) AS told ON true
    ORDER BY depth DESC
    """
).columns(content=JSONB, fixed=JSONB, broke=JSONB)
_JUDGED = {
    ("change_kept", None): Judged.KEPT,
    ("change_rejected", "gate"): Judged.REJECTED_AT_GATE,
    ("change_rejected", "validation"): Judged.REJECTED_ON_VALIDATION,
}


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


async def blame(session: AsyncSession, task: str, version_id: UUID) -> Blame:
    """A version taken apart. Raises NotFound."""
    await prompts.get(session, task, version_id)
    rows = (await session.execute(_DESCENT, {"version_id": version_id})).mappings().all()
    return blamed([_made(row) for row in rows])


def _made(row: Any) -> Made:
    return Made(
        version_id=row["version_id"],
        content=PromptContent.model_validate(row["content"]),
        run_id=row["run_id"],
        iteration=row["iteration"],
        judged=_JUDGED.get((row["type"], row["stage"]), Judged.UNKNOWN),
        fixed=tuple(map(UUID, row["fixed"] or ())),
        broke=tuple(map(UUID, row["broke"] or ())),
    )
