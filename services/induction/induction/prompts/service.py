"""Importing, finding, comparing, scoring and promoting prompt versions."""

import asyncio
from collections.abc import Mapping
from uuid import UUID

from nlu_shared.ids import uuid7
from nlu_shared.kit.errors import Conflict, Invalid, NotFound
from nlu_shared.kit.pages import cut
from nlu_shared.schemas.base import Page
from nlu_shared.schemas.diffs import PromptDiff
from nlu_shared.schemas.events import PromptEvaluated, Split
from nlu_shared.schemas.prompts import (
    ActivePrompt,
    Block,
    PromptContent,
    PromptImport,
    PromptSource,
    PromptVersion,
    SplitScore,
)
from nlu_shared.schemas.tasks import TaskSpec
from pydantic import JsonValue
from sqlalchemy import tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.prompts.diff import compare
from induction.prompts.export import UnreadableModule, read_module
from induction.prompts.models import ProductionPromptRow, PromptScoreRow, PromptVersionRow
from induction.task_kinds.registry import task_of
from induction.tasks import service as tasks


async def bring_in(
    session: AsyncSession, spec: TaskSpec, request: PromptImport, *, by: str
) -> tuple[PromptVersionRow, bool]:
    """Stores a prompt from outside and whether it is new; equal prompts are one version.

    Raises Invalid for a prompt the task cannot be served with, and says why.
    """
    slug, task = spec.slug, task_of(spec)
    content = await asyncio.to_thread(_content_of, request) or task.baseline()
    problems = task.problems(content)
    if problems:
        raise Invalid(" ".join(problems), code="unusable_prompt")
    version, is_new = await ensure(
        session, slug, content, source=PromptSource.IMPORT, notes=request.notes
    )
    if request.promote:
        await promote(session, slug, version.id, by=by)
    return version, is_new


def _content_of(request: PromptImport) -> PromptContent | None:
    given = [one for one in (request.content, request.text, request.module) if one is not None]
    if len(given) > 1:
        raise Invalid("Give content, text or module, one of them.")
    if request.module is not None:
        try:
            return read_module(request.module)
        except UnreadableModule as unreadable:
            raise Invalid(str(unreadable), code="unreadable_module") from None
    if request.text is not None:
        return PromptContent(instructions=(Block(name="instructions", text=request.text),))
    return request.content


async def ensure(
    session: AsyncSession,
    task: str,
    content: PromptContent,
    *,
    source: PromptSource,
    parent_id: UUID | None = None,
    run_id: UUID | None = None,
    notes: str | None = None,
) -> tuple[PromptVersionRow, bool]:
    """The version with this content, made if there is none; True where it was made."""
    made = await session.exec(
        insert(PromptVersionRow)
        .values(
            id=uuid7(),
            task=task,
            version_hash=content.version_hash,
            content=content.model_dump(mode="json"),
            parent_id=parent_id,
            run_id=run_id,
            source=source.value,
            notes=notes,
        )
        .on_conflict_do_nothing()
        .returning(col(PromptVersionRow.id))
    )
    is_new = made.first() is not None
    return await by_hash(session, task, content.version_hash), is_new


async def by_hash(session: AsyncSession, task: str, version_hash: str) -> PromptVersionRow:
    return (
        await session.exec(
            select(PromptVersionRow).where(
                PromptVersionRow.task == task, PromptVersionRow.version_hash == version_hash
            )
        )
    ).one()


async def get(session: AsyncSession, task: str, version_id: UUID) -> PromptVersionRow:
    row = await session.get(PromptVersionRow, version_id)
    if row is None or row.task != task:
        raise NotFound("There is no such prompt version.", code="unknown_version")
    return row


async def record_score(
    session: AsyncSession,
    version: PromptVersionRow,
    event: PromptEvaluated,
    *,
    run_id: UUID,
    dataset_hash: str,
    model: str,
    scorer: str,
    labels_version: int,
) -> None:
    """Keeps how a version did on one split; the newest measurement of the same run stands."""
    values = {
        "version_id": version.id,
        "run_id": run_id,
        "split": event.split.value,
        "objective": event.objective,
        **event.model_dump(
            mode="json",
            include={"components", "pooled", "support", "per_conversation", "cases", "unanswered"},
        ),
        "dataset_hash": dataset_hash,
        "model": model,
        "scorer": scorer,
        "labels_version": labels_version,
    }
    await session.exec(
        insert(PromptScoreRow)
        .values(values)
        .on_conflict_do_update(index_elements=["version_id", "run_id", "split"], set_=values)
    )


async def scores_on(
    session: AsyncSession, version_by_run: Mapping[UUID, UUID], *, split: Split
) -> dict[UUID, PromptScoreRow]:
    """How a run scored a version on a split, by run; absent where it did not."""
    rows = await session.exec(
        select(PromptScoreRow).where(
            PromptScoreRow.split == split.value,
            tuple_(col(PromptScoreRow.run_id), col(PromptScoreRow.version_id)).in_(
                list(version_by_run.items())
            ),
        )
    )
    return {row.run_id: row for row in rows}


async def promote(session: AsyncSession, task: str, version_id: UUID, *, by: str) -> None:
    """From the commit on this version serves; promoting the one that serves changes nothing."""
    await get(session, task, version_id)
    if await production_id(session, task) != version_id:
        session.add(ProductionPromptRow(task=task, version_id=version_id, by=by))
        await session.flush()


async def roll_back(session: AsyncSession, task: str, *, by: str) -> UUID:
    """Serves again what served before; returns its id. Conflict where nothing did."""
    await tasks.get(session, task)
    history = await _pointer_history(session, task, limit=2)
    if len(history) < 2:
        raise Conflict("No earlier version has served.")
    await promote(session, task, history[1], by=by)
    return history[1]


async def production_id(session: AsyncSession, task: str) -> UUID | None:
    history = await _pointer_history(session, task, limit=1)
    return history[0] if history else None


async def _pointer_history(session: AsyncSession, task: str, *, limit: int) -> list[UUID]:
    rows = await session.exec(
        select(ProductionPromptRow.version_id)
        .where(ProductionPromptRow.task == task)
        .order_by(col(ProductionPromptRow.since).desc())
        .limit(limit)
    )
    return list(rows.all())


async def active(session: AsyncSession, task: str) -> ActivePrompt:
    """What serves now; NotFound until something was promoted."""
    await tasks.get(session, task)
    version_id = await production_id(session, task)
    if version_id is None:
        raise NotFound("No version of this prompt serves yet.", code="nothing_active")
    row = await get(session, task, version_id)
    return ActivePrompt(
        task=task, version_id=row.id, version_hash=row.version_hash, content=row.prompt()
    )


async def view(session: AsyncSession, row: PromptVersionRow) -> PromptVersion:
    """A version as the outside sees it. F1 fields hold the newest measurement of each split."""
    scores = await session.exec(
        select(PromptScoreRow)
        .where(PromptScoreRow.version_id == row.id)
        .order_by(col(PromptScoreRow.run_id), col(PromptScoreRow.split))
    )
    by_split = [
        SplitScore.model_validate(score.model_dump(include=set(SplitScore.model_fields)))
        for score in scores
    ]
    newest = {score.split: score.objective for score in by_split}
    return PromptVersion(
        id=row.id,
        task=row.task,
        version_hash=row.version_hash,
        content=row.prompt(),
        parent_id=row.parent_id,
        run_id=row.run_id,
        source=PromptSource(row.source),
        is_production=await production_id(session, row.task) == row.id,
        validation_f1=newest.get("validation"),
        train_f1=newest.get("train"),
        scores=by_split,
        notes=row.notes,
        created_at=row.created_at,
    )


async def page(
    session: AsyncSession, task: str, *, after: UUID | None, limit: int
) -> Page[PromptVersion]:
    """Versions of a task, oldest first."""
    await tasks.get(session, task)
    statement = select(PromptVersionRow).where(PromptVersionRow.task == task)
    if after is not None:
        statement = statement.where(col(PromptVersionRow.id) > after)
    rows = (await session.exec(statement.order_by(col(PromptVersionRow.id)).limit(limit + 1))).all()
    page, cursor = cut(rows, limit)
    return Page(items=[await view(session, row) for row in page], next_cursor=cursor)


async def diff(session: AsyncSession, task: str, *, before: UUID, after: UUID) -> PromptDiff:
    """What changed from one version to another of the same task."""
    old = (await get(session, task, before)).prompt()
    new = (await get(session, task, after)).prompt()
    # Long prompts take a moment, in which other callers are answered.
    return await asyncio.to_thread(compare, old, new)


def export_facts(version: PromptVersion) -> dict[str, JsonValue]:
    """What an export says about the version beside its text."""
    newest = version.scores[-1] if version.scores else None
    return {
        "validation_f1": version.validation_f1,
        "train_f1": version.train_f1,
        "dataset_hash": newest.dataset_hash if newest else None,
        "model": newest.model if newest else None,
    }
