"""The engine's world for one run: its ledger and its inbox, both remembered."""

from collections.abc import Sequence
from dataclasses import dataclass

from nlu_shared.kit.db import session_scope

from induction.engine.world import Asked, Inbox
from induction.llm.ledger import Ledger
from induction.runs import journal
from induction.runs.lease import Lease
from induction.tasks.base import ModelAnswer


class PauseAsked(Exception):
    """The operator wants the run to pause; nothing is recorded, so it can go on exactly here."""


@dataclass(slots=True)
class RunWorld:
    ledger: Ledger
    lease: Lease
    readings: dict[int, Inbox]

    async def complete(self, asked: Sequence[Asked]) -> list[ModelAnswer]:
        self.lease.check()
        return await self.ledger.complete(asked)

    async def inbox(self, step: int) -> Inbox:
        """Raises PauseAsked instead of reading when the run is to pause."""
        if step in self.readings:
            return self.readings[step]
        self.lease.check()
        async with session_scope(self.lease.database, self.lease.identity) as session:
            read = await journal.read_inbox(session, self.lease.run.id, self.lease.run.fence, step)
        if read is None:
            raise PauseAsked
        self.readings[step] = read
        return read
