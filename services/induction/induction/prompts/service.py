"""Making, finding and scoring prompt versions; what is shown is in `queries`, what serves in
`pointer`, and what comes from outside in `bringing`."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from nlu_shared.ids import uuid7
from nlu_shared.kit.errors import NotFound
from nlu_shared.rendering import AnswerSpace, rendered
from nlu_shared.schemas.ensembles import Ensemble, RenderedEnsemble, RenderedMember
from nlu_shared.schemas.events import PromptEvaluated, Split
from nlu_shared.schemas.prompts import PromptContent, VersionSource
from nlu_shared.schemas.rendered import ModuleConstants
from sqlalchemy import or_, text, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.prompts import pointer
from induction.prompts.models import PromptScoreRow, PromptVersionRow
from induction.providers import OFFLINE

_ORIGINS = text(
    """
    WITH RECURSIVE line AS (
        SELECT id, id AS step, parent_id, version_hash, run_id, 0 AS depth FROM prompt_versions
        WHERE id = ANY(:ids)
        UNION ALL
        SELECT line.id, parent.id, parent.parent_id, parent.version_hash, parent.run_id, depth + 1
        FROM line JOIN prompt_versions AS parent ON parent.id = line.parent_id
        WHERE line.run_id IS NULL
    )
    SELECT DISTINCT ON (line.id) line.id, runs.provider, runs.task_model
    FROM line CROSS JOIN LATERAL (
        SELECT line.run_id AS id, 0 AS rank WHERE line.run_id IS NOT NULL
        UNION ALL
        SELECT run_id, 1 FROM prompt_versions AS same
        WHERE same.version_hash = line.version_hash AND same.run_id IS NOT NULL
            AND same.id < line.step
    ) AS made JOIN runs ON runs.id = made.id
    ORDER BY line.id, line.depth, made.rank, runs.id
    """
)


async def ensure(
    session: AsyncSession,
    task: str,
    content: PromptContent | Ensemble,
    *,
    source: VersionSource,
    answers: AnswerSpace,
    model: str | None,
    parent_id: UUID | None = None,
    run_id: UUID | None = None,
    constants: ModuleConstants | None = None,
    notes: str | None = None,
) -> tuple[PromptVersionRow, bool]:
    """The version with this content and these labels, made if there is none; True where it was
    made. `answers` is what it is asked for and read with, `model` what it is made for. It is called
    by its module's constants, or by those of its parent."""
    of_parent = await session.get(PromptVersionRow, parent_id) if parent_id else None
    own = constants.model_dump(mode="json") if constants is not None else None
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
            labels=list(answers.labels),
            spellings=dict(answers.spellings),
            model=model,
            constants=of_parent.constants if of_parent else own,
            notes=notes,
        )
        .on_conflict_do_nothing()
        .returning(col(PromptVersionRow.id))
    )
    is_new = made.first() is not None
    same = select(PromptVersionRow).where(
        PromptVersionRow.task == task,
        PromptVersionRow.version_hash == content.version_hash,
        col(PromptVersionRow.labels) == list(answers.labels),
    )
    return (await session.exec(same)).one(), is_new


async def by_hash(
    session: AsyncSession, task: str, version_hash: str, *, first: UUID, labels: Sequence[str]
) -> PromptVersionRow:
    """The version with this content. Of several, which differ in their labels, it is `first`, or
    the one with `labels`, or else the newest."""
    chosen = (
        select(PromptVersionRow)
        .where(PromptVersionRow.task == task, PromptVersionRow.version_hash == version_hash)
        .order_by(
            (col(PromptVersionRow.id) == first).desc(),
            (col(PromptVersionRow.labels) == list(labels)).desc(),
            col(PromptVersionRow.id).desc(),
        )
        .limit(1)
    )
    return (await session.exec(chosen)).one()


async def get(session: AsyncSession, task: str, version_id: UUID) -> PromptVersionRow:
    row = await session.get(PromptVersionRow, version_id)
    if row is None or row.task != task:
        raise NotFound("There is no such prompt version.", code="unknown_version")
    return row


async def candidate(
    session: AsyncSession, task: str, version_id: UUID | None
) -> PromptContent | None:
    """What a run tries; None: it proposes itself. Raises NotFound, IsEnsemble."""
    return None if version_id is None else (await get(session, task, version_id)).prompt()


async def hashes(session: AsyncSession, version_ids: Collection[UUID]) -> dict[UUID, str]:
    """By id."""
    chosen = select(PromptVersionRow.id, PromptVersionRow.version_hash).where(
        col(PromptVersionRow.id).in_(version_ids)
    )
    return dict(list(await session.exec(chosen)))


async def made_offline(session: AsyncSession, version_ids: Collection[UUID]) -> set[UUID]:
    """Those that were made on the offline learner, which is no language model."""
    origins_of = await origins(session, version_ids)
    return {id for id, (provider, _) in origins_of.items() if provider == OFFLINE}


async def origins(
    session: AsyncSession, version_ids: Collection[UUID]
) -> dict[UUID, tuple[str, str]]:
    """Provider and model of the run that made each version; of one that a person edited, of that
    which made what was edited; of one that was brought in again, of the first of the same content.
    None of what comes from outside."""
    rows = await session.execute(_ORIGINS, {"ids": list(version_ids)})
    return {row.id: (row.provider, row.task_model) for row in rows}


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
    measured: AnswerSpace,
) -> None:
    """Keeps how a version did on one split, and what answers it was `measured` with; the newest
    measurement of the same run stands. The version itself stays as it was made."""
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
        "rendered_hash": await rendered_hash(session, version, measured),
        "labels_version": labels_version,
    }
    await session.exec(
        insert(PromptScoreRow)
        .values(values)
        .on_conflict_do_update(index_elements=["version_id", "run_id", "split"], set_=values)
    )


async def rendered_hash(
    session: AsyncSession, version: PromptVersionRow, answers: AnswerSpace
) -> str:
    """Of all that is asked with these answers, by every member of an ensemble."""
    ensemble = await rendered_ensemble(session, version, answers)
    if ensemble is not None:
        return ensemble.rendered_hash
    return rendered(version.prompt(), answers).rendered_hash


async def rendered_ensemble(
    session: AsyncSession, version: PromptVersionRow, answers: AnswerSpace
) -> RenderedEnsemble | None:
    """None of a version that is a prompt."""
    ensemble = version.ensemble()
    if ensemble is None:
        return None
    members = [
        RenderedMember(
            version_id=one.version_id,
            version_hash=one.version_hash,
            rendered=rendered((await get(session, version.task, one.version_id)).prompt(), answers),
        )
        for one in ensemble.members
    ]
    return RenderedEnsemble(vote=ensemble.vote, members=tuple(members))


async def content_of(
    session: AsyncSession, row: PromptVersionRow, answers: AnswerSpace
) -> dict[str, Any]:
    """A prompt and its request, or an ensemble with those of its members."""
    ensemble = await rendered_ensemble(session, row, answers)
    if ensemble is not None:
        return {"content": None, "rendered": None, "ensemble": ensemble}
    return {"content": row.prompt(), "rendered": rendered(row.prompt(), answers)}


async def members_of(
    session: AsyncSession, task: str, version_ids: Sequence[UUID]
) -> dict[UUID, PromptContent]:
    """Their prompts, in this order. Raises NotFound, IsEnsemble."""
    return {one: (await get(session, task, one)).prompt() for one in version_ids}


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


async def production_id(session: AsyncSession, task: str) -> UUID | None:
    """The version that serves in production; None until something was promoted."""
    return await pointer.serving_id(session, task)


async def changed(session: AsyncSession, run_id: UUID, baseline_id: UUID) -> list[str]:
    """The hashes of a run's prompts, its baseline's too, that their content does not have."""
    made = or_(col(PromptVersionRow.run_id) == run_id, col(PromptVersionRow.id) == baseline_id)
    versions = (await session.exec(select(PromptVersionRow).where(made))).all()
    return [
        one.version_hash
        for one in versions
        if one.ensemble() is None and one.prompt().version_hash != one.version_hash
    ]
