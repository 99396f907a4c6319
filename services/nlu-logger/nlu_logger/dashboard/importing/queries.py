"""Which tasks there are already, so that a slip of the hand makes no other."""

from collections.abc import Sequence

from nlu_shared.kit.access.auth import Caller
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_logger.dashboard.inbox import queries as logged

TASKS = """
SELECT DISTINCT task FROM ground_truth
UNION SELECT DISTINCT task FROM label_sets
"""


async def tasks(session: AsyncSession, *, caller: Caller) -> Sequence[str]:
    """Those that have predictions, cases or labels and are the caller's, by name."""
    named = await logged.tasks(session, caller=caller)
    if caller.tasks is not None:
        return named
    return sorted({*named, *(await session.execute(text(TASKS))).scalars()})
