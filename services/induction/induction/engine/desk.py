"""The engine's one line to the world: it asks, and it hears the operator.

Nothing is asked once the run is cancelled, stopped or out of budget; callers get None and leave.
"""

from collections.abc import Sequence

from induction.engine.plan import Plan
from induction.engine.witnesses import Witnesses
from induction.engine.world import Asked, World
from induction.tasks.base import ModelAnswer, Outcome

CANCELLED = "cancelled"
BUDGET = "budget"


class Desk:
    """Reads the inbox by increasing step number and keeps what it said."""

    def __init__(self, plan: Plan, world: World) -> None:
        self._world = world
        self._step = 0
        self.witnesses = Witnesses()
        self._closing = False
        self._asked = self._kept_back = 0
        self._calls = plan.calls
        self._fresh_hints = [*([f"Focus on: {plan.focus}"] if plan.focus else []), *plan.hints]
        self.hints: list[str] = []
        self.cancelled = False
        self.stop: str | None = None
        self.unheard: str | None = None
        """Why no verdict is possible: the provider did not let the model answer enough."""

    @property
    def closed(self) -> bool:
        return self.cancelled or (self.stop is not None and not self._closing)

    def close_search(self) -> None:
        """From here on only a cancellation ends the run: the final look is worth a try."""
        self._closing = True
        self._kept_back = 0

    def keep_back(self, calls: int) -> None:
        """So many calls are left for what comes after the search."""
        self._kept_back = calls

    async def read(self) -> None:
        inbox = await self._world.inbox(self._step)
        self._step += 1
        self._fresh_hints += inbox.hints
        self.cancelled = self.cancelled or inbox.cancel
        self.stop = self.stop or inbox.stop

    def take_hints(self) -> list[str]:
        """Hints not taken before; from now on every proposal is told them."""
        taken, self._fresh_hints = self._fresh_hints, []
        self.hints += taken
        return taken

    async def ask(self, asked: Sequence[Asked]) -> list[ModelAnswer] | None:
        """All the answers, or None where the run must not ask or cannot pay for one of them."""
        if self.closed:
            return None
        if not self._affords(len(asked)):
            self.stop = self.stop or BUDGET
            return None
        self._asked += len(asked)
        answers = await self._world.complete(asked)
        if any(answer.outcome is Outcome.OVER_BUDGET for answer in answers):
            self.stop = self.stop or BUDGET
            return None
        return answers

    @property
    def left(self) -> int | None:
        """Calls left until only those kept back are, None where nobody said how many there are.
        Every question counts, also one that is answered from memory."""
        return None if self._calls is None else self._calls - self._asked - self._kept_back

    def _affords(self, more: int) -> bool:
        """Whether what is kept back is still there afterwards. The limit itself is held by who
        answers."""
        return self.left is None or not self._kept_back or more <= self.left
