"""How much of its slots a worker uses while a provider asks for less. Pure.

One pace holds for a model of a provider over all workers: each uses the same share of its own
slots. A refusal halves it, a second with answers adds a step (additive increase, multiplicative
decrease: Chiu and Jain, Computer Networks and ISDN Systems 17 (1989) 1-14).
"""

from dataclasses import dataclass, replace

from nlu_shared.backoff import requested_seconds

from induction.llm.retry import LONGEST_PATIENCE, Failure

STEP = 1 / 16
"""Of all slots, that a second with answers brings back."""
LEAST = 1 / 64
"""The share below which nothing is halved; one call at once is always made."""
SETTLING_SECONDS = 1.0
"""After a move: refusals of calls that were sent before a halving are about the share of then, and
all workers together add one step."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Times are seconds of one clock, whichever it is.

    share: of its slots that a worker uses, above 0 to 1.
    moved: when it last changed.
    not_before: no call is sent earlier: what a provider asked one worker for, all grant.
    """

    share: float = 1.0
    moved: float = 0.0
    not_before: float = 0.0

    def refused(self, now: float, rest: float) -> "Pace":
        """After an answer that asks for less, and for `rest` seconds of patience."""
        until = max(self.not_before, now + rest) if rest else self.not_before
        if self._settles(now):
            return replace(self, not_before=until)
        return Pace(max(LEAST, self.share / 2), now, until)

    def answered(self, now: float) -> "Pace":
        """After an answer of the model."""
        if self.share >= 1 or self._settles(now):
            return self
        return replace(self, share=min(1.0, self.share + STEP), moved=now)

    def calls(self, slots: int) -> int:
        """How many of so many slots are used; one at least."""
        return max(1, int(self.share * slots))

    def rest(self, now: float) -> float:
        """Seconds until the next call may be sent. A clock that was set back keeps nobody waiting
        for longer than a call may wait."""
        return min(max(0.0, self.not_before - now), LONGEST_PATIENCE)

    def shifted(self, seconds: float) -> "Pace":
        """The same by another clock, which is so many seconds ahead."""
        return Pace(self.share, self.moved + seconds, self.not_before + seconds)

    def _settles(self, now: float) -> bool:
        return 0 <= now - self.moved < SETTLING_SECONDS


def patience_asked(failure: Failure) -> float | None:
    """Seconds for which an answer asks all callers to wait, 0 where it names none; None: it does
    not ask for less. A longer wait than a call may take is its run's matter, which is parked."""
    if not failure.asks_for_less:
        return None
    requested = requested_seconds(failure.retry_after) or 0.0
    return requested if requested <= LONGEST_PATIENCE else 0.0
