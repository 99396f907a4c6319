"""The months of the predictions' table as they stand: about how many rows, how large."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

MONTHS = """
SELECT c.relname AS name, pg_total_relation_size(c.oid) AS bytes,
    CASE WHEN c.reltuples < 0 THEN NULL ELSE c.reltuples::bigint END AS rows
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'nlu_prompt_logs'::regclass AND c.relname ~ '_[0-9]{4}_[0-9]{2}$'
ORDER BY c.relname DESC
"""


@dataclass(frozen=True, slots=True)
class Month:
    """`rows` is PostgreSQL's estimate, None before its first; `ends` is when its last prediction
    is too old, and the month goes."""

    begins: date
    rows: int | None
    bytes: int
    ends: datetime


async def months(session: AsyncSession, *, kept: timedelta) -> Sequence[Month]:
    """Those that hold rows, or may for all that is known, before the empty ones; the newest
    first."""
    stored = await session.execute(text(MONTHS))
    every = [_month(row.name, row.rows, row.bytes, kept) for row in stored]
    return sorted(every, key=lambda one: one.rows == 0)


async def kept_anonymised(session: AsyncSession) -> int:
    """Training rows that stay when their month goes."""
    return int(
        (await session.execute(text("SELECT count(*) FROM kept_training_rows"))).scalar_one()
    )


def _month(name: str, rows: int | None, size: int, kept: timedelta) -> Month:
    year, month = (int(part) for part in name.rsplit("_", 2)[1:])
    after = date(year + month // 12, month % 12 + 1, 1)
    ends = datetime(after.year, after.month, 1, tzinfo=UTC) + kept
    return Month(date(year, month, 1), rows, size, ends)
