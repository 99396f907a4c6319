"""What a run hears on its way. Pure."""

from dataclasses import dataclass

from induction.engine.approval import Approval


@dataclass(frozen=True, slots=True)
class Inbox:
    """What arrived since the last reading.

    cancel: ends everything.
    hints: for the next proposals.
    pins: names of blocks that no later change may edit.
    stop: the minutes are used up, but for the final evaluation, in words: the search must end.
    approval: what was decided. A reading after `ApprovalAwaited` is not answered before there is
        one, or a cancellation.
    """

    cancel: bool = False
    hints: tuple[str, ...] = ()
    pins: tuple[str, ...] = ()
    stop: str | None = None
    approval: Approval | None = None
