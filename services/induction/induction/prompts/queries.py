"""What the registry shows: versions with their measurements, what serves, what changed."""

import asyncio
from uuid import UUID

from nlu_shared.kit.data.pages import cut
from nlu_shared.kit.errors import NotFound
from nlu_shared.rendering import AnswerSpace, rendered
from nlu_shared.schemas.base import Page
from nlu_shared.schemas.diffs import PromptDiff
from nlu_shared.schemas.prompts import (
    MadeOn,
    PromptSource,
    PromptVersion,
    SplitScore,
    TaskKind,
    caution_of,
)
from nlu_shared.schemas.registry import ActivePrompt
from nlu_shared.schemas.rendered import ModuleConstants
from pydantic import JsonValue
from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.prompts.diff import compare
from induction.prompts.models import PromptScoreRow, PromptVersionRow
from induction.prompts.service import get, production_id
from induction.providers import OFFLINE
from induction.task_kinds.registry import task_of
from induction.tasks import service as tasks


def made_on(provider: str, model: str) -> MadeOn:
    return MadeOn(provider=provider, model=model, is_offline=provider == OFFLINE)


async def active(session: AsyncSession, task: str, *, model: str) -> ActivePrompt:
    """What serves now; NotFound until something was promoted. `model` is the service's own, for a
    version that was never measured, of a task that names none."""
    row = await serving(session, task)
    answers, content = await answers_of(session, row), row.prompt()
    return ActivePrompt(
        task=task,
        version_id=row.id,
        version_hash=row.version_hash,
        content=content,
        kind=answers.kind,
        labels=answers.labels,
        spellings=answers.other_spellings,
        rendered=rendered(content, answers),
        model=await model_of(session, row, model=model),
        made_on=await _made_on(session, row),
    )


async def serving(session: AsyncSession, task: str) -> PromptVersionRow:
    """The version that serves; NotFound until something was promoted."""
    await tasks.get(session, task)
    version_id = await production_id(session, task)
    if version_id is None:
        raise NotFound("No version of this prompt serves yet.", code="nothing_active")
    return await get(session, task, version_id)


async def answers_of(session: AsyncSession, row: PromptVersionRow) -> AnswerSpace:
    """What the version's answers can be: the labels it was measured with, or brought in under,
    in the spellings the task has for them now."""
    task = task_of((await tasks.get(session, row.task)).spec())
    if row.labels is None or task.kind is not TaskKind.INTENT:
        return task.answers
    return AnswerSpace(task.kind, tuple(row.labels), task.answers.spellings)


async def model_of(session: AsyncSession, row: PromptVersionRow, *, model: str) -> str:
    """The model it was last measured with, else the task's own, else `model`."""
    newest = (
        select(PromptScoreRow.model)
        .where(PromptScoreRow.version_id == row.id)
        .order_by(col(PromptScoreRow.run_id).desc())
        .limit(1)
    )
    measured = (await session.exec(newest)).first()
    return measured or (await tasks.get(session, row.task)).task_model or model


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
    content = row.prompt()
    return PromptVersion(
        id=row.id,
        task=row.task,
        version_hash=row.version_hash,
        content=content,
        rendered=rendered(content, await answers_of(session, row)),
        constants=row.constants and ModuleConstants.model_validate(row.constants),
        parent_id=row.parent_id,
        run_id=row.run_id,
        source=PromptSource(row.source),
        made_on=await _made_on(session, row),
        is_production=await production_id(session, row.task) == row.id,
        validation_f1=newest.get("validation"),
        train_f1=newest.get("train"),
        scores=by_split,
        notes=row.notes,
        created_at=row.created_at,
    )


async def _made_on(session: AsyncSession, row: PromptVersionRow) -> MadeOn | None:
    if row.run_id is None:
        return None
    run = await session.execute(
        text("SELECT provider, task_model FROM runs WHERE id = :id"), {"id": row.run_id}
    )
    held = run.one_or_none()
    return None if held is None else made_on(held.provider, held.task_model)


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
    row = await get(session, task, after)
    answers = await answers_of(session, row)
    # Long prompts take a moment, in which other callers are answered.
    return await asyncio.to_thread(compare, old, row.prompt(), answers)


def export_facts(version: PromptVersion, *, model: str) -> dict[str, JsonValue]:
    """What an export says about the version beside its text; `model` as `model_of` gives it."""
    newest = version.scores[-1] if version.scores else None
    return {
        "validation_f1": version.validation_f1,
        "train_f1": version.train_f1,
        "dataset_hash": newest.dataset_hash if newest else None,
        "model": model,
        "made_on": None if version.made_on is None else version.made_on.model_dump(mode="json"),
        "caution": caution_of(version.made_on),
    }
