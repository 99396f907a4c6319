"""How a trigger stands, for people. Pure; time is an argument."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from nlu_shared.schemas.triggers import AutoTriggerView

from induction.triggers import wording


@dataclass(frozen=True, slots=True)
class Reason:
    """A sentence, with a moment in it where there is one: the reader's clock tells that."""

    text: str
    at: datetime | None = None
    rest: str = ""


@dataclass(frozen=True, slots=True)
class TriggerState:
    """In a word, whether that is well, and what keeps the next run from starting.

    `word`: off, paused, stopped, waits or watches.
    """

    word: str
    reasons: list[Reason]

    @property
    def is_held(self) -> bool:
        """Until a person does something."""
        return self.word in {"paused", "stopped"}


def standing(rules: AutoTriggerView, now: datetime) -> TriggerState:
    """What is known without reading any case; the newest decision says the rest."""
    if not rules.enabled:
        return TriggerState("off", [Reason("No run of this task starts by itself.")])
    if rules.paused_at is not None:
        since = Reason(f"Paused by {rules.paused_by} since ", rules.paused_at, ".")
        return TriggerState("paused", [since])
    if stops := list(_stops(rules)):
        return TriggerState("stopped", stops)
    if rules.not_before is not None and rules.not_before > now:
        return TriggerState("waits", [_wait(rules, rules.not_before)])
    watches = Reason("Every approval and a clock ask whether a run is worth it now.")
    return TriggerState("watches", [watches])


def _stops(rules: AutoTriggerView) -> Iterator[Reason]:
    most = rules.max_consecutive
    if rules.gainless_runs >= most:
        runs = wording.runs(rules.gainless_runs)
        gained = f"gained less than {rules.min_gain:g} of F1 each."
        yield Reason(f"{runs[0].upper()}{runs[1:]} {gained}")
    if rules.unseen_runs >= most:
        unseen = f"{rules.unseen_runs} automatic runs since a person looked"
        yield Reason(f"{unseen}, at most {most} may.")


def _wait(rules: AutoTriggerView, until: datetime) -> Reason:
    if not rules.gainless_runs:
        rest = f": {rules.cooldown_hours:g} hours from the last start."
        return Reason("Cooldown until ", until, rest)
    runs = wording.runs(rules.gainless_runs)
    return Reason(
        "Backoff until ", until, f": {runs} gained too little, so the cooldown is doubled."
    )
