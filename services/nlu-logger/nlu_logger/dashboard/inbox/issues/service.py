"""How many approved labels are in doubt: dear to know, so that a session counts once a minute, or
less often where counting takes long."""

import time
from datetime import UTC, datetime, timedelta

from nlu_shared.kit.access.auth import Caller
from nlu_shared.schemas.queues import QueueFilters
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_logger.dashboard.inbox.memory import IssueCount
from nlu_logger.reviews import label_issues
from nlu_logger.settings import Settings

LASTING, SHARE = timedelta(minutes=1), 100
"""A count holds for a minute at least, and so many times as long as it took."""


async def count(
    session: AsyncSession,
    last: IssueCount | None,
    task: str | None,
    settings: Settings,
    *,
    caller: Caller,
) -> IssueCount:
    """As it was counted last, while that holds and is of the same task."""
    if last is not None and last.task == task and datetime.now(UTC) < last.until:
        return last
    begun = time.monotonic()
    filters = QueueFilters(task=task)
    many = await label_issues.count(session, filters, settings, caller=caller)
    lasting = max(LASTING, SHARE * timedelta(seconds=time.monotonic() - begun))
    return IssueCount(task=task, count=many, until=datetime.now(UTC) + lasting)
