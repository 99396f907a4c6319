"""The months of the predictions' table: made ahead of time, and what fell outside them counted."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

MONTHS_AHEAD = 3


async def look_after(session: AsyncSession, *, kept: timedelta) -> int:
    """Makes the months from `kept` ago to three ahead, and those of rows that have none.

    How many were made. Such rows move to their month in the same transaction.
    """
    made = await session.execute(
        text("SELECT ensure_prediction_partitions(:back, :ahead)"),
        {"back": months_back(kept, now=datetime.now(UTC)), "ahead": MONTHS_AHEAD},
    )
    return int(made.scalar_one())


async def without_month(session: AsyncSession) -> int:
    """Rows in the default partition: stored safely, but dropped with no month."""
    result = await session.execute(text("SELECT predictions_without_month()"))
    return int(result.scalar_one())


def months_back(kept: timedelta, *, now: datetime) -> int:
    """How many months before this one hold a moment that is still kept."""
    oldest = now - kept
    return (now.year - oldest.year) * 12 + now.month - oldest.month
