"""How many approved labels are in doubt: dear to know, so that a session counts once a minute."""

from datetime import UTC, datetime, timedelta

from nlu_shared.kit.access.auth import Caller
from nlu_shared.schemas.queues import QueueFilters
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_logger.dashboard.inbox.memory import IssueCount
from nlu_logger.reviews import label_issues
from nlu_logger.settings import Settings

LASTING = timedelta(minutes=1)


async def count(
    session: AsyncSession,
    last: IssueCount | None,
    task: str | None,
    settings: Settings,
    *,
    caller: Caller,
) -> IssueCount:
    """As it was counted last, if that is of the same task and no minute ago."""
    now = datetime.now(UTC)
    if last is not None and last.task == task and timedelta() <= now - last.at < LASTING:
        return last
    filters = QueueFilters(task=task)
    many = await label_issues.count(session, filters, settings, caller=caller)
    return IssueCount(task=task, count=many, at=now)
