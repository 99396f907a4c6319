"""What the cards of tasks rest on: one statement each, for all of them."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from nlu_shared.schemas.experiments import ExperimentStatus
from nlu_shared.schemas.promotions import ProposalStatus
from nlu_shared.schemas.prompts import ServingAlias
from nlu_shared.schemas.triggers import TriggerDecision
from nlu_shared.schemas.verdicts import Verdict
from sqlalchemy import func, text
from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.dashboard.cards import Comparison, Proven, SplitMeasurement
from induction.experiments.models import ExperimentRow
from induction.experiments.queries import moved_at
from induction.prompts.models import PromptMoveRow, PromptProposalRow, PromptVersionRow
from induction.runs.models import RunRow
from induction.triggers.models import AutoTriggerRow, TriggerDecisionRow
from induction.triggers.queries import Serving

_MEASURED = text(
    """
    SELECT DISTINCT ON (version_id) version_id, objective, split, cases,
        CASE WHEN score.model <> now.model THEN score.model END AS other_model
    FROM prompt_scores AS score
    JOIN unnest(CAST(:ids AS uuid[]), CAST(:models AS text[])) AS now (id, model)
        ON now.id = version_id
    ORDER BY version_id, score.model = now.model DESC, split = 'test' DESC,
        split = 'validation' DESC, run_id DESC
    """
)
_PROVEN = text(
    """
    SELECT DISTINCT ON (run.task) run.task, run.best_version_id AS version_id, run.id AS run_id,
        run.verdict
    FROM unnest(CAST(:tasks AS text[]), CAST(:serving AS uuid[])) AS now (task, version_id)
    JOIN runs AS run ON run.task = now.task AND run.baseline_version_id = now.version_id
        AND run.verdict->>'kind' = 'proven' AND run.best_version_id <> now.version_id
    ORDER BY run.task, run.id DESC
    """
)
_SPENT = text(
    """
    SELECT run.task, sum(coalesce(call.cost_usd, call.reserved_usd))::float8 AS usd
    FROM llm_calls AS call JOIN runs AS run ON run.id = call.run_id
    WHERE run.task = ANY(:tasks)
        AND call.created_at >= date_trunc('month', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'
    GROUP BY run.task
    """
)
_JUDGED = text(
    """
    SELECT DISTINCT ON (pair.candidate) pair.candidate, run.verdict,
        run.best_version_id = pair.serving AS is_reversed
    FROM unnest(CAST(:candidates AS uuid[]), CAST(:serving AS uuid[])) AS pair (candidate, serving)
    JOIN runs AS run ON run.task = ANY(:tasks) AND run.verdict IS NOT NULL
        AND (run.baseline_version_id, run.best_version_id)
            IN ((pair.serving, pair.candidate), (pair.candidate, pair.serving))
    ORDER BY pair.candidate, run.id DESC
    """
)
_BOTH_MEASURED = text(
    """
    SELECT DISTINCT ON (pair.candidate) pair.candidate, one.split, one.cases,
        one.objective AS of_candidate, other.objective AS of_serving
    FROM unnest(CAST(:candidates AS uuid[]), CAST(:serving AS uuid[])) AS pair (candidate, serving)
    JOIN prompt_scores AS one ON one.version_id = pair.candidate AND one.split = 'test'
    JOIN prompt_scores AS other ON other.version_id = pair.serving
        AND (other.split, other.cases, other.dataset_hash, other.scorer, other.labels_version)
            = (one.split, one.cases, one.dataset_hash, one.scorer, one.labels_version)
        AND other.model = one.model AND other.answered_by IS NOT DISTINCT FROM one.answered_by
    ORDER BY pair.candidate, one.run_id DESC, other.run_id DESC
    """
)


async def proven(session: AsyncSession, serving: Mapping[str, Serving]) -> dict[str, Proven]:
    """The newest of each task."""
    params = {"tasks": list(serving), "serving": [one.version_id for one in serving.values()]}
    rows = await session.execute(_PROVEN, params)
    return {
        row.task: Proven(row.version_id, row.run_id, Verdict.model_validate(row.verdict))
        for row in rows
    }


async def spent(session: AsyncSession, slugs: Sequence[str]) -> dict[str, float]:
    """US dollars of this month (UTC) by task, also what is booked and not settled."""
    rows = await session.execute(_SPENT, {"tasks": list(slugs)})
    return {row.task: row.usd for row in rows}


async def by_task(
    session: AsyncSession, slugs: Sequence[str], *, judged: bool
) -> dict[str, RunRow]:
    """The newest run of each task, or the newest with a verdict: one that tried the prompt of a
    person, and kept it not, stands behind those about what can be promoted."""
    statement = select(RunRow).where(col(RunRow.task).in_(slugs))
    order: list[Any] = [col(RunRow.task)]
    if judged:
        statement = statement.where(col(RunRow.verdict).is_not(None))
        best = func.coalesce(RunRow.best_version_id, RunRow.baseline_version_id)
        order.append(
            col(RunRow.candidate_version_id).is_not(None) & (best == RunRow.baseline_version_id)
        )
    statement = statement.order_by(*order, col(RunRow.id).desc())
    newest = statement.ext(distinct_on(col(RunRow.task)))
    return {row.task: row for row in await session.exec(newest)}


async def serving(session: AsyncSession, slugs: Sequence[str]) -> dict[str, Serving]:
    """What serves, and since when, by task."""
    newest = (
        select(PromptMoveRow, PromptVersionRow.version_hash)
        .join(PromptVersionRow, col(PromptVersionRow.id) == PromptMoveRow.version_id)
        .where(
            col(PromptMoveRow.task).in_(slugs),
            PromptMoveRow.alias == ServingAlias.PRODUCTION.value,
        )
        .order_by(col(PromptMoveRow.task), col(PromptMoveRow.n).desc())
        .ext(distinct_on(col(PromptMoveRow.task)))
    )
    return {
        row.task: Serving(row.version_id, version_hash, row.moved_at)
        for row, version_hash in await session.exec(newest)
    }


async def triggers(session: AsyncSession, slugs: Sequence[str]) -> dict[str, AutoTriggerRow]:
    rows = await session.exec(select(AutoTriggerRow).where(col(AutoTriggerRow.task).in_(slugs)))
    return {row.task: row for row in rows}


async def decisions(session: AsyncSession, slugs: Sequence[str]) -> dict[str, TriggerDecision]:
    """The newest of each task."""
    decisions = (
        select(TriggerDecisionRow)
        .where(col(TriggerDecisionRow.task).in_(slugs))
        .order_by(col(TriggerDecisionRow.task), col(TriggerDecisionRow.id).desc())
        .ext(distinct_on(col(TriggerDecisionRow.task)))
    )
    return {row.task: row.view() for row in await session.exec(decisions)}


async def experiments(session: AsyncSession, slugs: Sequence[str]) -> dict[str, UUID]:
    """The one that is running, by task; one that production has moved away from is over."""
    running = select(ExperimentRow.task, ExperimentRow.id).where(
        col(ExperimentRow.task).in_(slugs),
        ExperimentRow.status == ExperimentStatus.RUNNING.value,
        moved_at().is_(None),
    )
    return dict(list(await session.exec(running)))


async def waiting(session: AsyncSession, slugs: Sequence[str]) -> dict[str, int]:
    """How many promotions wait for approval, by task."""
    counts = (
        select(PromptProposalRow.task, func.count())
        .where(
            col(PromptProposalRow.task).in_(slugs),
            PromptProposalRow.status == ProposalStatus.WAITING.value,
        )
        .group_by(col(PromptProposalRow.task))
    )
    return dict(list(await session.exec(counts)))


async def measured(
    session: AsyncSession, models: Mapping[UUID, str]
) -> dict[UUID, SplitMeasurement]:
    """The newest score of each version, by its model of now where it has one by that, and on
    untouched cases where there is one.

    models: who answers now, by version.
    """
    values = {"ids": list(models), "models": list(models.values())}
    return {
        row.version_id: SplitMeasurement(row.objective, row.split, row.cases, row.other_model)
        for row in await session.execute(_MEASURED, values)
    }


async def comparisons(
    session: AsyncSession, tasks: Sequence[str], pairs: Mapping[UUID, UUID]
) -> dict[UUID, Comparison]:
    """What is known of candidates against what serves, by candidate: the newest verdict on both,
    else how both did on the same untouched cases.

    pairs: what serves, by candidate.
    """
    if not pairs:
        return {}
    params = {"candidates": list(pairs), "serving": list(pairs.values())}
    known: dict[UUID, Comparison] = {}
    for row in await session.execute(_BOTH_MEASURED, params):
        known[row.candidate] = Comparison(row.of_candidate, row.of_serving, row.split, row.cases)
    for row in await session.execute(_JUDGED, {**params, "tasks": list(tasks)}):
        verdict = Verdict.model_validate(row.verdict)
        before, after = verdict.before, verdict.after
        known[row.candidate] = Comparison(
            candidate=before if row.is_reversed else after,
            serving=after if row.is_reversed else before,
            split=verdict.tested_on,
            cases=verdict.cases,
            verdict=verdict.kind,
            is_reversed=row.is_reversed,
        )
    return known
