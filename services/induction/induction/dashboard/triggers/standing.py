"""How a trigger stands, for people. Pure; time is an argument."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from nlu_shared.schemas.triggers import AutoTriggerView

from induction.triggers import wording


@dataclass(frozen=True, slots=True)
class Standing:
    """In a word, whether that is well, and what keeps the next run from starting.

    `word`: off, paused, stopped, waits or watches.
    """

    word: str
    reasons: list[str]

    @property
    def is_held(self) -> bool:
        """Until a person does something."""
        return self.word in {"paused", "stopped"}


def standing(rules: AutoTriggerView, now: datetime) -> Standing:
    """What is known without reading any case; the newest decision says the rest."""
    if not rules.enabled:
        return Standing("off", ["No run of this task starts by itself."])
    if rules.paused_at is not None:
        since = wording.moment(rules.paused_at, now)
        return Standing("paused", [f"Paused by {rules.paused_by} since {since}."])
    if stops := list(_stops(rules)):
        return Standing("stopped", stops)
    if rules.not_before is not None and rules.not_before > now:
        return Standing("waits", [_wait(rules, rules.not_before, now)])
    return Standing("watches", ["Every approval and a clock ask whether a run is worth it now."])


def _stops(rules: AutoTriggerView) -> Iterator[str]:
    most = rules.max_consecutive
    if rules.gainless_runs >= most:
        runs = wording.runs(rules.gainless_runs)
        yield f"{runs[0].upper()}{runs[1:]} gained less than {rules.min_gain:g} of F1 each."
    if rules.unseen_runs >= most:
        yield f"{rules.unseen_runs} automatic runs since a person looked, at most {most} may."


def _wait(rules: AutoTriggerView, until: datetime, now: datetime) -> str:
    at = wording.moment(until, now)
    if not rules.gainless_runs:
        return f"Cooldown until {at}: {rules.cooldown_hours:g} hours from the last start."
    runs = wording.runs(rules.gainless_runs)
    return f"Backoff until {at}: {runs} gained too little, so the cooldown is doubled."
