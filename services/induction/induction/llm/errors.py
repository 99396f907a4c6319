"""What no single case survives. Everything less is an `Outcome` of its answer.

Reasons are in our own words; what a provider says goes no further than `reading`.
"""


class ParkRun(Exception):
    """The provider asks for a longer pause than a call may take: come back in `seconds`.

    `ambiguous` attempts went out before without a readable answer; they may be billed.
    """

    is_outage = False

    def __init__(self, seconds: float, reason: str, *, ambiguous: int = 0) -> None:
        super().__init__(f"{reason}; come back in {seconds:.0f} s")
        self.seconds = seconds
        self.reason = reason
        self.ambiguous = ambiguous


class Outage(ParkRun):
    """The provider answers nothing at all for now. What is open stays open and is asked again."""

    is_outage = True


class CalledOff(Exception):
    """Nobody wants the call any more that rests before its next attempt."""


class OutOfTime(Exception):
    """Before its next attempt the limit of minutes is reached."""


class StopRun(Exception):
    """No later call can succeed before a person acts: key, money, permission, or requests that
    the provider does not take. `ambiguous` as for `ParkRun`."""

    def __init__(self, reason: str, *, ambiguous: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.ambiguous = ambiguous


class UnknownModel(Exception):
    """No price is known for this model on this day, so no budget can be promised."""

    def __init__(self, model: str) -> None:
        super().__init__(f"no price is known for model {model!r}")
        self.model = model
