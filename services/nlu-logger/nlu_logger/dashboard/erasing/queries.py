"""Who asked for the erasures whose receipts are listed."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

ACTORS = """
SELECT subject, actor FROM audit_log
WHERE subject = ANY(:receipts) AND action = 'privacy.erase' LIMIT 1000
"""


async def actors(session: AsyncSession, receipts: Sequence[UUID]) -> Mapping[str, str]:
    """By receipt; one that a journal brought back has none."""
    rows = await session.execute(text(ACTORS), {"receipts": [str(one) for one in receipts]})
    return {row.subject: row.actor for row in rows}
