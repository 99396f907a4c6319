"""What the engine may ask of the world: answers of models, and what the operator wants.

Both are questions whose answers a caller can record, so that a run can be replayed. How they are
answered, paid for and remembered is no concern of this room.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from induction.tasks.base import ModelAnswer, ModelRequest


@dataclass(frozen=True, slots=True)
class Asked:
    """One call. Equal requests are told apart by `sample` where noise is measured."""

    request: ModelRequest
    sample: int = 0
    purpose: Literal["task", "proposer"] = "task"


@dataclass(frozen=True, slots=True)
class Inbox:
    """What arrived since the last reading. `stop` says why the search must end, the final look
    at the test part excepted; `cancel` ends everything."""

    cancel: bool = False
    hints: tuple[str, ...] = ()
    stop: str | None = None


class World(Protocol):
    async def complete(self, asked: Sequence[Asked]) -> list[ModelAnswer]:
        """One answer per call, in the order asked. Raises only what no single case survives."""

    async def inbox(self, step: int) -> Inbox:
        """The reading number `step`, counted from 0; the same step always reads the same."""
