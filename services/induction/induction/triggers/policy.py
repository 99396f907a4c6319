"""Should a run start by itself? A pure decision; every reason is kept.

The score of production is what is watched: below the threshold a run starts unless the loop rules,
the money or the facts speak against it. Where too few cases are audited to know it, the counts of
approved cases decide.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from nlu_shared.schemas.triggers import MOST_HOURS, AutoTrigger, FallEvidence

from induction.sentences import counted
from induction.triggers import wording

MOST_DOUBLINGS = 20
RESET = "look at them, then POST /v1/admin/auto-trigger/reset-backoff"


@dataclass(frozen=True, slots=True)
class Live:
    """The score of what serves now. `value` is None where it is not known."""

    value: float | None
    words: str


@dataclass(frozen=True, slots=True)
class LastRun:
    """The newest improve run, whoever started it.

    same: it completed, and a run now would be it again: prompt, models, labels and ground truth.
    waiting: its better prompt does not serve.
    """

    started_at: datetime
    cases: int
    dataset_hash: str
    same: bool
    waiting: bool


@dataclass(frozen=True, slots=True)
class AutomaticRun:
    """An improve run that started by itself. `gain` of F1 on validation; None where none was
    measured, or it is not over."""

    started_at: datetime
    is_over: bool
    gain: float | None


@dataclass(frozen=True, slots=True)
class Loop:
    """What automatic runs came to.

    gainless: in a row, the newest among them, that gained less than `min_gain`.
    unseen: since a person looked.
    """

    gainless: int = 0
    unseen: int = 0


@dataclass(frozen=True, slots=True)
class Money:
    """Of the month, in US dollars: what its cap leaves, and what a run of this task needs, as far
    as earlier ones tell."""

    left: float
    needed: float
    cap: float


@dataclass(frozen=True, slots=True)
class TaskState:
    """What is known without asking nlu-logger: `paused` says by whom and since when."""

    is_archived: bool = False
    paused: str | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known when the question is asked. Counts are of approved cases; `unanswerable` says
    that too many of them cannot be answered; `money` is None where runs cost none."""

    now: datetime
    cases: int
    dataset_hash: str
    is_active: bool
    has_baseline: bool
    unanswerable: str | None
    live: Live
    last: LastRun | None
    loop: Loop = Loop()
    money: Money | None = None
    causes: tuple[FallEvidence, ...] = ()

    @property
    def fresh(self) -> int:
        return self.cases - (self.last.cases if self.last else 0)


@dataclass(frozen=True, slots=True)
class Decision:
    start: bool
    reasons: tuple[str, ...]


def held_back(rules: AutoTrigger, standing: TaskState) -> Decision | None:
    """The decision that needs no further facts, or None."""
    against = [
        None if rules.enabled else "switched off",
        "the task is archived" if standing.is_archived else None,
        standing.paused,
    ]
    reasons = tuple(reason for reason in against if reason)
    return Decision(start=False, reasons=reasons) if reasons else None


def decide(rules: AutoTrigger, facts: Facts) -> Decision:
    """Starts only when nothing speaks against it; otherwise names all that does."""
    against = [*_of_facts(rules, facts), *_of_loop(rules, facts), *_of_score(rules, facts)]
    reasons = tuple(reason for reason in against if reason)
    if reasons:
        return Decision(start=False, reasons=reasons)
    return Decision(start=True, reasons=_for(rules, facts))


def loop_of(
    rules: AutoTrigger,
    runs: Sequence[AutomaticRun],
    *,
    looked_at: datetime | None,
    reset_at: datetime | None,
) -> Loop:
    """`runs` the newest first, at least `max_consecutive` of them; a run that came to nothing has
    gained nothing."""
    gainless = 0
    for run in runs:
        if reset_at is not None and run.started_at < reset_at:
            break
        if run.is_over:
            if (run.gain or 0.0) >= rules.min_gain:
                break
            gainless += 1
    unseen = sum(looked_at is None or run.started_at >= looked_at for run in runs)
    return Loop(gainless=gainless, unseen=unseen)


def promised(money: Money | None, *, most: float) -> float:
    """What the run may spend at most: not more than the month leaves."""
    return most if money is None else max(0.0, min(most, money.left))


def canary_due(now: datetime, last: datetime | None, *, hour: float) -> bool:
    """Once between two passings of this hour of the day in UTC; late rather than never."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    night = midnight + timedelta(hours=hour)
    if night > now:
        night -= timedelta(days=1)
    return last is None or last < night


def is_low(rules: AutoTrigger, live: Live) -> bool:
    return live.value is not None and live.value < rules.f1_threshold


def not_before(rules: AutoTrigger, last: datetime, loop: Loop) -> datetime:
    """When cooldown and backoff end: the cooldown, doubled for each gainless run in a row."""
    doublings = min(loop.gainless, MOST_DOUBLINGS)
    hours = min(float(MOST_HOURS), rules.cooldown_hours * 2**doublings)
    return last + timedelta(hours=hours)


def _for(rules: AutoTrigger, facts: Facts) -> tuple[str, ...]:
    counted = wording.counts(facts.cases, facts.fresh)
    if not is_low(rules, facts.live):
        return facts.live.words, counted
    return f"{facts.live.words} is below {rules.f1_threshold:g}", counted


def _of_facts(rules: AutoTrigger, facts: Facts) -> list[str | None]:
    return [
        facts.unanswerable,
        None if facts.has_baseline else "no prompt is in production",
        "a run of this task is active" if facts.is_active else None,
        f"{facts.cases} approved cases, {rules.min_cases} needed"
        if facts.cases < rules.min_cases
        else None,
        *(one.evidence for one in facts.causes if not one.helps),
        _of_money(facts.money) if facts.money else None,
    ]


def _of_money(money: Money) -> str | None:
    if money.left > 0 and money.left >= money.needed:
        return None
    return (
        f"the month's cap of {money.cap:g} dollars leaves {max(0.0, money.left):.2f}, and a run"
        f" takes about {money.needed:.2f}"
    )


def _of_loop(rules: AutoTrigger, facts: Facts) -> list[str | None]:
    loop, most = facts.loop, rules.max_consecutive
    return [
        f"stopped: {wording.runs(loop.gainless)} gained less than {rules.min_gain:g} each; {RESET}"
        if loop.gainless >= most
        else None,
        f"stopped: {loop.unseen} automatic runs since a person looked, at most {most}; {RESET}"
        if loop.unseen >= most
        else None,
        _of_wait(rules, facts),
    ]


def _of_wait(rules: AutoTrigger, facts: Facts) -> str | None:
    if facts.last is None:
        return None
    until = not_before(rules, facts.last.started_at, facts.loop)
    if facts.now >= until:
        return None
    at = wording.moment(until, facts.now)
    if not facts.loop.gainless:
        return f"cooldown until {at}"
    return f"backoff until {at}: {wording.runs(facts.loop.gainless)} gained too little"


def _of_score(rules: AutoTrigger, facts: Facts) -> list[str | None]:
    """Where the score is known it decides; else the counts do."""
    live, last = facts.live, facts.last
    if is_low(rules, live):
        return [_no_use(last) if last is not None and last.same else None]
    if live.value is not None:
        return [f"{live.words} is not below {rules.f1_threshold:g}"]
    same_truth = last is not None and facts.dataset_hash == last.dataset_hash
    too_few = last is not None and facts.fresh < rules.min_new_cases
    return [
        live.words if same_truth or too_few else None,
        "the ground truth is the same as in the last run" if same_truth else None,
        f"{counted(facts.fresh, 'new case')}, {rules.min_new_cases} needed" if too_few else None,
    ]


def _no_use(last: LastRun) -> str:
    again = "a run cannot help: prompt, models and ground truth are those of the last run"
    if last.waiting:
        return f"{again}, whose better prompt waits to be promoted"
    return f"{again}; approve more cases, those of the queue label-next first"
