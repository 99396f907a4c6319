"""A task's lineage, and what each step of it did to the cases."""

from operator import itemgetter
from typing import Any
from uuid import UUID

from nlu_shared.kit.data.orders import Sorts, ordered
from nlu_shared.kit.data.pages import cut
from nlu_shared.kit.order import NEWEST, Order
from nlu_shared.schemas.base import Page
from nlu_shared.schemas.blame import Blame, Judged
from nlu_shared.schemas.lineage import Ancestor
from nlu_shared.schemas.prompts import PromptContent
from nlu_shared.schemas.verdicts import VerdictKind
from sqlalchemy import (
    Boolean,
    DateTime,
    Float,
    Integer,
    Text,
    Uuid,
    case,
    column,
    func,
    select,
    table,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.history import blame as parts
from induction.history.blame import VersionStep
from induction.history.models import Outcome, RunChangeRow
from induction.prompts import queries as registry
from induction.prompts import service as prompts
from induction.prompts.models import PromptVersionRow
from induction.tasks import service as tasks

_LINEAGE = text(
    """
    SELECT version.id, version.version_hash, version.parent_id, version.source, version.run_id,
           proposed.iteration, proposed.change, scored.validation_f1, scored.scorer,
           scored.labels_version, version.notes, version.created_at,
           version.parent_id IS NOT NULL AND version.run_id IS NULL AND NOT EXISTS (
               SELECT FROM bundle_origins WHERE version_id = version.id
           ) AS is_edited
    FROM prompt_versions AS version
    LEFT JOIN LATERAL (
        SELECT iteration, change FROM run_changes
        WHERE run_id = version.run_id AND version_id = version.id
        ORDER BY n LIMIT 1
    ) AS proposed ON true
    LEFT JOIN LATERAL (
        SELECT objective AS validation_f1, scorer, labels_version
        FROM prompt_scores
        WHERE version_id = version.id AND split = 'validation'
            AND (version.run_id IS NULL OR run_id = version.run_id)
        ORDER BY run_id LIMIT 1
    ) AS scored ON true
    WHERE version.task = :task
    """
).columns(
    column("id", Uuid),
    column("version_hash", Text),
    column("parent_id", Uuid),
    column("source", Text),
    column("run_id", Uuid),
    column("iteration", Integer),
    column("change", JSONB),
    column("validation_f1", Float),
    column("scorer", Text),
    column("labels_version", Integer),
    column("notes", Text),
    column("created_at", DateTime(timezone=True)),
    column("is_edited", Boolean),
)
_VERSIONS = _LINEAGE.subquery("lineage").c
_RUNS = table(
    "runs",
    column("id", Uuid),
    column("verdict", JSONB),
    column("best_version_id", Uuid),
    column("baseline_version_id", Uuid),
)
_BEST_FIRST = {kind.value: place for place, kind in enumerate(VerdictKind)}


def _outcome() -> Any:
    """What became of a version where a run tried it, kept once is kept; else who made it."""
    tried = (
        select(col(RunChangeRow.outcome) + func.coalesce(col(RunChangeRow.stage), ""))
        .where(col(RunChangeRow.version_id) == _VERSIONS.id)
        .order_by(
            (col(RunChangeRow.outcome) == Outcome.KEPT).desc(),
            col(RunChangeRow.run_id).desc(),
            col(RunChangeRow.n).desc(),
        )
        .limit(1)
    )
    made = case(
        (_VERSIONS.run_id.is_not(None), "made by a run"),
        (_VERSIONS.is_edited, "edited by hand"),
        else_="brought in",
    )
    return func.coalesce(tried.scalar_subquery(), made)


def _verdict() -> Any:
    """Of the newest run whose best it was, the best verdict first."""
    reached = (
        select(case(_BEST_FIRST, value=_RUNS.c.verdict["kind"].astext))
        .where(
            _RUNS.c.best_version_id == _VERSIONS.id,
            _RUNS.c.baseline_version_id != _VERSIONS.id,
            _RUNS.c.verdict.is_not(None),
        )
        .order_by(_RUNS.c.id.desc())
        .limit(1)
    )
    return reached.scalar_subquery()


SORTS: Sorts = {
    "version": _VERSIONS.version_hash,
    "parent": _VERSIONS.parent_id,
    "f1": _VERSIONS.validation_f1,
    "outcome": _outcome(),
    "verdict": _verdict(),
    "rationale": func.lower(func.coalesce(_VERSIONS.change["rationale"].astext, _VERSIONS.notes)),
    "made": _VERSIONS.id,
}
"""What the versions of a task can be ordered by."""

# A version may have come out of several runs; the one that kept it says most about it.
_DESCENT = text(
    """
    WITH RECURSIVE descent AS (
        SELECT id, content, parent_id, run_id AS first_run, 0 AS depth
        FROM prompt_versions WHERE id = :version_id
        UNION ALL
        SELECT parent.id, parent.content, parent.parent_id, parent.run_id, depth + 1
        FROM prompt_versions AS parent JOIN descent ON parent.id = descent.parent_id
    )
    SELECT descent.id AS version_id, descent.content, made.*
    FROM descent
    LEFT JOIN LATERAL (
        SELECT run_id, iteration, outcome, stage, fixed, broke
        FROM run_changes
        WHERE version_id = descent.id AND parent_id = descent.parent_id
        ORDER BY outcome = 'kept' DESC, outcome = 'rejected' DESC, run_id = first_run DESC,
                 run_id DESC
        LIMIT 1
    ) AS made ON true
    ORDER BY depth DESC
    """
).columns(content=JSONB)

_JUDGED = {
    ("kept", None): Judged.KEPT,
    ("rejected", "gate"): Judged.REJECTED_AT_GATE,
    ("rejected", "validation"): Judged.REJECTED_ON_VALIDATION,
}


async def page(
    session: AsyncSession,
    task: str,
    *,
    before: UUID | None,
    limit: int,
    order: Order = NEWEST,
    outcome: str | None = None,
) -> Page[Ancestor]:
    """The versions of a task, newest first or in an order, or those whose outcome begins so.
    `validation_f1` is the version's own."""
    await tasks.get(session, task)
    serving = await prompts.production_id(session, task)
    versions = select(*_VERSIONS).params(task=task)
    if outcome is not None:
        versions = versions.where(SORTS["outcome"].startswith(outcome, autoescape=True))
    arranged = await ordered(session, versions, SORTS, order, id=_VERSIONS.id, before=before)
    rows = (await session.execute(arranged.limit(limit + 1))).mappings().all()
    page, cursor = cut(rows, limit, itemgetter("id"))
    items = [
        Ancestor.model_validate({**row, "is_production": row["id"] == serving}) for row in page
    ]
    return Page(items=items, next_cursor=cursor)


async def is_edited(session: AsyncSession, version: PromptVersionRow) -> bool:
    """Did a person write it out of its parent?"""
    if version.parent_id is None or version.run_id is not None:
        return False
    chosen = select(_VERSIONS.is_edited).params(task=version.task).where(_VERSIONS.id == version.id)
    return bool((await session.execute(chosen)).scalar_one())


async def blame(session: AsyncSession, task: str, version_id: UUID) -> Blame:
    """A version taken apart. Raises NotFound, IsEnsemble."""
    version = await prompts.get(session, task, version_id)
    version.prompt()
    rows = (await session.execute(_DESCENT, {"version_id": version_id})).mappings().all()
    answers = await registry.answers_of(session, version)
    return parts.blame([_step(row) for row in rows], answers)


def _step(row: Any) -> VersionStep:
    return VersionStep(
        version_id=row["version_id"],
        content=PromptContent.model_validate(row["content"]),
        run_id=row["run_id"],
        iteration=row["iteration"],
        judged=_JUDGED.get((row["outcome"], row["stage"]), Judged.UNKNOWN),
        fixed=tuple(row["fixed"] or ()),
        broke=tuple(row["broke"] or ()),
    )
