"""Claims: who holds which item of a queue, until when by the database's clock.

Claimers take turns (one lock), so that each is given the items the others left. While somebody
holds an item, what others say or decide of it is refused.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from uuid import UUID

from nlu_shared.ids import uuid7
from nlu_shared.kit.access.auth import Caller
from nlu_shared.kit.errors import Conflict, NotFound
from nlu_shared.schemas.queues import Claim
from sqlalchemy import ARRAY, ColumnElement, Uuid, any_, exists, func, literal, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_logger.reviews.models import ClaimRow

TAKE_TURNS = "SELECT pg_advisory_xact_lock(hashtextextended('claims', 0))"
# The time of the statement, not of the transaction, which may have waited for its turn.
NOW = func.clock_timestamp()
LONGEST = timedelta(days=1)
"""No claim lasts longer: one that does was made by a clock that has been set right since."""


class Held(Conflict):
    code = "held"
    title = "Another reviewer holds this"

    def __init__(self, claim: Claim) -> None:
        super().__init__(f"{claim.claimed_by} holds it until {claim.claimed_until:%H:%M} UTC.")
        self.claim = claim


_LASTS = col(ClaimRow.until).between(NOW, NOW + LONGEST)


async def take_turns(session: AsyncSession) -> None:
    """Until the commit nobody else claims."""
    await session.execute(text(TAKE_TURNS))


async def hold(
    session: AsyncSession,
    item_ids: Sequence[UUID],
    queue: str,
    *,
    caller: Caller,
    lasting: timedelta,
) -> dict[UUID, Claim]:
    """The claims by item, the caller's own begun anew; what somebody else holds is left out."""
    if not item_ids:
        return {}
    new = insert(ClaimRow).values(
        [
            {"item_id": item, "id": uuid7(), "queue": queue, "held_by": caller.subject}
            | {"until": NOW + lasting}
            for item in item_ids
        ]
    )
    taken = await session.execute(
        new.on_conflict_do_update(
            index_elements=["item_id"],
            set_={name: new.excluded[name] for name in ("id", "queue", "held_by", "until")},
            where=~_LASTS | (col(ClaimRow.held_by) == caller.subject),
        ).returning(ClaimRow)
    )
    return {row.item_id: row.view() for row in taken.scalars()}


def held(item_id: Mapped[UUID]) -> ColumnElement[bool]:
    """Whether somebody holds the item now."""
    return exists().where(col(ClaimRow.item_id) == item_id, _LASTS)


async def guard(session: AsyncSession, item_ids: Iterable[UUID], *, caller: Caller) -> None:
    """Raises Held where somebody else holds one of these now. An end user is asked by nobody to
    wait with what they say of their own."""
    if caller.user_id is None:
        for claim in (await of(session, item_ids)).values():
            if claim.claimed_by != caller.subject:
                raise Held(claim)


async def own(session: AsyncSession, *, caller: Caller) -> Sequence[UUID]:
    """The items that the caller holds now, of whichever queue."""
    mine = (col(ClaimRow.held_by) == caller.subject, _LASTS)
    return (await session.exec(select(ClaimRow.item_id).where(*mine))).all()


async def of(session: AsyncSession, item_ids: Iterable[UUID]) -> dict[UUID, Claim]:
    """Who holds which of these now."""
    rows = await session.exec(
        select(ClaimRow).where(
            # One parameter, however many there are.
            col(ClaimRow.item_id) == any_(literal(list(item_ids), ARRAY(Uuid))),
            _LASTS,
        )
    )
    return {row.item_id: row.view() for row in rows}


async def end(session: AsyncSession, item_id: UUID, *, caller: Caller) -> None:
    """The caller is done with the item, held or not."""
    mine = (col(ClaimRow.item_id) == item_id, col(ClaimRow.held_by) == caller.subject)
    ended = func.least(col(ClaimRow.until), NOW)
    await session.execute(update(ClaimRow).where(*mine).values(until=ended))


async def release(session: AsyncSession, claim_id: UUID, *, caller: Caller) -> None:
    """Raises NotFound for a claim that is not the caller's, or that ended."""
    ended = await session.execute(
        update(ClaimRow)
        .where(
            col(ClaimRow.id) == claim_id,
            col(ClaimRow.held_by) == caller.subject,
            _LASTS,
        )
        .values(until=NOW)
        .returning(col(ClaimRow.id))
    )
    if ended.first() is None:
        raise NotFound("You hold no such claim.")
