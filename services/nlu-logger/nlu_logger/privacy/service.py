"""Erasing one person, in one transaction, and the receipt that says what went and what could not.

The transaction is the eraser's, for the one person it is about: the database functions take them
from there, so nothing here can name somebody else.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog
from nlu_shared.ids import uuid7
from nlu_shared.kit.access import audit
from nlu_shared.kit.access.auth import Caller
from nlu_shared.kit.data.pages import cut
from nlu_shared.kit.errors import Forbidden, NotFound, Unavailable
from nlu_shared.schemas.base import Page, canonical
from nlu_shared.schemas.privacy import Disclosure, ErasureReceipt, ForgottenCase, Why
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_logger.anonymise.text import pseudonym
from nlu_logger.ground_truth import service as ground_truth
from nlu_logger.privacy import journal

log = structlog.get_logger(__name__)
ROWS_AT_ONCE = 5_000
OUT_OF_REACH = (
    "rows older than the retention, kept for training without any link to a person",
    "ground truth whose predictions were dropped: its text is anonymised, its author unknown",
    "ground truth that was imported: it is not derived from what was logged here",
    "the exports listed under disclosures: whoever holds them must delete the rows",
    "what people have read, copied or saved from a page or a list: it is noted nowhere",
    "prompts that quote an erased case: induction lists them, a person changes them",
    "what a client has spooled and not sent yet: it is new when it arrives",
    "ids of erased cases: who holds one can test a guess of its text",
    "backups of the database, until they are overwritten",
)


def check_person(caller: Caller, person: UUID) -> None:
    """An end user erases nobody but themselves; a key that is limited to tasks erases nobody."""
    if caller.user_id not in (None, person) or caller.tasks is not None:
        raise Forbidden("This key or token may not erase that person.")


async def erase(
    session: AsyncSession,
    person: UUID,
    *,
    caller: Caller,
    key: str | None,
    journal_at: Path | None = None,
    before: datetime | None = None,
) -> ErasureReceipt:
    """Removes what is stored of a person now: predictions, what was said of them, and the ground
    truth that rests on them alone. What arrives afterwards is new.

    A case that somebody else's approved prediction stands behind as well is not theirs alone and
    stays. Asked again with nothing new to remove, the last receipt is the answer. With `before`,
    what was said since stays. Raises Unavailable where the journal cannot be written.
    """
    known_as = pseudonym(person, key)
    # An import that began before is waited for, and one that begins now waits.
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtext('erasure'))"))
    await session.execute(text("SELECT hold_person()"))
    await ground_truth.lock(session)
    gone = await _remove_all(session, before)
    gone.add({"audit_lines_renamed": await _rename(session, known_as)})
    previous = await _last_receipt(session, known_as)
    if previous is not None and not gone.removed.get("predictions"):
        return previous
    for task in sorted(gone.tasks):
        await ground_truth.changed(session, task)
    receipt = ErasureReceipt(
        id=uuid7(),
        at=datetime.now(UTC),
        person=known_as,
        removed=gone.removed,
        erased_cases=sorted(gone.cases),
        shared_cases_kept=len(gone.behind - gone.cases),
        disclosures=await _disclosures(session, gone.since),
        out_of_reach=list(OUT_OF_REACH),
    )
    await store(session, receipt)
    if journal_at is not None:
        await _write_down(journal_at, receipt)
    await audit.record(
        session,
        actor=caller.subject if caller.user_id is None else f"user:{known_as}",
        action="privacy.erase",
        subject=receipt.id,
        removed=gone.removed,
        cases=len(gone.cases),
    )
    return receipt


async def receipt(
    session: AsyncSession, erasure_id: UUID, *, caller: Caller, key: str | None
) -> ErasureReceipt:
    """Raises NotFound for one that is unknown, and for somebody else's."""
    stored: dict[str, Any] | None = (
        await session.execute(
            text("SELECT receipt FROM erasures WHERE id = :id"), {"id": erasure_id}
        )
    ).scalar_one_or_none()
    if stored is None:
        raise NotFound("There is no such receipt.")
    erasure = ErasureReceipt.model_validate(stored)
    if caller.user_id is not None and pseudonym(caller.user_id, key) != erasure.person:
        raise NotFound("There is no such receipt.")
    return erasure


async def receipts(
    session: AsyncSession, *, before: UUID | None, limit: int
) -> Page[ErasureReceipt]:
    """The newest first, those before one of them; for who may see everybody's."""
    rows = await session.execute(
        text(
            """
            SELECT receipt FROM erasures WHERE CAST(:before AS uuid) IS NULL OR id < :before
            ORDER BY id DESC LIMIT :limit
            """
        ),
        {"before": before, "limit": limit + 1},
    )
    page, cursor = cut([ErasureReceipt.model_validate(row) for row in rows.scalars()], limit)
    return Page(items=list(page), next_cursor=cursor)


class _Gone:
    """What the batches removed, together."""

    def __init__(self) -> None:
        self.removed: dict[str, int] = {}
        self.cases: set[UUID] = set()
        self.behind: set[UUID] = set()
        self.tasks: set[str] = set()
        self.since: datetime | None = None

    def add(self, counts: dict[str, int]) -> None:
        for name, count in counts.items():
            self.removed[name] = self.removed.get(name, 0) + count


async def _remove_all(session: AsyncSession, before: datetime | None) -> _Gone:
    """A person with very many rows goes in statements of bounded length, and in one commit."""
    gone = _Gone()
    while True:
        removed: dict[str, Any] = (
            await session.execute(
                text("SELECT erase_person(:at_most, :before)"),
                {"at_most": ROWS_AT_ONCE, "before": before},
            )
        ).scalar_one()
        gone.add(removed["counts"])
        gone.behind |= {UUID(one) for one in removed["behind"]}
        gone.cases |= {UUID(one["id"]) for one in removed["gone"]}
        gone.tasks |= {one["task"] for one in removed["gone"]}
        if removed["since"] is not None:
            seen = datetime.fromisoformat(removed["since"])
            gone.since = min(gone.since or seen, seen)
        if removed["counts"]["predictions"] < ROWS_AT_ONCE:
            return gone


async def _rename(session: AsyncSession, known_as: str) -> int:
    renamed: int = (
        await session.execute(text("SELECT rename_person(:known_as)"), {"known_as": known_as})
    ).scalar_one()
    return renamed


async def _disclosures(session: AsyncSession, since: datetime | None) -> list[Disclosure]:
    """Every export since the person's first row: which of them hold it, nobody wrote down."""
    if since is None:
        return []
    rows = await session.execute(
        text(
            """
            SELECT id, at, kind, recipient, destination FROM disclosures
            WHERE at >= :since ORDER BY at, id
            """
        ),
        {"since": since},
    )
    return [Disclosure.model_validate(dict(row._mapping)) for row in rows]


async def _write_down(path: Path, made: ErasureReceipt) -> None:
    """Before the commit: an erasure that is lost with it is asked for again all the same."""
    try:
        await asyncio.to_thread(journal.append, path, made)
    except OSError as failed:
        log.error("journal of erasures not written", reason=type(failed).__name__)
        raise Unavailable("The journal of erasures cannot be written.") from failed


async def stored(session: AsyncSession, among: Sequence[UUID]) -> set[UUID]:
    """Which of these receipts are known."""
    rows = await session.execute(
        text("SELECT id FROM erasures WHERE id = ANY(:among)"), {"among": list(among)}
    )
    return set(rows.scalars())


async def people(session: AsyncSession) -> Sequence[UUID]:
    """Everybody of whom a prediction is stored, as an administrator sees it."""
    rows = await session.execute(
        text("SELECT DISTINCT user_id FROM nlu_prompt_logs WHERE user_id IS NOT NULL")
    )
    return rows.scalars().all()


async def lost(session: AsyncSession, forgotten: Sequence[ForgottenCase]) -> list[UUID]:
    """Of the cases that induction was told to forget, those that this database does not know it
    gave up, and holds."""
    gone = {
        one.mark: one.case_id for one in forgotten if one.mark and one.why is not Why.ANONYMISED
    }
    rows = await session.execute(
        text(
            """
            SELECT DISTINCT forgotten.case_id FROM unnest(CAST(:marks AS uuid[]),
            CAST(:cases AS uuid[])) AS forgotten (mark, case_id)
            WHERE EXISTS (SELECT FROM ground_truth g WHERE g.id = forgotten.case_id)
            AND NOT EXISTS (SELECT FROM erased_cases e WHERE e.mark = forgotten.mark)
            """
        ),
        {"marks": list(gone), "cases": list(gone.values())},
    )
    return list(rows.scalars())


async def store(session: AsyncSession, made: ErasureReceipt) -> None:
    await session.execute(
        text(
            """
            INSERT INTO erasures (id, person, receipt)
            VALUES (:id, :person, CAST(:receipt AS jsonb))
            """
        ),
        {"id": made.id, "person": made.person, "receipt": canonical(made)},
    )


async def _last_receipt(session: AsyncSession, known_as: str) -> ErasureReceipt | None:
    stored: dict[str, Any] | None = (
        await session.execute(
            text("SELECT receipt FROM erasures WHERE person = :person ORDER BY id DESC LIMIT 1"),
            {"person": known_as},
        )
    ).scalar_one_or_none()
    return ErasureReceipt.model_validate(stored) if stored is not None else None
