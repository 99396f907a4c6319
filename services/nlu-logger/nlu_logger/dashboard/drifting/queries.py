"""The SQL door to what drifts from day to day, by the names that `queries` counts by."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_logger.insights.queries import KEPT, Kept, rows

NAMED = {"intents": "predicted_intent", "confidence": "ROUND(confidence::numeric, 1)"}


async def counts(
    session: AsyncSession, kept: Kept, *, of: str, unit: str
) -> dict[datetime, dict[str, int]]:
    """Predictions by name (`of`: a key of NAMED) of each day or hour (`unit`, in UTC) that has
    some."""
    counted = await rows(
        session,
        f"""
        SELECT date_trunc(CAST(:unit AS text), p.created_at, 'UTC') AS begins,
        CAST({NAMED[of]} AS text) AS name, COUNT(*) AS count {KEPT} GROUP BY 1, 2
        """,
        kept.bound(unit=unit),
    )
    by_time: dict[datetime, dict[str, int]] = {}
    for row in counted:
        by_time.setdefault(row["begins"], {})[row["name"] or ""] = row["count"]
    return by_time
