"""The number each kind of rule looks at: one function, one statement.

Rows are found by their ids, whose time is the predictions' own, since that is what parts the table.
"""

from datetime import datetime, timedelta
from typing import Any

from nlu_shared.schemas.alerts import Drift, ErrorRate, IngestSilence, LowConfidenceShare, Rule
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_logger.alerts.policy import Seen
from nlu_logger.insights.drift import chance, moved_most, stability_index
from nlu_logger.predictions.service import first_id

FROM_WINDOW = """
    FROM nlu_prompt_logs WHERE id >= :since AND id < :until
    AND (CAST(:task AS text) IS NULL OR task = :task)
    """


async def seen(session: AsyncSession, rule: Rule, *, now: datetime) -> Seen:
    """The rule's value over the window that ends `now`, and how many it rests on."""
    match rule:
        case ErrorRate():
            return await _error_rate(session, rule, now)
        case LowConfidenceShare():
            return await _low_confidence_share(session, rule, now)
        case Drift():
            return await _drift(session, rule, now)
        case IngestSilence():
            return await _ingest_silence(session, rule, now)


async def foremost_intent(session: AsyncSession, rule: Rule, *, now: datetime) -> str | None:
    """The intent that most of the rule's value comes from: of what failed or was unsure the most
    frequent, of a drift the one whose share moved most. None for a silence."""
    match rule:
        case ErrorRate():
            return await _most(session, "NOT was_successful", _window(rule, now))
        case LowConfidenceShare():
            params = _window(rule, now) | {"below": rule.below}
            return await _most(session, "confidence < :below", params)
        case Drift():
            window = await _intents(session, _window(rule, now))
            reference = await _intents(session, _reference(rule, now))
            return moved_most(window, reference)
        case IngestSilence():
            return None


async def _most(session: AsyncSession, condition: str, params: dict[str, Any]) -> str | None:
    statement = f"""
        SELECT predicted_intent {FROM_WINDOW} AND {condition}
        GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1
        """
    intent: str | None = (await session.execute(text(statement), params)).scalar_one_or_none()
    return intent


async def _error_rate(session: AsyncSession, rule: ErrorRate, now: datetime) -> Seen:
    """Failed outcomes ÷ outcomes."""
    return await _share(
        session,
        f"""
        SELECT count(*) FILTER (WHERE NOT was_successful) AS hits,
            count(was_successful) AS total
        {FROM_WINDOW}
        """,
        _window(rule, now),
    )


async def _low_confidence_share(
    session: AsyncSession, rule: LowConfidenceShare, now: datetime
) -> Seen:
    """Predictions below the line ÷ predictions that have a confidence."""
    return await _share(
        session,
        f"""
        SELECT count(*) FILTER (WHERE confidence < :below) AS hits,
            count(confidence) AS total
        {FROM_WINDOW}
        """,
        _window(rule, now) | {"below": rule.below},
    )


async def _drift(session: AsyncSession, rule: Drift, now: datetime) -> Seen:
    """The stability index of the intents; the count is of the smaller of the two periods."""
    window = await _intents(session, _window(rule, now))
    reference = await _intents(session, _reference(rule, now))
    return Seen(
        value=stability_index(window, reference),
        count=min(sum(window.values()), sum(reference.values())),
        chance=chance(window, reference),
    )


async def _intents(session: AsyncSession, params: dict[str, Any]) -> dict[str, int]:
    rows = await session.execute(
        text(f"SELECT predicted_intent, count(*) AS many {FROM_WINDOW} GROUP BY 1"), params
    )
    return {row.predicted_intent: row.many for row in rows}


async def _ingest_silence(session: AsyncSession, rule: IngestSilence, now: datetime) -> Seen:
    """1 where the window is empty, else 0; the count is of the period before the window."""
    window = _window(rule, now)
    silent = await session.execute(text(f"SELECT NOT EXISTS (SELECT {FROM_WINDOW})"), window)
    before = await session.execute(
        text(f"SELECT count(*) FROM (SELECT {FROM_WINDOW} LIMIT :enough) AS few"),  # noqa: S608
        _reference(rule, now) | {"enough": rule.min_count},
    )
    return Seen(value=float(silent.scalar_one()), count=before.scalar_one())


async def _share(session: AsyncSession, statement: str, params: dict[str, Any]) -> Seen:
    hits, total = (await session.execute(text(statement), params)).one()
    return Seen(value=hits / total if total else 0.0, count=total)


def _window(rule: Rule, now: datetime) -> dict[str, Any]:
    since = now - timedelta(minutes=rule.window_minutes)
    return {"since": first_id(since), "until": first_id(now), "task": rule.task}


def _reference(rule: Drift | IngestSilence, now: datetime) -> dict[str, Any]:
    """The period before the window."""
    until = now - timedelta(minutes=rule.window_minutes)
    since = until - timedelta(minutes=rule.reference_minutes)
    return {"since": first_id(since), "until": first_id(until), "task": rule.task}
