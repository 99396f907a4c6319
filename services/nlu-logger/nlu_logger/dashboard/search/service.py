"""What was found."""

from nlu_shared.kit.access.auth import Caller
from nlu_shared.kit.order import Order
from nlu_shared.schemas.base import Page
from nlu_shared.schemas.predictions import Prediction
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_logger.dashboard.search.filters import SearchIn
from nlu_logger.predictions import service as predictions
from nlu_logger.settings import Settings

A_PAGE = 50


async def find(
    session: AsyncSession,
    filters: SearchIn,
    settings: Settings,
    *,
    order: Order,
    caller: Caller,
    limit: int = A_PAGE,
) -> Page[Prediction]:
    """The newest first, or in an order."""
    conditions = filters.model_dump(exclude={"before", "audited", "sort"})
    drawn = (settings.audit_seed, settings.audit_share) if filters.audited else None
    kept = predictions.Filters(**conditions, drawn=drawn)
    return await predictions.page(
        session, kept, caller=caller, before=filters.before, limit=limit, order=order
    )
