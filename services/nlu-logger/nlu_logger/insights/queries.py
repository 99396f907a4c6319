"""The SQL door to what is counted, whoever is right: one function per number.

Rows are found by id, whose time parts the table. What needs a truth is in `truths`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from nlu_shared.schemas.experiments import ArmCount, ArmCounts, Unit
from nlu_shared.schemas.insights import ConfidenceBucket, IntentCount, Version
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_logger.insights.compare import Pairs

MOST_ROWS = 1_000
"""Rows told by name; the rest are rarer, or older."""

KEPT = """
FROM nlu_prompt_logs p
WHERE p.id >= :first AND p.id < :past
    AND (CAST(:tasks AS text[]) IS NULL OR p.task = ANY(:tasks))
    AND (CAST(:model_version AS text) IS NULL OR p.model_version = :model_version)
    AND (CAST(:prompt_version AS text) IS NULL OR p.prompt_version = :prompt_version)
"""
WORDS = "md5(p.prompt)::uuid"
"""A text as sixteen bytes: long ones would be sorted on disk."""
UNIT = {
    Unit.CONVERSATION: "p.conversation_id",
    Unit.USER: "p.user_id",
    Unit.PREDICTION: "p.id",
}
NAMES = """(
    p.prompt_version = ANY(:{0}) OR LENGTH(p.prompt_version) >= 8
    AND EXISTS (SELECT FROM UNNEST(CAST(:{0} AS text[])) hash
        WHERE LENGTH(hash) = 64 AND STARTS_WITH(hash, p.prompt_version))
)"""
VERSION = {Version.MODEL: "model_version", Version.PROMPT: "prompt_version"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Which predictions a number is about; None keeps every one.

    The audit are those whose draw with this seed is below the share.
    """

    first: UUID
    past: UUID
    tasks: list[str] | None
    audit_seed: int
    audit_share: float
    model_version: str | None = None
    prompt_version: str | None = None

    def bound(self, **more: Any) -> dict[str, Any]:
        names = ("first", "past", "tasks", "model_version", "prompt_version")
        return {name: getattr(self, name) for name in names} | more


async def confidence(session: AsyncSession, kept: Kept) -> list[ConfidenceBucket]:
    """The document's distribution of confidence, the surest first."""
    counted = await rows(
        session,
        f"""
        SELECT ROUND(confidence::numeric, 1)::float8 AS conf_bucket, COUNT(*) AS count {KEPT}
        GROUP BY 1 ORDER BY 1 DESC NULLS LAST
        """,
        kept.bound(),
    )
    return [ConfidenceBucket(**row) for row in counted]


async def intents(session: AsyncSession, kept: Kept) -> list[IntentCount]:
    """The document's distribution of intents, the most frequent first."""
    counted = await rows(
        session,
        f"""
        SELECT predicted_intent, COUNT(*) AS count, AVG(confidence) AS avg_conf,
        COUNT(corrected_intent) AS corrections {KEPT}
        GROUP BY predicted_intent ORDER BY count DESC, predicted_intent LIMIT {MOST_ROWS}
        """,
        kept.bound(),
    )
    return [IntentCount(**row) for row in counted]


async def outcomes(session: AsyncSession, kept: Kept) -> list[tuple[str, int, int]]:
    """(intent, ended workflows, successes), the least successful first."""
    counted = await rows(
        session,
        f"""
        SELECT predicted_intent, COUNT(*) AS total,
        COUNT(*) FILTER (WHERE was_successful) AS successes {KEPT}
        AND was_successful IS NOT NULL GROUP BY predicted_intent
        ORDER BY AVG(was_successful::int), total DESC, predicted_intent
        LIMIT {MOST_ROWS}
        """,
        kept.bound(),
    )
    return [(row["predicted_intent"], row["total"], row["successes"]) for row in counted]


async def tasks(session: AsyncSession, kept: Kept) -> list[str]:
    """The tasks that have predictions, by name."""
    named = await rows(session, f"SELECT DISTINCT p.task {KEPT} ORDER BY 1", kept.bound())
    return [row["task"] for row in named]


async def versions(session: AsyncSession, kept: Kept, of: Version) -> list[tuple[str, int]]:
    """(version, predictions) of those that were named, the newest first."""
    counted = await rows(
        session,
        f"""
        SELECT p.{VERSION[of]} AS version, COUNT(*) AS count {KEPT}
        AND p.{VERSION[of]} IS NOT NULL GROUP BY 1 ORDER BY MAX(p.created_at) DESC LIMIT {MOST_ROWS}
        """,
        kept.bound(),
    )
    return [(row["version"], row["count"]) for row in counted]


async def intent_counts(session: AsyncSession, kept: Kept) -> dict[str, int]:
    return await _counts(session, "predicted_intent", kept)


async def confidence_counts(session: AsyncSession, kept: Kept) -> dict[str, int]:
    return await _counts(session, "ROUND(confidence::numeric, 1)", kept)


async def text_counts(session: AsyncSession, kept: Kept) -> dict[str, int]:
    """Predictions by what no version decides: the task, and the text's length by doublings."""
    length = (
        "GREATEST(1, LENGTH(p.prompt))::float8"  # the logarithm of NUMERIC is twenty times slower
    )
    return await _counts(session, f"p.task || ' ' || FLOOR(LN({length}) / LN(2::float8))", kept)


@dataclass(frozen=True, slots=True)
class Totals:
    """`unsure` have a confidence below the line, `ended` an outcome."""

    predictions: int
    unsure: int
    ended: int
    successes: int


async def totals(session: AsyncSession, kept: Kept, *, unsure: float = 0) -> Totals:
    counted = await rows(
        session,
        f"""
        SELECT COUNT(*) AS predictions, COUNT(*) FILTER (WHERE confidence < :unsure) AS unsure,
        COUNT(was_successful) AS ended,
        COUNT(*) FILTER (WHERE was_successful) AS successes {KEPT}
        """,
        kept.bound(unsure=unsure),
    )
    return Totals(**counted[0])


@dataclass(frozen=True, slots=True)
class Stretch:
    """A day or an hour of traffic; `confidence` is the mean, None where none was given."""

    begins: datetime
    predictions: int
    ended: int
    successes: int
    confidence: float | None


async def over_time(session: AsyncSession, kept: Kept, *, unit: str) -> list[Stretch]:
    """By day or hour (`unit`, in UTC) that has predictions, the oldest first."""
    counted = await rows(
        session,
        f"""
        SELECT date_trunc(CAST(:unit AS text), p.created_at, 'UTC') AS begins,
        COUNT(*) AS predictions, COUNT(was_successful) AS ended,
        COUNT(*) FILTER (WHERE was_successful) AS successes,
        AVG(confidence)::float8 AS confidence {KEPT} GROUP BY 1 ORDER BY 1
        """,
        kept.bound(unit=unit),
    )
    return [Stretch(**row) for row in counted]


async def span(session: AsyncSession, kept: Kept) -> tuple[datetime, datetime] | None:
    """The time of the first and of the last prediction; None without any."""
    ends = await rows(
        session,
        f"SELECT MIN(p.created_at) AS first, MAX(p.created_at) AS last {KEPT}",
        kept.bound(),
    )
    first, last = ends[0]["first"], ends[0]["last"]
    return None if first is None else (first, last)


async def paired_successes(
    session: AsyncSession, kept: Kept, version: Version, a: str, b: str
) -> Pairs:
    """Texts whose workflow ended under both versions, by the first time under each."""
    ended = f"""
    SELECT DISTINCT ON (p.task, {WORDS}, p.{VERSION[version]})
        p.task, {WORDS} AS words, p.{VERSION[version]} AS version, p.was_successful AS ok
    {KEPT} AND p.was_successful IS NOT NULL AND p.{VERSION[version]} IN (:a, :b)
    ORDER BY p.task, {WORDS}, p.{VERSION[version]}, p.id
    """
    return await pairs(session, ended, kept.bound(a=a, b=b))


async def pairs(session: AsyncSession, sides: str, bound: dict[str, Any]) -> Pairs:
    """Counts the texts in both versions' rows of `sides` (task, words, version, ok)."""
    counted = await rows(
        session,
        f"""
        WITH sides AS ({sides}) SELECT COUNT(*) FILTER (WHERE a.ok AND b.ok) AS both,
        COUNT(*) FILTER (WHERE a.ok AND NOT b.ok) AS only_a,
        COUNT(*) FILTER (WHERE b.ok AND NOT a.ok) AS only_b,
        COUNT(*) FILTER (WHERE NOT a.ok AND NOT b.ok) AS neither
        FROM sides a JOIN sides b ON a.task = b.task AND a.words = b.words
        AND a.version = :a AND b.version = :b
        """,
        bound,
    )
    return Pairs(**counted[0])


async def arms(
    session: AsyncSession,
    kept: Kept,
    *,
    unit: Unit,
    versions: tuple[Sequence[str], Sequence[str]],
    steps: Sequence[datetime],
    lag: timedelta,
    after: UUID,
) -> ArmCounts:
    """Units by step, arm and intent, each with its first prediction, where that is not older than
    `after`; and the predictions since. A version is named by its id, its hash, or eight characters
    of that at least."""
    named = f"""
        WITH named AS (
            SELECT p.id, {UNIT[unit]} AS unit, p.predicted_intent, p.was_successful,
                width_bucket(p.created_at, CAST(:steps AS timestamptz[])) AS step, p.created_at,
                CASE WHEN {NAMES.format("a")} THEN 'a' WHEN {NAMES.format("b")} THEN 'b' END AS arm
            {KEPT}
        ), counting AS (
            SELECT * FROM named WHERE arm IS NOT NULL AND step > 0
                AND created_at >= (CAST(:steps AS timestamptz[]))[step] + :lag
        )
        """
    bound = kept.bound(a=[*versions[0]], b=[*versions[1]], steps=[*steps], lag=lag, after=after)
    counted = await rows(
        session,
        f"""
        {named}, firsts AS (
            SELECT DISTINCT ON (unit) * FROM counting WHERE unit IS NOT NULL ORDER BY unit, id
        )
        SELECT step - 1 AS step, arm, predicted_intent, COUNT(*) AS units,
            COUNT(was_successful) AS ended, COUNT(*) FILTER (WHERE was_successful) AS successes
        FROM firsts WHERE id >= :after GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
        """,
        bound,
    )
    (logged,) = await rows(
        session,
        f"""
        {named} SELECT COUNT(*) AS predictions, COUNT(unit) AS with_unit FROM counting
        WHERE id >= :after
        """,
        bound,
    )
    return ArmCounts(items=[ArmCount(**row) for row in counted], **logged)


async def rows(session: AsyncSession, sql: str, bound: dict[str, Any]) -> Sequence[dict[str, Any]]:
    return [dict(row) for row in (await session.execute(text(sql), bound)).mappings()]


async def _counts(session: AsyncSession, named: str, kept: Kept) -> dict[str, int]:
    counted = await rows(
        session,
        f"SELECT CAST({named} AS text) AS name, COUNT(*) AS count {KEPT} GROUP BY 1",
        kept.bound(),
    )
    return {row["name"] or "": row["count"] for row in counted}
