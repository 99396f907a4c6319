"""Which failures still count, read from the events of the runs that saw them.

Nothing is stored a second time: a run remembers by reference, and what it is told is read from
the events it refers to, which never change. Refusals before the gate are not remembered: they cost
no call, and may hold what the leak guard keeps out of prompts.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from nlu_shared.kit import audit
from nlu_shared.schemas.base import Page
from nlu_shared.schemas.prompts import Aim, Change, FailedIdea, TaskIn
from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.catalog import service as catalog
from induction.engine.plan import Remembered
from induction.ideas.policy import is_settled
from induction.prompts import service as prompts
from induction.settings import Settings
from induction.tasks.registry import task_of

MOST = 100
"""Failures one run remembers, the newest."""

# A version that was kept once, or that quotes a case which is to be forgotten, is no failed idea.
_FAILED = text(
    """
    WITH here AS (
        SELECT id FROM runs
        WHERE task = :task AND task_model = :task_model AND provider = :provider
            AND scorer = :scorer AND created_at > now() - make_interval(secs => 86400 * :days)
    ), kept AS (
        SELECT body->>'version_hash' AS version_hash
        FROM run_events JOIN here ON here.id = run_id
        WHERE body->>'type' = 'change_kept'
    ), quoting AS (
        SELECT unnest(quoted_in) AS version_id FROM forgotten_cases
    )
    SELECT DISTINCT ON (version.id)
        version.id AS version_id, failed.run_id, failed.created_at AS at,
        proposed.body->'change'->>'strategy' AS strategy, proposed.body->'change'->'edits' AS edits,
        proposed.body->'aims' AS aims, failed.body->>'stage' AS stage,
        failed.body->>'reason' AS reason, count(*) OVER one AS runs,
        sum(jsonb_array_length(failed.body->'fixed')) OVER one AS fixed,
        sum(jsonb_array_length(failed.body->'broke')) OVER one AS broke
    FROM here
    JOIN run_events AS failed ON failed.run_id = here.id
        AND failed.body->>'type' = 'change_rejected' AND failed.body->>'version_hash' IS NOT NULL
    JOIN run_events AS proposed ON proposed.run_id = here.id
        AND proposed.body->>'type' = 'prompt_proposed'
        AND proposed.body->>'version_hash' = failed.body->>'version_hash'
    JOIN prompt_versions AS version ON version.task = :task
        AND version.version_hash = failed.body->>'version_hash'
    LEFT JOIN cleared_ideas AS cleared ON cleared.version_id = version.id
    WHERE (CAST(:before AS uuid) IS NULL OR version.id < :before)
        AND (cleared_at IS NULL OR failed.created_at > cleared_at)
        AND version.version_hash NOT IN (SELECT version_hash FROM kept)
        AND version.id NOT IN (SELECT version_id FROM quoting)
    WINDOW one AS (PARTITION BY version.id)
    ORDER BY version.id DESC, failed.run_id DESC
    LIMIT :limit
    """
).columns(edits=JSONB, aims=JSONB)

_TOLD = (
    text(
        """
    SELECT failed.run_id, proposed.body->'change' AS change, proposed.body->'aims' AS aims,
        proposed.body->>'parent_hash' AS parent_hash, failed.body->>'stage' AS stage,
        failed.body->>'reason' AS reason
    FROM ROWS FROM (jsonb_to_recordset(:refs) AS (version_id uuid, run_id uuid))
        WITH ORDINALITY AS ref (version_id, run_id, place)
    JOIN prompt_versions AS version ON version.id = ref.version_id
    JOIN run_events AS failed ON failed.run_id = ref.run_id
        AND failed.body->>'type' = 'change_rejected'
        AND failed.body->>'version_hash' = version.version_hash
    JOIN run_events AS proposed ON proposed.run_id = ref.run_id
        AND proposed.body->>'type' = 'prompt_proposed'
        AND proposed.body->>'version_hash' = version.version_hash
    ORDER BY place
    """
    )
    .bindparams(bindparam("refs", type_=JSONB))
    .columns(change=JSONB, aims=JSONB)
)

_OUTCOMES = {"gate": "rejected at the gate", "validation": "rejected on validation"}


class World(NamedTuple):
    """What a failure was measured in: it counts only where all of this is the same."""

    task: str
    task_model: str
    provider: str
    scorer: str

    @classmethod
    def now(cls, task: TaskIn, settings: Settings) -> "World":
        model = task.task_model or settings.task_model
        return cls(task.slug, model, settings.provider, task_of(task).scorer)


async def page(
    session: AsyncSession, settings: Settings, slug: str, *, before: UUID | None, limit: int
) -> Page[FailedIdea]:
    """What failed lately in the world as it is now, the newest version first. Raises NotFound."""
    world = World.now((await catalog.get(session, slug)).spec(), settings)
    asked = {"days": settings.remember_days, "before": before, "limit": limit + 1}
    rows = (await session.execute(_FAILED, {**world._asdict(), **asked})).mappings().all()
    items = [
        FailedIdea.model_validate(
            {**row, "is_settled": is_settled(fixed=row["fixed"], broke=row["broke"])}
        )
        for row in rows[:limit]
    ]
    return Page(items=items, next_cursor=str(items[-1].version_id) if len(rows) > limit else None)


async def to_remember(session: AsyncSession, settings: Settings, slug: str) -> list[dict[str, str]]:
    """What a run that starts now must know, as references for `told`."""
    known = await page(session, settings, slug, before=None, limit=MOST)
    return [
        {"version_id": str(one.version_id), "run_id": str(one.run_id)}
        for one in known.items
        if one.is_settled
    ]


async def told(
    session: AsyncSession, references: Sequence[dict[str, str]]
) -> tuple[Remembered, ...]:
    """What is referred to, in the order of the references; always the same."""
    if not references:
        return ()
    rows = (await session.execute(_TOLD, {"refs": list(references)})).mappings().all()
    return tuple(_remembered(row) for row in rows)


def _remembered(row: Any) -> Remembered:
    return Remembered(
        run_id=row["run_id"],
        change=Change.model_validate({**row["change"], "rationale": ""}),
        parent_hash=row["parent_hash"],
        aims=tuple(Aim.model_validate(aim) for aim in row["aims"]),
        outcome=_OUTCOMES[row["stage"]],
        reason=row["reason"],
    )


async def clear(session: AsyncSession, task: str, version_id: UUID, *, by: str) -> None:
    """Later runs may try this change again; a run under way keeps what it was started with.
    Raises NotFound."""
    await prompts.get(session, task, version_id)
    await session.execute(
        text(
            "INSERT INTO cleared_ideas (version_id) VALUES (:id)"
            " ON CONFLICT (version_id) DO UPDATE SET cleared_at = now()"
        ),
        {"id": version_id},
    )
    await audit.record(session, actor=by, action="ideas.clear", subject=version_id)
