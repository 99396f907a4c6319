"""Should a run start by itself? A pure decision; every reason is kept."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from nlu_shared.schemas.triggers import AutoTrigger


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known when the question is asked. Counts are of approved cases; `unanswerable` says
    that too many of them cannot be answered."""

    now: datetime
    cases: int
    dataset_hash: str | None
    is_active: bool
    has_baseline: bool
    is_archived: bool
    unanswerable: str | None
    last_started_at: datetime | None
    last_cases: int
    last_dataset_hash: str | None


@dataclass(frozen=True, slots=True)
class Decision:
    start: bool
    reasons: tuple[str, ...]


def decide(rules: AutoTrigger, facts: Facts) -> Decision:
    """Starts only when nothing speaks against it; otherwise names all that does."""
    against = [reason for reason in _against(rules, facts) if reason]
    if against:
        return Decision(start=False, reasons=tuple(against))
    return Decision(
        start=True,
        reasons=(f"{facts.cases} approved cases, {facts.cases - facts.last_cases} of them new",),
    )


def _against(rules: AutoTrigger, facts: Facts) -> list[str | None]:
    cooldown = timedelta(hours=rules.cooldown_hours)
    fresh = facts.cases - facts.last_cases
    return [
        None if rules.enabled else "switched off",
        "the task is archived" if facts.is_archived else None,
        facts.unanswerable,
        None if facts.has_baseline else "no prompt is in production",
        "a run of this task is active" if facts.is_active else None,
        f"{facts.cases} approved cases, {rules.min_cases} needed"
        if facts.cases < rules.min_cases
        else None,
        "the ground truth is the same as in the last run"
        if facts.dataset_hash is not None and facts.dataset_hash == facts.last_dataset_hash
        else None,
        f"{fresh} new cases, {rules.min_new_cases} needed"
        if facts.last_started_at is not None and fresh < rules.min_new_cases
        else None,
        f"the last run started less than {rules.cooldown_hours:g} hours ago"
        if facts.last_started_at is not None and facts.now - facts.last_started_at < cooldown
        else None,
    ]
