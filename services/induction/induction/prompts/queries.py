"""What the registry shows: versions with their measurements, what serves, what changed."""

import asyncio
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from nlu_shared.kit.access import names
from nlu_shared.kit.data.orders import ordered
from nlu_shared.kit.data.pages import cut
from nlu_shared.kit.errors import Conflict, NotFound
from nlu_shared.kit.order import NEWEST, Order
from nlu_shared.rendering import AnswerSpace
from nlu_shared.schemas.base import Page
from nlu_shared.schemas.diffs import PromptDiff
from nlu_shared.schemas.endpoints import ANTHROPIC, ModelEndpoint, provider_of
from nlu_shared.schemas.events import Split
from nlu_shared.schemas.experiments import Assigned
from nlu_shared.schemas.promotions import PromotionEvidence, PromotionProposal, ProposalStatus
from nlu_shared.schemas.prompts import (
    MadeOn,
    PromptVersion,
    ServingAlias,
    SplitScore,
    TaskKind,
    VersionSource,
    caution_of,
)
from nlu_shared.schemas.registry import ActivePrompt
from nlu_shared.schemas.runs import RunStatus
from pydantic import JsonValue
from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.model_settings import ModelSettings
from induction.prompts import endpoints, export, pointer, proposed
from induction.prompts.columns import PROPOSAL, PROPOSALS
from induction.prompts.diff import compare
from induction.prompts.models import (
    PromptProposalRow,
    PromptScoreRow,
    PromptVersionRow,
    PromptVoteRow,
)
from induction.prompts.service import content_of, get, origins
from induction.providers import OFFLINE
from induction.task_kinds.registry import task_of
from induction.tasks import service as tasks

_EVIDENCE = text(
    """
    SELECT id AS run_id, baseline_version_id, verdict,
        coalesce(baseline_version_id = :serving, false) AS is_against_serving
    FROM runs WHERE task = :task AND best_version_id = :version_id AND verdict IS NOT NULL
    ORDER BY is_against_serving DESC, id DESC LIMIT 1
    """
)
_REPLAY = text(
    """
    SELECT id AS run_id, completed_at, replay FROM runs
    WHERE baseline_version_id = :version_id AND kind = 'replay' AND status = 'completed'
        AND replay IS NOT NULL ORDER BY id DESC LIMIT 1
    """
)


class VersionUnfinished(Conflict):
    code = "version_unfinished"
    title = "The run that made the version goes on: what is known of it is not final"


def made_on(provider: str, model: str) -> MadeOn:
    return MadeOn(provider=provider, model=model, is_offline=provider == OFFLINE)


async def active(
    session: AsyncSession,
    row: PromptVersionRow,
    assigned: Assigned | None,
    *,
    settings: ModelSettings,
) -> ActivePrompt:
    """A version as what is to run.

    assigned: why this one, where a unit was named.
    settings: the service's own model, and its providers, for a version that was never measured.
    """
    answers = await answers_of(session, row)
    model, endpoint = await endpoints.of_version(session, row, settings)
    origin = await _made_on(session, row)
    is_plain = origin is None or provider_of(origin.provider) == ANTHROPIC
    return ActivePrompt(
        task=row.task,
        version_id=row.id,
        version_hash=row.version_hash,
        kind=answers.kind,
        labels=answers.labels,
        spellings=answers.other_spellings,
        **await content_of(session, row, answers),
        model=model,
        endpoint=None if is_plain and endpoint == ModelEndpoint.plain(model) else endpoint,
        made_on=origin,
        assigned=assigned,
    )


async def serving(session: AsyncSession, task: str, alias: ServingAlias) -> PromptVersionRow:
    """The version that serves; NotFound until something was promoted."""
    await tasks.get(session, task)
    version = await pointer.serves(session, task, alias)
    if version is None:
        raise NotFound("No version of this prompt serves yet.", code="nothing_active")
    return version


async def answers_of(session: AsyncSession, row: PromptVersionRow) -> AnswerSpace:
    """What the version's answers can be: the labels it was made with, in the spellings the task has
    for them now."""
    task = task_of((await tasks.get(session, row.task)).spec())
    if task.kind is not TaskKind.INTENT:
        return task.answers
    return AnswerSpace(task.kind, tuple(row.labels), task.answers.spellings)


async def view(session: AsyncSession, row: PromptVersionRow) -> PromptVersion:
    """A version as the outside sees it."""
    scores = await scores_of(session, row)
    own = own_scores(row.run_id, scores)
    serves_as = await pointer.aliases_of(session, row.task, row.id)
    return PromptVersion(
        id=row.id,
        task=row.task,
        version_hash=row.version_hash,
        **await content_of(session, row, await answers_of(session, row)),
        constants=row.module_constants,
        parent_id=row.parent_id,
        run_id=row.run_id,
        source=VersionSource(row.source),
        made_on=await _made_on(session, row),
        is_production=ServingAlias.PRODUCTION in serves_as,
        serves_as=serves_as,
        validation_f1=own.get(Split.VALIDATION),
        train_f1=own.get(Split.TRAIN),
        scores=scores,
        notes=row.notes,
        created_at=row.created_at,
    )


async def scores_of(session: AsyncSession, row: PromptVersionRow) -> list[SplitScore]:
    """Every measurement, the oldest run first."""
    scores = await session.exec(
        select(PromptScoreRow)
        .where(PromptScoreRow.version_id == row.id)
        .order_by(col(PromptScoreRow.run_id), col(PromptScoreRow.split))
    )
    known = SplitScore.model_fields.keys() - {"era"}
    return [
        SplitScore.model_validate(score.model_dump(include=known) | {"era": score.era})
        for score in scores
    ]


def own_scores(run_id: UUID | None, scores: Sequence[SplitScore]) -> dict[str, float]:
    """By split, as they stay for good: by the run that made the version, or of an imported one by
    the first that measured it."""
    of_first = scores[0].run_id if scores and run_id is None else run_id
    return {one.split: one.objective for one in scores if one.run_id == of_first}


async def _made_on(session: AsyncSession, row: PromptVersionRow) -> MadeOn | None:
    origin = (await origins(session, [row.id])).get(row.id)
    return None if origin is None else made_on(*origin)


async def _run_of(session: AsyncSession, row: PromptVersionRow) -> Any | None:
    """That made the version: its status."""
    if row.run_id is None:
        return None
    run = await session.execute(text("SELECT status FROM runs WHERE id = :id"), {"id": row.run_id})
    return run.one_or_none()


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
    """What changed from one version to another of the same task. Raises IsEnsemble."""
    old = (await get(session, task, before)).prompt()
    row = await get(session, task, after)
    answers = await answers_of(session, row)
    # Long prompts take a moment, in which other callers are answered.
    return await asyncio.to_thread(compare, old, row.prompt(), answers)


async def exported(
    session: AsyncSession, row: PromptVersionRow, *, as_json: bool, settings: ModelSettings
) -> str:
    """The version as text: of what it was made with and what its own run found, so that it is the
    same whenever it is asked for. `settings` as in `active`.

    Raises Unfinished while that run goes on, IsEnsemble.
    """
    content = row.prompt()
    run = await _run_of(session, row)
    if run is not None and not RunStatus(run.status).over:
        raise VersionUnfinished
    origin = await _made_on(session, row)
    of_run = [one for one in await scores_of(session, row) if one.run_id == row.run_id]
    own = own_scores(row.run_id, of_run)
    model, endpoint = await endpoints.first_measured(session, row, settings)
    facts: dict[str, JsonValue] = {
        "validation_f1": own.get(Split.VALIDATION),
        "train_f1": own.get(Split.TRAIN),
        "dataset_hash": of_run[0].dataset_hash if of_run else None,
        "model": model,
        "made_on": None if origin is None else origin.model_dump(mode="json"),
        "caution": caution_of(origin),
    }
    answers = await answers_of(session, row)
    write_as = export.to_json if as_json else export.to_module
    return write_as(
        content,
        task=row.task,
        version_id=row.id,
        answers=AnswerSpace(answers.kind, answers.labels, row.spellings),
        facts=facts,
        endpoint=endpoint,
        constants=row.module_constants,
    )


async def evidence_of(
    session: AsyncSession, version: PromptVersionRow, serving: UUID | None
) -> PromotionEvidence:
    """What is known of the version against the one that serves."""
    params = {"task": version.task, "version_id": version.id, "serving": serving}
    evidence = (await session.execute(_EVIDENCE, params)).mappings().one_or_none()
    replay = (await session.execute(_REPLAY, params)).mappings().one_or_none()
    scores = await scores_of(session, version)
    return PromotionEvidence.model_validate(
        {**(evidence or {}), "replay": replay and dict(replay), "scores": scores}
    )


async def proposal_page(
    session: AsyncSession,
    task: str,
    *,
    status: ProposalStatus | None,
    before: UUID | None,
    limit: int,
    order: Order = NEWEST,
) -> Page[PromotionProposal]:
    """The newest first, or in an order."""
    await tasks.get(session, task)
    statement = select(PromptProposalRow).where(PromptProposalRow.task == task)
    if status is not None:
        statement = statement.where(PromptProposalRow.status == status.value)
    arranged = await ordered(session, statement, PROPOSALS, order, id=PROPOSAL, before=before)
    page, cursor = cut((await session.execute(arranged.limit(limit + 1))).scalars().all(), limit)
    return Page(items=await proposal_views(session, page), next_cursor=cursor)


async def proposal_view(session: AsyncSession, row: PromptProposalRow) -> PromotionProposal:
    return (await proposal_views(session, [row]))[0]


async def proposal_views(
    session: AsyncSession, rows: Sequence[PromptProposalRow]
) -> list[PromotionProposal]:
    """Of one task."""
    votes = await votes_on(session, [row.id for row in rows])
    open_one = next((row.task for row in rows if row.closed_at is None), None)
    as_of_now = 0
    if open_one is not None:
        as_of_now = (await tasks.get(session, open_one)).promotion_approvals
    people = {one.by for one in votes} | {row.proposed_by for row in rows}
    return proposed.views(rows, votes, await names.within(session, people), needed_now=as_of_now)


async def votes_on(session: AsyncSession, proposal_ids: Collection[UUID]) -> list[PromptVoteRow]:
    """In their order."""
    of_them = select(PromptVoteRow).where(col(PromptVoteRow.proposal_id).in_(proposal_ids))
    return list(await session.exec(of_them.order_by(col(PromptVoteRow.n))))
