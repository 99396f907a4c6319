"""The limits of a run, as reasons to stop name them. Pure."""

from collections.abc import Mapping

from induction.task_kinds.base import Outcome

BUDGET = "budget"
MINUTES = "minutes"
LIMITS: Mapping[Outcome, str] = {Outcome.OVER_BUDGET: BUDGET, Outcome.OUT_OF_TIME: MINUTES}
"""What kept a call from being sent. The text of such an answer names the limit."""


def limit_of_calls(calls: int, kept_back: int = 0) -> str:
    limit = f"the limit of {calls} {'call' if calls == 1 else 'calls'}"
    return f"{limit}, of which {kept_back} are kept for the end" if kept_back else limit


def limit_of_minutes(minutes: float) -> str:
    return f"the limit of {minutes:g} minutes"
