"""What was decided on a change that waited for a person. Pure: who waits, and how, is the
runtime's."""

from dataclasses import dataclass

from nlu_shared.schemas.steering import Decision, Unanswered

VETOED = "A change was vetoed: {}"
"""How a reason reaches the next proposals."""


@dataclass(frozen=True, slots=True)
class Approval:
    """`by` is None where the time decided; `reason` is of a veto, in the person's words."""

    decision: Decision
    by: str | None = None
    reason: str | None = None

    @property
    def hint(self) -> str | None:
        return None if self.reason is None else VETOED.format(self.reason)


def by_time(unanswered: Unanswered) -> Approval:
    """Nobody has answered."""
    keeps = unanswered is Unanswered.KEEP
    return Approval(Decision.APPROVED if keeps else Decision.VETOED)
