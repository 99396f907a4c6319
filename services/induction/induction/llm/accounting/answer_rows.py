"""The ledger's answers as they are read back. SQL only."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from nlu_shared.rendering.answers import ModelAnswer, Outcome, Usage
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.llm.accounting.flights import Key
from induction.llm.servers import Server


async def of_run(session: AsyncSession, run_id: UUID) -> Iterable[Any]:
    """Every call a run has asked, with what it cost, or is booked at."""
    return await session.execute(
        text(
            """
            SELECT key, sample, outcome, text, usage, attempts, cached,
                coalesce(cost_usd, reserved_usd) AS spent
            FROM llm_calls WHERE run_id = :run_id
            """
        ),
        {"run_id": run_id},
    )


async def of_other_runs(
    session: AsyncSession,
    run_id: UUID,
    keys: Iterable[Key],
    servers: Sequence[Server],
    *,
    epoch: int,
) -> dict[Key, ModelAnswer]:
    """What other runs of that epoch were answered; `servers` are the keys', in their order."""
    rows = await session.execute(
        text(
            """
            SELECT DISTINCT ON (key, sample) key, sample, outcome, text, usage
            FROM llm_calls
            WHERE outcome = 'ok' AND text IS NOT NULL AND NOT cached
                AND (key, provider, adapter) IN (SELECT * FROM unnest(
                    CAST(:keys AS text[]), CAST(:servers AS text[]),
                    CAST(:adapters AS text[])))
                AND epoch = :epoch AND run_id <> :run_id ORDER BY key, sample, settled_at
            """
        ),
        {
            "keys": [key for key, _ in keys],
            "servers": [server.identity for server in servers],
            "adapters": [server.adapter for server in servers],
            "epoch": epoch,
            "run_id": run_id,
        },
    )
    return {(row.key, row.sample): answer(row) for row in rows}


async def answers(session: AsyncSession, run_id: UUID) -> dict[Key, ModelAnswer | None]:
    """Every answer a run has had, by key; None where it is no longer kept."""
    rows = await session.execute(
        text(
            """
            SELECT key, sample, outcome, text, usage FROM llm_calls
            WHERE run_id = :run_id AND outcome IS NOT NULL
            """
        ),
        {"run_id": run_id},
    )
    return {(row.key, row.sample): None if row.text is None else answer(row) for row in rows}


async def by_keys(
    session: AsyncSession, run_id: UUID, keys: Sequence[str]
) -> dict[str, ModelAnswer]:
    """The first answers a run has had to these questions, as far as they are kept."""
    rows = await session.execute(
        text(
            """
            SELECT key, outcome, text, usage FROM llm_calls
            WHERE run_id = :run_id AND key = ANY(:keys) AND sample = 0 AND text IS NOT NULL
                AND outcome IS NOT NULL
            """
        ),
        {"run_id": run_id, "keys": list(keys)},
    )
    return {row.key: answer(row) for row in rows}


def answer(row: Any) -> ModelAnswer:
    return ModelAnswer(Outcome(row.outcome), row.text or "", _usage(row.usage))


def _usage(stored: dict[str, int] | None) -> Usage | None:
    return None if stored is None else Usage(**stored)


async def spent(session: AsyncSession, run_id: UUID) -> tuple[int, float]:
    """The calls of a run so far, and the dollars they took or are reserved for them."""
    rows = await session.execute(
        text(
            """
            SELECT coalesce(sum(attempts), 0)::int,
                coalesce(sum(coalesce(cost_usd, reserved_usd)), 0)::float8
            FROM llm_calls WHERE run_id = :run_id
            """
        ),
        {"run_id": run_id},
    )
    calls, usd = rows.one()
    return calls, usd
