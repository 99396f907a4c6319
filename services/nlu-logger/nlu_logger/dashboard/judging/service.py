"""The history of one prediction with the names of those who made it, and what may be answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from nlu_shared.kit.access import names
from nlu_shared.kit.access.auth import Authenticator, Caller
from nlu_shared.schemas.audit import AuditLine
from nlu_shared.schemas.predictions import Prediction
from nlu_shared.schemas.reviews import Correction
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_logger.dashboard.inbox import extraction, queries
from nlu_logger.dashboard.inbox import service as inbox
from nlu_logger.dashboard.inbox.queries import Turn
from nlu_logger.predictions import service as predictions
from nlu_logger.reviews import queries as reviewed
from nlu_logger.reviews import service as reviews

MOST_SHOWN = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """A prediction, its `turn` in its conversation and what stands before it, what became of it,
    and what may be answered: None for who may not."""

    prediction: Prediction
    turn: Turn | None
    before: Sequence[Prediction]
    corrections: Sequence[Correction]
    lines: Sequence[AuditLine]
    names: Mapping[str, str]
    choice: inbox.Offered | None


async def history(
    session: AsyncSession,
    prediction_id: UUID,
    authenticator: Authenticator,
    *,
    caller: Caller,
    named: Sequence[str] = (),
    filled: extraction.FilledRows | None = None,
) -> History:
    """Raises NotFound. What reviewers made of it is for those who may read reviews; `named` are
    subjects whose names are shown as well, `filled` is what stands in the form again."""
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
    subjects = {one.actor for one in lines} | {one.author for one in corrections} | {*named}
    subjects |= {one.decided_by for one in corrections if one.decided_by}
    return History(
        prediction=prediction,
        turn=await queries.turn(session, prediction, caller=caller),
        before=await queries.before(session, prediction, caller=caller),
        corrections=corrections,
        lines=lines,
        names=await names.of(authenticator, subjects),
        choice=await _choice(session, prediction, filled, caller=caller),
    )


async def _choice(
    session: AsyncSession,
    prediction: Prediction,
    filled: extraction.FilledRows | None,
    *,
    caller: Caller,
) -> inbox.Offered | None:
    if not (caller.has("reviews:read") and caller.has("corrections:write")):
        return None
    choice = inbox.Offered()
    await inbox.offer(session, choice, prediction, hides_answer=False, caller=caller)
    if filled is not None and choice.proposed is not None:
        choice.coding_form = extraction.form_for(choice.proposed, filled)
    return choice
