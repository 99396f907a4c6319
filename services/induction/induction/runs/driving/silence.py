"""What a run's row says of a wait that nothing else tells of. Pure.

A call may be attempted for minutes before anything of it is settled, and an engine may compute as
long: neither is an event.
"""

from dataclasses import dataclass


@dataclass(slots=True)
class Silence:
    """Of one drive of a run.

    seconds: without an answer or an event that need no explanation.
    since: when the last one came, on this process's own clock.
    reached: events and answers by then.
    """

    seconds: float
    since: float
    reached: int

    def lasts(self, now: float) -> bool:
        """Whether it is long enough to need an explanation."""
        return now - self.since >= self.seconds

    def explained(
        self,
        standing: str | None,
        *,
        now: float,
        reached: int,
        computing: float,
        trouble: str | None,
    ) -> str | None:
        """What the row is to say from now on.

        standing: what it says.
        reached: events and answers so far.
        computing: seconds since the engine asked for anything; 0: it waits for answers.
        trouble: what the last attempt of a call met, if that was no answer.
        """
        if reached > self.reached:
            self.reached, self.since = reached, now
            return None
        if computing >= self.seconds:
            return f"It computes, for more than {self.seconds:g} seconds."
        if not computing and self.lasts(now):
            why = trouble or "calls are on their way, or wait for a slot of their provider"
            return f"No answer for more than {self.seconds:g} seconds: {why}."
        return standing
