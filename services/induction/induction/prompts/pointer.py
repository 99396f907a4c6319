"""What serves under an alias, and each move of it: rows are added, never changed."""

from collections.abc import Sequence
from datetime import datetime
from operator import attrgetter
from uuid import UUID

from nlu_shared.kit.access import names
from nlu_shared.kit.data.orders import Sorts, ordered
from nlu_shared.kit.data.pages import cut
from nlu_shared.kit.order import NEWEST, Order
from nlu_shared.schemas.base import Page
from nlu_shared.schemas.promotions import PointerMove
from nlu_shared.schemas.prompts import ServingAlias
from sqlalchemy import Boolean, DateTime, Integer, Text, Uuid, column, func, text
from sqlalchemy import select as select_columns
from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.prompts.models import PromptMoveRow, PromptProposalRow, PromptVersionRow
from induction.prompts.promotion import before
from induction.tasks import service as tasks

# Its time is later than that of the move before, whatever the clock did.
_MOVE = text(
    """
    INSERT INTO prompt_moves
        (task, alias, n, moved_at, version_id, from_version_id, by, is_rollback, proposal_id)
    SELECT :task, :alias, coalesce(max(n), 0) + 1,
        greatest(clock_timestamp(), max(moved_at) + interval '1 microsecond'),
        CAST(:version_id AS uuid), CAST(:from_version_id AS uuid), :by,
        CAST(:is_rollback AS boolean), CAST(:proposal_id AS uuid)
    FROM prompt_moves WHERE task = :task AND alias = :alias
    """
)
_HISTORY = text(
    """
    SELECT move.n, move.alias, move.version_id, version.version_hash, move.from_version_id,
        earlier.version_hash AS from_version_hash, move.moved_at, later.moved_at AS until, move.by,
        move.is_rollback, move.proposal_id, proposal.reason,
        CASE WHEN version.run_id IS NULL THEN version.notes END AS notes
    FROM prompt_moves AS move
    JOIN prompt_versions AS version ON version.id = move.version_id
    LEFT JOIN prompt_versions AS earlier ON earlier.id = move.from_version_id
    LEFT JOIN prompt_proposals AS proposal ON proposal.id = move.proposal_id
    LEFT JOIN prompt_moves AS later
        ON later.task = move.task AND later.alias = move.alias AND later.n = move.n + 1
    WHERE move.task = :task AND move.alias = :alias
        AND (CAST(:as_of AS timestamptz) IS NULL OR move.moved_at <= :as_of)
    """
).columns(
    column("n", Integer),
    column("alias", Text),
    column("version_id", Uuid),
    column("version_hash", Text),
    column("from_version_id", Uuid),
    column("from_version_hash", Text),
    column("moved_at", DateTime(timezone=True)),
    column("until", DateTime(timezone=True)),
    column("by", Text),
    column("is_rollback", Boolean),
    column("proposal_id", Uuid),
    column("reason", Text),
    column("notes", Text),
)
_MOVES = _HISTORY.subquery("moves").c
_IN_PRODUCTION = text(
    """
    SELECT DISTINCT ON (task) task, version_id FROM prompt_moves WHERE alias = :alias
    ORDER BY task, n DESC
    """
)
SORTS: Sorts = {
    "version": _MOVES.version_hash,
    "since": _MOVES.n,
    "until": _MOVES.until,
    "instead": _MOVES.from_version_hash,
    "by": _MOVES.by,
    "reason": func.lower(_MOVES.reason),
}
"""What moves can be ordered by."""


async def serving_id(
    session: AsyncSession, task: str, alias: ServingAlias = ServingAlias.PRODUCTION
) -> UUID | None:
    """The version that serves; None until something was promoted."""
    newest = (
        select(PromptMoveRow.version_id)
        .where(PromptMoveRow.task == task, PromptMoveRow.alias == alias.value)
        .order_by(col(PromptMoveRow.n).desc())
        .limit(1)
    )
    return (await session.exec(newest)).first()


async def newest_move(session: AsyncSession, task: str) -> int:
    """The number of production's; 0 until something was promoted."""
    numbers = select(func.max(PromptMoveRow.n)).where(
        PromptMoveRow.task == task, PromptMoveRow.alias == ServingAlias.PRODUCTION.value
    )
    return (await session.exec(numbers)).one() or 0


async def serves(session: AsyncSession, task: str, alias: ServingAlias) -> PromptVersionRow | None:
    """The same, the whole of it in one statement."""
    newest = (
        select(PromptVersionRow)
        .join(PromptMoveRow, col(PromptMoveRow.version_id) == PromptVersionRow.id)
        .where(PromptMoveRow.task == task, PromptMoveRow.alias == alias.value)
        .order_by(col(PromptMoveRow.n).desc())
        .limit(1)
    )
    return (await session.exec(newest)).first()


async def in_production(session: AsyncSession) -> dict[str, UUID]:
    """Of each task in which anything serves, the version that does."""
    rows = await session.execute(_IN_PRODUCTION, {"alias": ServingAlias.PRODUCTION.value})
    return {row.task: row.version_id for row in rows}


async def aliases_of(session: AsyncSession, task: str, version_id: UUID) -> list[ServingAlias]:
    """Those under which the version serves, in the order they are defined."""
    newest = (
        select(PromptMoveRow.alias, PromptMoveRow.version_id)
        .where(PromptMoveRow.task == task)
        .order_by(col(PromptMoveRow.alias), col(PromptMoveRow.n).desc())
        .ext(distinct_on(col(PromptMoveRow.alias)))
    )
    serving = dict(list(await session.exec(newest)))
    return [one for one in ServingAlias if serving.get(one.value) == version_id]


async def previous(session: AsyncSession, task: str, alias: ServingAlias) -> UUID | None:
    """What a roll-back would bring back."""
    moves = select(PromptMoveRow.version_id, PromptMoveRow.is_rollback).where(
        PromptMoveRow.task == task, PromptMoveRow.alias == alias.value
    )
    rows: Sequence[tuple[UUID, bool]] = (
        await session.exec(moves.order_by(col(PromptMoveRow.n)))
    ).all()
    return before(rows)


async def move(session: AsyncSession, proposal: PromptProposalRow, *, by: str) -> None:
    """To the proposal's version. The caller holds the task (`tasks.held`), so that moves of it
    follow one another."""
    fields = {"task", "alias", "version_id", "from_version_id", "is_rollback"}
    params = proposal.model_dump(include=fields)
    await session.execute(_MOVE, params | {"by": by, "proposal_id": proposal.id})


async def history(
    session: AsyncSession,
    task: str,
    *,
    alias: ServingAlias,
    as_of: datetime | None,
    before: int | None,
    limit: int,
    order: Order = NEWEST,
) -> Page[PointerMove]:
    """The moves until `as_of`, the newest first, so that the first says what served then, or in an
    order."""
    await tasks.get(session, task)
    moves = select_columns(*_MOVES).params(task=task, alias=alias.value, as_of=as_of)
    arranged = await ordered(session, moves, SORTS, order, id=_MOVES.n, before=before)
    rows = (await session.execute(arranged.limit(limit + 1))).all()
    page, cursor = cut(rows, limit, attrgetter("n"))
    named = await names.within(session, {row.by for row in page})
    items = [PointerMove.model_validate({**row._mapping, "by_name": named[row.by]}) for row in page]
    return Page(items=items, next_cursor=cursor)
