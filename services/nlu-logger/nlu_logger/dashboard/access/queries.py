"""Who and what the audit log names, for the choices of its page."""

from collections.abc import Sequence

from nlu_shared.kit.access.names import USER
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

# Of a log that grows for years the newest lines are enough to choose from.
NAMED = """
WITH newest AS (SELECT actor, action FROM audit_log ORDER BY id DESC LIMIT 50000)
SELECT array(SELECT DISTINCT actor FROM newest WHERE NOT starts_with(actor, :user) ORDER BY 1),
    array(SELECT DISTINCT action FROM newest ORDER BY 1)
"""


async def named(session: AsyncSession) -> tuple[Sequence[str], Sequence[str]]:
    """Actors, end users apart, and actions."""
    actors, actions = (await session.execute(text(NAMED), {"user": USER})).one()
    return actors, actions
