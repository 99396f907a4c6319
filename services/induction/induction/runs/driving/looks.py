"""Between the questions of a run: the operator and the clock are heard, and its row says why
nothing moves."""

import time
from contextlib import suppress
from typing import Literal

from nlu_shared.kit.data.db import session_scope
from nlu_shared.kit.errors import Unavailable

from induction.engine.runtime import CANCELLED
from induction.llm.adapters.models import Answering
from induction.llm.ledger import Ledger
from induction.resources import APP_IDENTITY, Resources
from induction.runs.computing.patience import Patience, patience
from induction.runs.driving import clock, lease
from induction.runs.driving.runtime import PauseRequested
from induction.runs.driving.silence import Silence
from induction.runs.models import RunRow

RunEnd = Literal["cancelled", "failed"]
TOO_SLOW = (
    "minutes: its texts take longer to work through than the limit of minutes leaves;"
    " shorter or fewer cases, or more minutes, would do"
)
UNANSWERED_MINUTES = "minutes: used up while the provider did not answer"


class Ended(Exception):
    """The run is over in the middle of its computing; `status` and `reason` say how."""

    def __init__(self, status: RunEnd, reason: str) -> None:
        super().__init__(reason)
        self.status: RunEnd = status
        self.reason = reason


class Looks:
    """Of one drive of a run. `ledger` and `answering` are where its answers come from, once it has
    them."""

    def __init__(self, resources: Resources, run: RunRow) -> None:
        self._resources, self._run = resources, run
        self._silence = Silence(
            resources.settings.silent_seconds, time.monotonic(), reached=run.last_event
        )
        self.ledger: Ledger | None = None
        self.answering: Answering | None = None

    async def while_asking(self) -> None:
        """For calls that are on their way. Raises LeaseLost, PauseRequested, Ended."""
        await self.while_computing(0.0)

    async def while_computing(self, seconds: float) -> None:
        """For an engine that has not come to ask for so many seconds. Raises the same."""
        run, settings = self._run, self._resources.settings
        with suppress(Unavailable):
            async with session_scope(self._resources.database, APP_IDENTITY) as session:
                standing = await clock.standing(session, run.id, run.fence)
                reason = self._silence.explained(
                    standing.reason,
                    now=time.monotonic(),
                    reached=standing.events + (self.ledger.settled if self.ledger else 0),
                    computing=seconds,
                    trouble=self.answering.trouble if self.answering else None,
                )
                if reason != standing.reason:
                    await lease.explain(session, run, reason)
            match patience(
                standing,
                computing=seconds,
                grace=settings.compute_seconds,
            ):
                case Patience.CANCEL:
                    raise Ended("cancelled", CANCELLED)
                case Patience.PAUSE:
                    raise PauseRequested
                case Patience.TOO_SLOW:
                    raise Ended("failed", TOO_SLOW)
