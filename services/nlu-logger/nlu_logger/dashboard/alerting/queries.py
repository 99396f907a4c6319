"""What rules measure, as pages tell it: when an incident opened, and now."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from nlu_shared.schemas.alerts import Alert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_logger.alerts import queries
from nlu_logger.alerts.models import IncidentRow
from nlu_logger.alerts.policy import Seen

MOST_MEASURED = 20
"""Rules that a page measures: each is a look through its window."""


async def opened(session: AsyncSession) -> Mapping[UUID, IncidentRow]:
    """The incidents that have not ended, by alert."""
    unended = select(IncidentRow).where(col(IncidentRow.recovered_at).is_(None))
    return {one.alert_id: one for one in (await session.exec(unended)).all()}


async def measured(
    session: AsyncSession, alerts: Sequence[Alert], *, now: datetime
) -> Mapping[UUID, Seen]:
    """By alert, of the first MOST_MEASURED."""
    few = alerts[:MOST_MEASURED]
    return {one.id: await queries.seen(session, one.rule, now=now) for one in few}
