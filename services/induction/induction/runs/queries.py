"""Runs as they are shown: pages, iterations, spend, and what providers left unanswered."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from nlu_shared.kit.data.orders import ordered
from nlu_shared.kit.data.pages import cut
from nlu_shared.kit.order import NEWEST, Order
from nlu_shared.schemas.base import Page
from nlu_shared.schemas.candidates import IterationView
from nlu_shared.schemas.events import Split
from nlu_shared.schemas.migration import Migration, ModelComparison, ModelFigures
from nlu_shared.schemas.replays import VersionReplay
from nlu_shared.schemas.run_views import RunView
from nlu_shared.schemas.runs import RunKind, RunStatus
from nlu_shared.schemas.spending import Spend
from nlu_shared.schemas.traffic import TRAFFIC
from sqlalchemy import and_, func, or_, text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.history import service as history
from induction.prompts import service as prompts
from induction.prompts.models import PromptScoreRow
from induction.prompts.queries import made_on
from induction.run_kinds import SEEK_BETTER
from induction.runs.columns import SORTS
from induction.runs.models import RunHintRow, RunRow
from induction.runs.truths import shown
from induction.tasks import service as of_tasks

_SPENDS = text(
    """
    SELECT run_id, coalesce(sum(attempts), 0)::int AS calls,
        coalesce(sum(input + written + read) FILTER (WHERE NOT cached), 0)::bigint
            AS prompt_tokens,
        (sum(read) FILTER (WHERE NOT cached))::float8
            / nullif(sum(input + written + read) FILTER (WHERE NOT cached), 0)::float8
            AS cache_hit_rate,
        count(*) FILTER (WHERE cached AND outcome IN ('ok', 'forgotten'))::int AS cached_calls,
        coalesce(sum(coalesce(cost_usd, reserved_usd)), 0)::float8 AS usd,
        coalesce(sum(notional_usd), 0)::float8 AS notional_usd,
        count(*) FILTER (
            WHERE outcome IN ('unavailable', 'rejected', 'too_long')
        )::int AS unanswered_calls,
        count(*) FILTER (
            WHERE usage IS NULL AND outcome IN ('ok', 'cut', 'refused', 'malformed', 'forgotten')
        )::int AS unmetered_calls
    FROM llm_calls CROSS JOIN LATERAL (
        SELECT (usage->>'input_tokens')::bigint AS input,
            (usage->>'cache_creation_input_tokens')::bigint AS written,
            (usage->>'cache_read_input_tokens')::bigint AS read
    ) AS tokens
    WHERE run_id = ANY(:run_ids) GROUP BY run_id
    """
)

_FIGURES = text(
    """
    SELECT compared.run_id, compared.model, count(*)::int AS calls,
        (1000 * avg(source.notional_usd) FILTER (WHERE NOT source.batched))::float8 AS usd_per_1000,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) AS seconds_median,
        percentile_cont(0.95) WITHIN GROUP (ORDER BY seconds) AS seconds_p95
    FROM llm_calls AS compared
    JOIN LATERAL (
        SELECT notional_usd, batched, CASE WHEN attempts = 1 AND NOT batched
            THEN extract(epoch FROM settled_at - created_at)::float8 END AS seconds
        FROM llm_calls
        WHERE key = compared.key AND sample = compared.sample AND NOT cached
            AND outcome IN ('ok', 'forgotten')
            AND provider = compared.provider AND adapter = compared.adapter
            AND epoch = compared.epoch
        ORDER BY run_id = compared.run_id DESC, settled_at LIMIT 1
    ) AS source ON true
    WHERE compared.run_id = ANY(:run_ids) AND compared.purpose = 'comparison'
    GROUP BY compared.run_id, compared.model
    """
)


async def page(
    session: AsyncSession,
    tasks: Collection[str] | None,
    *,
    task: str | None,
    before: UUID | None,
    limit: int,
    kind: RunKind | None = None,
    status: RunStatus | None = None,
    order: Order = NEWEST,
) -> Page[RunView]:
    """Runs of `tasks` (None: all), of one task, kind and status where they are given, newest first
    or in an order. Raises NotFound."""
    if task is not None and (tasks is None or task in tasks):
        await of_tasks.get(session, task)
    statement = select(RunRow)
    if kind is not None:
        statement = statement.where(RunRow.kind == kind.value)
    if status is not None:
        statement = statement.where(RunRow.status == status.value)
    if tasks is not None:
        statement = statement.where(col(RunRow.task).in_(tasks))
    if task is not None:
        statement = statement.where(RunRow.task == task)
    arranged = await ordered(session, statement, SORTS, order, id=RunRow.id, before=before)
    page, cursor = cut((await session.execute(arranged.limit(limit + 1))).scalars().all(), limit)
    return Page(items=await views(session, page), next_cursor=cursor)


async def replays(
    session: AsyncSession, task: str, version_id: UUID, *, before: UUID | None, limit: int
) -> Page[VersionReplay]:
    """Of a version, the newest first. Raises NotFound."""
    await prompts.get(session, task, version_id)
    statement = select(RunRow).where(
        RunRow.kind == RunKind.REPLAY.value, RunRow.baseline_version_id == version_id
    )
    if before is not None:
        statement = statement.where(col(RunRow.id) < before)
    rows = (await session.exec(statement.order_by(col(RunRow.id).desc()).limit(limit + 1))).all()
    page, cursor = cut(rows, limit)
    shown = VersionReplay.model_fields.keys() - {"run_id", "ordered"}
    items = [
        VersionReplay.model_validate(
            row.model_dump(include=set(shown)) | {"run_id": row.id, "ordered": row.predictions}
        )
        for row in page
    ]
    return Page(items=items, next_cursor=cursor)


async def view(session: AsyncSession, row: RunRow) -> RunView:
    """A run with its changes, the best prompt's scores, and what it has cost."""
    return (await views(session, [row]))[0]


async def views(session: AsyncSession, rows: Sequence[RunRow]) -> list[RunView]:
    """The same of several runs, in as many statements as of one."""
    best = {row.id: row.best_version_id or row.baseline_version_id for row in rows}
    changes = await history.changes(session, best)
    scores = await prompts.scores_on(session, best, split=Split.VALIDATION)
    spends = await _spends(session, best)
    pins = await pinned_later(session, best)
    figures = await figures_of(session, [row.id for row in rows if row.comparisons])
    return [
        RunView(
            changes=changes.get(row.id, []),
            iterations=history.iterations(changes.get(row.id, [])),
            improvement=_improvement(row),
            spend=_per_point(spends.get(row.id, Spend()), _gained(row, scores.get(row.id))),
            awaits=_awaits(row, changes.get(row.id, [])),
            cancelling=row.cancel_requested and not RunStatus(row.status).over,
            pausing=row.pause_requested and not RunStatus(row.status).over,
            retry_at=row.not_before if row.status == RunStatus.PARKED else None,
            unanswerable=shown(row.left_out),
            answered_by=row.server_of(row.task_model),
            proposed_by=row.server_of(row.proposer_model),
            made_on=made_on(row.provider, row.task_model),
            migration=_migration(row, figures.get(row.id, [])),
            **_scored(scores.get(row.id)),
            pins=list(dict.fromkeys([*row.pins, *pins.get(row.id, [])])),
            **row.model_dump(include=set(RunView.model_fields) - {"pins"}),
        )
        for row in rows
    ]


async def pinned_later(session: AsyncSession, run_ids: Collection[UUID]) -> dict[UUID, list[str]]:
    """The blocks that were pinned while a run went on, by run, in their order."""
    pins: dict[UUID, list[str]] = defaultdict(list)
    rows = await session.exec(
        select(RunHintRow.run_id, RunHintRow.block)
        .where(col(RunHintRow.run_id).in_(run_ids), col(RunHintRow.block).is_not(None))
        .order_by(col(RunHintRow.id))
    )
    for run_id, block in rows:
        pins[run_id].append(str(block))
    return pins


def _migration(row: RunRow, figures: list[ModelFigures]) -> Migration | None:
    if row.kind != RunKind.MIGRATE:
        return None
    order = [row.task_model, *row.to_models]
    comparisons = map(ModelComparison.model_validate, row.comparisons)
    ordered = sorted(figures, key=lambda one: order.index(one.model))
    return Migration(comparisons=list(comparisons), figures=ordered)


async def figures_of(
    session: AsyncSession, run_ids: Collection[UUID]
) -> dict[UUID, list[ModelFigures]]:
    """What the answers that were compared cost and took, by run. An answer that another run had
    before is looked up there; a reservation is committed just before its call is sent."""
    if not run_ids:
        return {}
    figures: dict[UUID, list[ModelFigures]] = defaultdict(list)
    for row in (await session.execute(_FIGURES, {"run_ids": list(run_ids)})).mappings():
        figures[row["run_id"]].append(
            ModelFigures.model_validate({name: row[name] for name in ModelFigures.model_fields})
        )
    return figures


def _awaits(row: RunRow, changes: Sequence[IterationView]) -> int | None:
    if RunStatus(row.status).over:
        return None
    return next((one.n for one in changes if one.approval and one.approval.decision is None), None)


def _improvement(row: RunRow) -> float | None:
    if row.kind not in SEEK_BETTER or row.final_f1 is None or row.baseline_f1 is None:
        return None
    return row.final_f1 - row.baseline_f1


def _gained(row: RunRow, best: PromptScoreRow | None) -> float:
    """On validation: by the run's own word once it is over, before that by its best prompt."""
    if (improvement := _improvement(row)) is not None:
        return improvement
    return 0.0 if best is None or row.baseline_f1 is None else best.objective - row.baseline_f1


def _per_point(spend: Spend, gained: float) -> Spend:
    if gained <= 0:
        return spend
    points = 100 * gained
    return spend.model_copy(
        update={
            "usd_per_point": spend.usd / points,
            "notional_usd_per_point": spend.notional_usd / points,
        }
    )


def _scored(score: PromptScoreRow | None) -> dict[str, Any]:
    """None where the prompt was not evaluated, or where the task has none."""
    fields = ("components", "pooled", "support", "per_conversation", "faults", "lenient")
    return {name: (score and getattr(score, name)) or None for name in fields}


async def _spends(session: AsyncSession, run_ids: Collection[UUID]) -> dict[UUID, Spend]:
    rows = await session.execute(_SPENDS, {"run_ids": list(run_ids)})
    return {
        row["run_id"]: Spend.model_validate(
            {name: value for name, value in row.items() if name != "run_id"}
        )
        for row in rows.mappings()
    }


async def looks(
    session: AsyncSession, task: str, kind: RunKind, *, on_traffic: bool = False
) -> int:
    """How many runs had their verdict on the task's test cases; for a migration, how many
    migrations have compared models on them or still may, which is another question. Those about
    logged predictions count among themselves: which ones they shared nobody knows."""
    looked = col(RunRow.verdict)["tested_on"].astext == Split.TEST.value
    if kind is RunKind.MIGRATE:
        over = [one.value for one in RunStatus if one.over]
        logged = col(RunRow.predictions)
        may_still = and_(
            col(RunRow.kind) == RunKind.MIGRATE.value,
            col(RunRow.status).not_in(over),
            logged.is_not(None) if on_traffic else logged.is_(None),
        )
        tested_on = TRAFFIC if on_traffic else Split.TEST.value
        compared = col(RunRow.comparisons).contains([{"tested_on": tested_on}])
        looked = or_(compared, may_still)
    counted = select(func.count()).where(RunRow.task == task, looked)
    return (await session.exec(counted)).one()
