"""The commands for the person who restores a backup, or knows that the clock is right."""

import asyncio
import sys
from datetime import date
from pathlib import Path

from nlu_shared.ids import uuid7
from nlu_shared.kit.access import audit
from nlu_shared.kit.access.auth import ADMIN, Caller
from nlu_shared.kit.data.db import Database, Identity, open_database, session_scope
from nlu_shared.kit.environment import from_environment
from nlu_shared.kit.settings import secret
from nlu_shared.schemas.privacy import ErasureReceipt, ForgottenCase

from nlu_logger.anonymise.text import pseudonym
from nlu_logger.ground_truth import service as ground_truth
from nlu_logger.migrations import ADMINISTRATOR, ERASER
from nlu_logger.privacy import jobs, journal, service
from nlu_logger.settings import Settings

CALLER = Caller("command-line", frozenset({ADMIN}))


def confirm_clock(today: date) -> None:
    """Says that the database's clock is right, so that retention goes on.

    Parameters
    ----------
    today
        The day it is, as 2026-11-28.
    """
    if not asyncio.run(_confirm(from_environment(Settings), today)):
        sys.exit(f"nlu-logger: the database's clock does not say {today}: set it right first")
    print("confirmed")


def erase_again(*, receipts: Path | None = None, forgotten: Path | None = None) -> None:
    """After a restore: makes again the erasures that the backup does not know. Safe to repeat.

    Parameters
    ----------
    receipts
        The journal of erasures, or receipts one a line.
    forgotten
        What induction's GET /v1/admin/forgotten answers, one page a line.
    """
    known = journal.receipts(receipts.read_bytes().splitlines()) if receipts else []
    cases = journal.forgotten(forgotten.read_bytes().splitlines()) if forgotten else []
    made, gone, removed = asyncio.run(_erase_again(from_environment(Settings), known, cases))
    print(f"{made} erasures made again, {gone} predictions and {removed} cases removed")


async def _confirm(settings: Settings, today: date) -> bool:
    async with (
        open_database(settings.database, pool_size=1) as database,
        session_scope(database, Identity(ADMINISTRATOR)) as session,
    ):
        if not await jobs.confirm_clock(session, today):
            return False
        await audit.record(
            session, actor=CALLER.subject, action="privacy.confirm-clock", subject=today.isoformat()
        )
        return True


async def _erase_again(
    settings: Settings, known: list[ErasureReceipt], cases: list[ForgottenCase]
) -> tuple[int, int, int]:
    """Erasures made again, predictions and cases removed; each in its own commit."""
    key = secret(settings.anonymise_key)
    async with open_database(settings.database, pool_size=1) as database:
        async with session_scope(database, Identity(ERASER)) as session:
            stored = await service.stored(session, [one.id for one in known])
        async with session_scope(database, Identity(ADMINISTRATOR)) as session:
            names = {pseudonym(one, key): one for one in await service.people(session)}
        lost = [one for one in known if one.id not in stored]
        gone, began = 0, uuid7()
        for one in lost:
            person = names.get(one.person)
            async with session_scope(database, Identity(ERASER, person)) as session:
                if person is not None:
                    again = await service.erase(
                        session, person, caller=CALLER, key=key, before=one.at
                    )
                    # With nothing to remove the answer is a receipt from before.
                    gone += again.removed.get("predictions", 0) if again.id > began else 0
                await service.store(session, one)
        return len(lost), gone, await _remove_again(database, cases)


async def _remove_again(database: Database, cases: list[ForgottenCase]) -> int:
    async with session_scope(database, Identity(ADMINISTRATOR)) as session:
        lost = await service.lost(session, cases)
        for case_id in lost:
            await ground_truth.remove(session, case_id, caller=CALLER)
    return len(lost)
