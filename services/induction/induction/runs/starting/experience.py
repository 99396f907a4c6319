"""What finished runs and the month's spend say of a run before it starts."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from uuid import UUID

from nlu_shared.kit.data.db import Database, Identity, session_scope
from nlu_shared.schemas.forecasts import Forecast, Likely
from nlu_shared.schemas.runs import RunKind, RunStatus
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.engine.limits import BUDGET, MINUTES
from induction.llm import prices
from induction.pricing import service as pricing
from induction.runs.models import RunRow
from induction.runs.starting import repricing
from induction.runs.starting.estimate import within
from induction.runs.starting.repricing import AlikeCalls
from induction.settings import Settings
from induction.task_kinds.base import Usage

NEWEST = 20
"""Finished runs that are looked at: older ones say little of today's rate."""
TOKENS = [one.name for one in fields(Usage)]
PARTS = [one.name for one in fields(AlikeCalls) if one.name != "mean"]
FEW, FEW_OFF = 3, 1.5
"""Of fewer searches a range is told so many times wider to both sides: no two take as much."""
WHAT = ("calls", "usd", "minutes")
ALIKE: Mapping[str, list[str]] = {
    RunKind.REPLAY: [RunKind.REPLAY, RunKind.EVALUATE],
}
"""Kinds that ask about as much for each text: what one took says what another will."""
_TAKEN = text(
    """
    SELECT run.id, coalesce(run.predictions, run.dataset_size)
            * (1 + jsonb_array_length(members) + jsonb_array_length(to_models)) AS questions,
        spent.calls,
        (extract(epoch FROM run.completed_at - run.started_at) - run.idle_seconds)::float8 / 60
            AS minutes,
        run.task = :task AS is_own
    FROM (
        SELECT * FROM runs
        WHERE kind = ANY(:kinds) AND task_model = :task_model AND status = :completed
            AND batches = :batches AND to_models = CAST(:to_models AS jsonb)
            AND optimise = :optimise AND (candidate_version_id IS NOT NULL) = :tries_one
            AND (kind <> 'migrate' OR (agreement, predictions IS NULL) = (:agreement, :on_cases))
            AND NOT EXISTS (
                SELECT 1 FROM llm_calls WHERE run_id = runs.id AND refused_usd IS NOT NULL
            )
            AND (split_part(reason, ':', 1) <> :budget OR (limits->>'calls')::int >= :calls
                AND (limits->>'money_usd')::float8 >= :money_usd)
            AND (split_part(reason, ':', 1) <> :minutes_used
                OR (limits->>'minutes')::float8 >= :minutes)
            AND coalesce(predictions, dataset_size) > 0 AND started_at IS NOT NULL
            AND (NOT :is_search OR ((limits->>'iterations')::int, coalesce(folds, 0), proposals,
                proposer_model) = (:iterations, :folds, :proposals, :proposer_model))
        ORDER BY task = :task DESC, id DESC LIMIT :newest
    ) AS run
    CROSS JOIN LATERAL (
        SELECT sum(attempts) + count(*) FILTER (WHERE cached) AS calls
        FROM llm_calls WHERE run_id = run.id HAVING sum(attempts) > 0
    ) AS spent
    """
)
_RATE = text(
    """
    SELECT sum(spent.calls)::float8 / nullif(sum(minutes), 0) FROM (
        SELECT id, (extract(epoch FROM completed_at - started_at) - idle_seconds)::float8 / 60
            AS minutes
        FROM runs WHERE task_model = :task_model AND status = :completed AND NOT batches
        ORDER BY id DESC LIMIT :newest
    ) AS run
    CROSS JOIN LATERAL (
        SELECT sum(attempts) AS calls FROM llm_calls WHERE run_id = run.id HAVING sum(attempts) > 0
    ) AS spent
    """
)
_SECONDS = text(
    """
    SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM settled_at - created_at))
    FROM (
        SELECT id FROM runs WHERE task_model = :task_model ORDER BY id DESC LIMIT :newest
    ) AS run
    JOIN llm_calls ON run_id = run.id
    WHERE model = :task_model AND attempts = 1 AND outcome IN ('ok', 'forgotten')
        AND NOT cached AND NOT batched
    """
)
_USED = text(
    """
    SELECT run_id, model, purpose, batched, cached, is_metered, count(*) AS answers,
        sum(attempts)::int AS attempts, sum(coalesce(cost_usd, reserved_usd))::float8 AS usd,
        coalesce(sum(notional_usd), 0)::float8 AS listed,
        avg(input_tokens) AS input_tokens, avg(output_tokens) AS output_tokens,
        avg(cache_creation_input_tokens) AS cache_creation_input_tokens,
        avg(cache_read_input_tokens) AS cache_read_input_tokens
    FROM (
        SELECT *, usage IS NOT NULL AND (cached OR notional_usd > 0) AS is_metered,
            coalesce((usage->>'input_tokens')::int, 0) AS input_tokens,
            coalesce((usage->>'output_tokens')::int, 0) AS output_tokens,
            coalesce((usage->>'cache_creation_input_tokens')::int, 0)
                AS cache_creation_input_tokens,
            coalesce((usage->>'cache_read_input_tokens')::int, 0) AS cache_read_input_tokens
        FROM llm_calls WHERE run_id = ANY(:ids)
    ) AS call
    GROUP BY 1, 2, 3, 4, 5, 6, input_tokens + cache_creation_input_tokens + cache_read_input_tokens
        > (CAST(:long_above AS jsonb)->>model)::int
    """
)
_ANSWERED = text(
    """
    SELECT ceil(avg((usage->>'output_tokens')::int))::int FROM llm_calls
    WHERE purpose = 'task' AND outcome = 'ok' AND usage IS NOT NULL AND NOT cached
        AND model = :task_model AND run_id IN (
            SELECT id FROM runs WHERE task = :task AND task_model = :task_model
            ORDER BY id DESC LIMIT :newest
        )
    """
)
_SPENT = text(
    """
    SELECT usd FROM month_spend WHERE month = date_trunc('month', now() AT TIME ZONE 'UTC')::date
    """
)


async def answer_tokens(session: AsyncSession, row: RunRow) -> int | None:
    """Of an answer to a case, the mean of the task's newest runs of any kind with the same model;
    None where it has none."""
    known = await session.execute(
        _ANSWERED, {"task": row.task, "task_model": row.task_model, "newest": NEWEST}
    )
    mean: int | None = known.scalar_one_or_none()
    return mean


async def spent_this_month(session: AsyncSession) -> float:
    """Of all runs, by the calendar of UTC, in US dollars; what is booked and not settled too."""
    return float((await session.execute(_SPENT)).scalar_one_or_none() or 0)


async def informed(
    database: Database, identity: Identity, settings: Settings, row: RunRow, bound: Forecast
) -> Forecast:
    """The bound with what is likely and what the month leaves."""
    async with session_scope(database, identity) as session:
        left = max(0.0, settings.month_cap_usd - await spent_this_month(session))
        likely = await _likely(session, settings, row) or await _at_rate(
            session, settings, row, bound
        )
    limits, slow = row.promised, []
    if likely is not None:
        slow = _slow(likely, limits.minutes)
        usd = min(limits.money_usd, left)
        calls = min(bound.calls, limits.calls)
        likely = within(likely, calls=calls, usd=usd, minutes=limits.minutes)
    over = bound.money_usd > left
    cap = (
        f"It may end early: the month's cap leaves {left:.2f} dollars. It starts all the same, and"
        " ends there."
    )
    return bound.model_copy(
        update={
            "likely": likely,
            "month_left_usd": left,
            "fits": bound.fits and not over and not slow,
            "notes": [*bound.notes, *slow, *([cap] if over else [])],
        }
    )


def _slow(likely: Likely, minutes: float) -> list[str]:
    """What to say where a limit of so many minutes may be too short."""
    if likely.minutes is None or likely.minutes[1] <= minutes:
        return []
    least, most = likely.minutes
    return [
        f"It may end early: at the pace of finished runs it takes {least:.1f} to {most:.1f}"
        f" minutes, and its limit is {minutes:g}. No call is on its way past that, and a search"
        " stops while there is time for its final evaluation."
    ]


async def _at_rate(
    session: AsyncSession, settings: Settings, row: RunRow, bound: Forecast
) -> Likely | None:
    """The estimate with its minutes, at the rate of the model's newest runs of any kind; before one
    has completed, by how long its answers took, so many at once as its provider is asked for."""
    known = await session.execute(
        _RATE,
        {
            "task_model": row.task_model,
            "completed": RunStatus.COMPLETED.value,
            "newest": NEWEST,
        },
    )
    rate, estimate = known.scalar_one_or_none(), bound.likely
    if not rate and not row.batches:
        rate = await _answered_a_minute(session, settings, row.task_model)
    if estimate is None or not rate or row.batches:
        return estimate
    least, most = estimate.calls
    return estimate.model_copy(update={"minutes": (least / rate, most / rate)})


async def _answered_a_minute(session: AsyncSession, settings: Settings, model: str) -> float | None:
    """By the ledger's newest answers; None: there is none."""
    took = await session.execute(_SECONDS, {"task_model": model, "newest": NEWEST})
    seconds = took.scalar_one_or_none()
    at_once = settings.models_of.provider(model).concurrency or settings.concurrency
    return 60 * at_once / float(seconds) if seconds else None


async def _likely(session: AsyncSession, settings: Settings, row: RunRow) -> Likely | None:
    """By the task's own runs, and by those of other tasks only where it has none; without limits.
    Answers that they found in the ledger count as asked. A run that a smaller limit ended tells
    nothing of this one, and one that tries a single candidate nothing of a search, nor the other
    way round."""
    is_search = row.kind == RunKind.IMPROVE or row.optimise
    taken = await session.execute(
        _TAKEN,
        {
            "task": row.task,
            "kinds": ALIKE.get(row.kind, [row.kind]),
            "task_model": row.task_model,
            "batches": row.batches,
            "optimise": row.optimise,
            "tries_one": row.candidate_version_id is not None,
            "is_search": is_search,
            "iterations": row.promised.iterations,
            "folds": row.folds or 0,
            "proposals": row.proposals,
            "proposer_model": row.proposer_model,
            "minutes": row.promised.minutes,
            "to_models": json.dumps(row.to_models),
            "agreement": row.agreement,
            "on_cases": not row.is_on_traffic,
            "budget": BUDGET,
            "minutes_used": MINUTES,
            "calls": row.promised.calls,
            "money_usd": row.promised.money_usd,
            "completed": RunStatus.COMPLETED.value,
            "newest": NEWEST,
        },
    )
    known = [one for one in taken.mappings() if one["calls"]]
    if not known:
        return None
    own = [one for one in known if one["is_own"]]
    runs = own or known

    # Of an ensemble by its members, of a migration by its models: each is asked every case.
    questions = (row.predictions or row.dataset_size) * (1 + len(row.members) + len(row.to_models))
    usd_of = await _repriced(session, settings, row, [one["id"] for one in runs])
    took = [{**one, "usd": usd_of[one["id"]]} for one in runs]
    shares = {what: [one[what] / one["questions"] for one in took] for what in WHAT}
    off = FEW_OFF if is_search and len(runs) < FEW else 1.0
    calls, usd, minutes = (
        (questions * min(shares[what]) / off, questions * max(shares[what]) * off) for what in WHAT
    )
    return Likely(
        runs=len(runs),
        is_own=bool(own),
        calls=(round(calls[0]), round(calls[1])),
        money_usd=usd,
        minutes=minutes,
    )


async def _repriced(
    session: AsyncSession, settings: Settings, row: RunRow, ids: Sequence[UUID]
) -> Mapping[UUID, float]:
    """US dollars of each of these runs at today's prices."""
    today, table = pricing.utc_today(), await pricing.table(session, settings)

    def price(model: str, usage: Usage, in_batch: bool) -> float | None:
        if not prices.is_known(model, today, table):
            return None
        return float(prices.cost(model, usage, today, table, in_batch=in_batch))

    models = (row.task_model, row.proposer_model, *row.to_models)
    long_above = {
        one: prices.price(one, today, table).long_above
        for one in models
        if prices.is_known(one, today, table)
    }
    rows = await session.execute(_USED, {"ids": list(ids), "long_above": json.dumps(long_above)})
    calls = [
        AlikeCalls(
            **{name: one[name] for name in PARTS},
            mean=Usage(**{name: round(one[name]) for name in TOKENS}),
        )
        for one in rows.mappings()
    ]
    return repricing.money(calls, price, settings.models_of.is_billed, in_batches=row.batches)
