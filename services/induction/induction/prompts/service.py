"""Importing, finding, scoring and promoting prompt versions; what is shown is in `queries`."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from nlu_shared.ids import uuid7
from nlu_shared.kit.errors import Conflict, Invalid, NotFound
from nlu_shared.rendering import rendered
from nlu_shared.schemas.events import PromptEvaluated, Split
from nlu_shared.schemas.prompts import (
    Block,
    PromptContent,
    PromptSource,
)
from nlu_shared.schemas.registry import PromptImport
from nlu_shared.schemas.rendered import ModuleConstants
from nlu_shared.schemas.tasks import TaskSpec
from pydantic import JsonValue
from sqlalchemy import tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.prompts.handwritten import UnreadableModule
from induction.prompts.models import ProductionPromptRow, PromptScoreRow, PromptVersionRow
from induction.prompts.reading import ReadPrompt, read_module
from induction.task_kinds.registry import task_of
from induction.tasks import service as tasks


async def bring_in(
    session: AsyncSession, spec: TaskSpec, request: PromptImport, *, by: str
) -> tuple[PromptVersionRow, bool]:
    """Stores a prompt from outside and whether it is new; equal prompts are one version.

    Raises Invalid for a prompt the task cannot be served with, and says why.
    """
    slug, task = spec.slug, task_of(spec)
    read = await asyncio.to_thread(_read, request) or ReadPrompt(task.baseline())
    content = read.content
    problems = task.problems(content)
    if problems:
        raise Invalid("; ".join(problems), code="unusable_prompt")
    version, is_new = await ensure(
        session,
        slug,
        content,
        source=PromptSource.IMPORT,
        labels=task.answers.labels,
        constants=read.constants,
        notes=request.notes,
    )
    if not is_new:
        version.labels = list(task.answers.labels)
        version.constants = _plain(read.constants) or version.constants
    if request.promote:
        await promote(session, slug, version.id, by=by)
    return version, is_new


def _read(request: PromptImport) -> ReadPrompt | None:
    given = [one for one in (request.content, request.text, request.module) if one is not None]
    if len(given) > 1:
        raise Invalid("Give content, text or module, one of them.")
    if request.module is not None:
        try:
            return read_module(request.module)
        except UnreadableModule as unreadable:
            raise Invalid(str(unreadable), code="unreadable_module") from None
    if request.text is not None:
        block = Block(name="instructions", text=request.text)
        return ReadPrompt(PromptContent(instructions=(block,)))
    return None if request.content is None else ReadPrompt(request.content, request.constants)


def _plain(constants: ModuleConstants | None) -> dict[str, JsonValue] | None:
    return None if constants is None else constants.model_dump(mode="json")


async def ensure(
    session: AsyncSession,
    task: str,
    content: PromptContent,
    *,
    source: PromptSource,
    labels: Sequence[str] | None,
    parent_id: UUID | None = None,
    run_id: UUID | None = None,
    constants: ModuleConstants | None = None,
    notes: str | None = None,
) -> tuple[PromptVersionRow, bool]:
    """The version with this content, made if there is none; True where it was made. It is to be
    answered with `labels`, and called by its module's constants, or by those of its parent."""
    of_parent = await session.get(PromptVersionRow, parent_id) if parent_id else None
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
            labels=None if labels is None else list(labels),
            constants=of_parent.constants if of_parent else _plain(constants),
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


async def hashes(session: AsyncSession, version_ids: Collection[UUID]) -> dict[UUID, str]:
    """By id."""
    chosen = select(PromptVersionRow.id, PromptVersionRow.version_hash).where(
        col(PromptVersionRow.id).in_(version_ids)
    )
    return dict(list(await session.exec(chosen)))


async def record_score(
    session: AsyncSession,
    version: PromptVersionRow,
    event: PromptEvaluated,
    *,
    run_id: UUID,
    dataset_hash: str,
    model: str,
    answered_by: str | None,
    scorer: str,
    labels_version: int,
) -> None:
    """Keeps how a version did on one split, and in which form; the newest measurement of the same
    run stands. A version that does not serve keeps the labels it was measured with."""
    row = await tasks.get(session, version.task)
    measured = task_of(row.spec()).answers
    if await production_id(session, version.task) != version.id:
        version.labels = list(measured.labels)
    values = {
        "version_id": version.id,
        "run_id": run_id,
        "split": event.split.value,
        "objective": event.objective,
        **event.model_dump(
            mode="json",
            include={
                "components",
                "pooled",
                "support",
                "per_conversation",
                "cases",
                "unanswered",
                "faults",
                "lenient",
            },
        ),
        "dataset_hash": dataset_hash,
        "model": model,
        "answered_by": answered_by,
        "scorer": scorer,
        "rendered_hash": rendered(version.prompt(), measured).rendered_hash,
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
