"""What was found, and the history of one prediction with the names of those who made it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from nlu_shared.kit.access import names
from nlu_shared.kit.access.auth import Authenticator, Caller
from nlu_shared.kit.order import Order
from nlu_shared.schemas.audit import AuditLine
from nlu_shared.schemas.base import Page
from nlu_shared.schemas.predictions import Prediction
from nlu_shared.schemas.reviews import Correction
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_logger.dashboard.inbox import queries
from nlu_logger.dashboard.search.given import SearchIn
from nlu_logger.predictions import service as predictions
from nlu_logger.reviews import queries as reviewed
from nlu_logger.reviews import service as reviews
from nlu_logger.settings import Settings

A_PAGE = 50
MOST_SHOWN = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """A prediction, what stands before and after it in its conversation, and what became of it."""

    prediction: Prediction
    before: Sequence[Prediction]
    corrections: Sequence[Correction]
    lines: Sequence[AuditLine]
    names: Mapping[str, str]


async def find(
    session: AsyncSession,
    wanted: SearchIn,
    settings: Settings,
    *,
    order: Order,
    caller: Caller,
    limit: int = A_PAGE,
) -> Page[Prediction]:
    """The newest first, or in an order."""
    given = wanted.model_dump(exclude={"before", "audited", "sort"})
    drawn = (settings.audit_seed, settings.audit_share) if wanted.audited else None
    kept = predictions.Filters(**given, drawn=drawn)
    return await predictions.page(
        session, kept, caller=caller, before=wanted.before, limit=limit, order=order
    )


async def history(
    session: AsyncSession, prediction_id: UUID, authenticator: Authenticator, *, caller: Caller
) -> History:
    """Raises NotFound. What reviewers made of it is for those who may read reviews."""
    prediction = predictions.view(await predictions.get(session, prediction_id, caller=caller))
    corrections: Sequence[Correction] = []
    lines: Sequence[AuditLine] = []
    if caller.has("reviews:read"):
        made = await reviews.page(
            session,
            caller=caller,
            prediction_id=prediction_id,
            status=None,
            before=None,
            limit=MOST_SHOWN,
        )
        corrections = made.items
        lines = (
            await reviewed.history(
                session, prediction_id, caller=caller, after=None, limit=MOST_SHOWN
            )
        ).items
    subjects = {one.actor for one in lines} | {one.author for one in corrections}
    subjects |= {one.decided_by for one in corrections if one.decided_by}
    return History(
        prediction=prediction,
        before=await queries.before(session, prediction, caller=caller),
        corrections=corrections,
        lines=lines,
        names=await names.of(authenticator, subjects),
    )
