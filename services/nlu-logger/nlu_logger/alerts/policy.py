"""When an incident opens and ends. Pure; time is an argument."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from nlu_shared.schemas.alerts import IngestSilence, Rule

MOST_ATTEMPTS = 8
"""Of a notice: with the waits between them almost three hours."""


class Decision(StrEnum):
    QUIET = "quiet"
    TOO_FEW = "too_few"
    COOLING_DOWN = "cooling_down"
    OPEN = "open"
    STILL_OPEN = "still_open"
    RECOVERED = "recovered"


@dataclass(frozen=True, slots=True)
class Seen:
    """A rule's number (`value`), of how many predictions or outcomes it is (`count`), and below
    what it says nothing, since `chance` alone could have made it."""

    value: float
    count: int
    chance: float = 0.0


@dataclass(frozen=True, slots=True)
class State:
    """The rule's last incident: both None where there was none."""

    opened_at: datetime | None = None
    recovered_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.opened_at is not None and self.recovered_at is None


def decide(rule: Rule, state: State, seen: Seen, now: datetime) -> Decision:
    """Between two openings lie a recovery and the cool-down.

    An incident whose window has become too small to judge stays open: nobody knows that it ended.
    """
    if seen.count < rule.min_count and not _speaks_again(rule, seen):
        return Decision.TOO_FEW
    if seen.value < _threshold(rule):
        return Decision.RECOVERED if state.is_open else Decision.QUIET
    if seen.value < seen.chance:
        return Decision.TOO_FEW
    if state.is_open:
        return Decision.STILL_OPEN
    cooldown = timedelta(minutes=rule.cooldown_minutes)
    if state.recovered_at is not None and now < state.recovered_at + cooldown:
        return Decision.COOLING_DOWN
    return Decision.OPEN


def _threshold(rule: Rule) -> float:
    return 1.0 if isinstance(rule, IngestSilence) else rule.threshold


def _speaks_again(rule: Rule, seen: Seen) -> bool:
    """One prediction ends a silence, however long ago the traffic before it was."""
    return isinstance(rule, IngestSilence) and seen.value < 1.0
