"""Who was erased does not come back with a file: what an erasure leaves to know them by.

Of predictions their ids, of people the pseudonym on the receipt and the moment of it. A row of an
erased person that was made after the erasure is new.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_logger.anonymise.text import pseudonym
from nlu_logger.imports.history import Record


async def hold_off(session: AsyncSession) -> None:
    """No erasure begins before this transaction has ended: it finds all that was brought in."""
    await session.execute(text("SELECT pg_advisory_xact_lock_shared(hashtext('erasure'))"))


async def predictions(session: AsyncSession, among: Iterable[UUID]) -> set[UUID]:
    """The ids of predictions that were erased."""
    rows = await session.execute(
        text("SELECT id FROM erased_predictions WHERE id = ANY(:among)"), {"among": list(among)}
    )
    return set(rows.scalars())


async def among(session: AsyncSession, records: Sequence[Record], *, key: str | None) -> set[int]:
    """The lines of what was erased, or was made before its person was."""
    gone = await predictions(session, [one.id for one in records])
    people = {one.row.user_id for one in records if one.row.user_id is not None}
    names = {person: pseudonym(person, key) for person in people}
    at = await _erased_at(session, list(names.values()))
    lines = {one.line for one in records if one.id in gone}
    for one in records:
        moment = at.get(names[one.row.user_id]) if one.row.user_id is not None else None
        if moment is not None and one.row.created_at < moment:
            lines.add(one.line)
    return lines


async def _erased_at(session: AsyncSession, people: list[str]) -> dict[str, datetime]:
    rows = await session.execute(
        text("SELECT person, at FROM last_erasures(:people)"), {"people": people}
    )
    return {row.person: row.at for row in rows}
