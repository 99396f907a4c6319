"""A task at a glance: its card, made of what is known of all tasks. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from nlu_shared.schemas.insights import LiveScore
from nlu_shared.schemas.run_views import RunView
from nlu_shared.schemas.triggers import AutoTrigger, TriggerDecision

from induction.dashboard import cards
from induction.dashboard.cards import Comparison, Figure, Finding, Proven, SplitMeasurement
from induction.dashboard.trend import Trend, trend
from induction.tasks.models import TaskRow
from induction.triggers import service as triggered
from induction.triggers import wording
from induction.triggers.facts import NO_TRAFFIC, of_serving
from induction.triggers.models import AutoTriggerRow
from induction.triggers.queries import Serving

_IS_UNKNOWN = re.compile("live (F1|exact match) is unknown")
NO_ANSWER = "live F1 is unknown: nlu-logger does not answer, or not with induction's key"


@dataclass(frozen=True, slots=True)
class LiveScores:
    """Of all tasks: `newest` over LIVE, None where they are not known; `weekly` over TREND."""

    newest: list[LiveScore] | None
    weekly: list[LiveScore]


@dataclass(frozen=True, slots=True)
class TaskCard:
    """A task at a glance; what there is not yet is None. `trigger` is its rules, `considered` the
    newest decision about it, `live` what audited traffic says of what serves and `trend` how that
    went over weeks, `waiting` how many promotions wait for approval, `experiment` the one that is
    running; `figure` is what serves, `finding` what the run that was `judged` last found, `better`
    what an earlier one has proven better than what serves; `spent_usd` is of this month;
    `has_traffic`: has any prediction of what serves come, None where that is not known?"""

    task: TaskRow
    serving: Serving | None
    newest: RunView | None
    judged: RunView | None
    trigger: AutoTrigger
    is_paused: bool
    considered: TriggerDecision | None
    live: str | None
    trend: Trend | None
    waiting: int
    experiment: UUID | None
    figure: Figure
    finding: Finding | None
    better: Proven | None
    spent_usd: float
    has_traffic: bool | None

    @property
    def considered_now(self) -> list[str]:
        """The reasons of the newest decision; that live F1 is unknown stands on the card already,
        with why that is so now."""
        reasons = [] if self.considered is None else self.considered.reasons
        return [one for one in reasons if self.live is None or not _IS_UNKNOWN.match(one)]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFacts:
    """What the cards of all tasks rest on, by task where nothing else stands here.

    scores: of live traffic.
    models: that answer now.
    newest: runs.
    judged: the newest runs with a verdict.
    serving: what serves; a task without has none.
    triggers: their rules, as far as they were ever set.
    decisions: the newest of each trigger.
    waiting: how many promotions wait for approval.
    experiments: the ones that are running.
    comparisons: of what serves with what the judged run found, by the candidate's version.
    measured: the score of what serves, by its version.
    proven: what an earlier run has proven better than what serves.
    spent: US dollars of this month.
    """

    scores: LiveScores
    models: Mapping[str, str]
    newest: Mapping[str, RunView]
    judged: Mapping[str, RunView]
    serving: Mapping[str, Serving]
    triggers: Mapping[str, AutoTriggerRow]
    decisions: Mapping[str, TriggerDecision]
    waiting: Mapping[str, int]
    experiments: Mapping[str, UUID]
    comparisons: Mapping[UUID, Comparison]
    measured: Mapping[UUID, SplitMeasurement]
    proven: Mapping[str, Proven]
    spent: Mapping[str, float]


def card_of(task: TaskRow, facts: TaskFacts, now: datetime) -> TaskCard:
    """Of one task."""
    slug, scores = task.slug, facts.scores
    serves, rules = facts.serving.get(slug), facts.triggers.get(slug)
    judged = facts.judged.get(slug)
    live = None if serves is None else _live_score(slug, serves, scores)
    return TaskCard(
        task=task,
        serving=serves,
        newest=facts.newest.get(slug),
        judged=judged,
        trigger=_rules(rules),
        is_paused=rules is not None and rules.paused_at is not None,
        considered=_current(facts.decisions.get(slug), rules),
        live=_live(serves, live, scores),
        trend=trend(scores.weekly, slug, threshold=_threshold(rules), until=now),
        waiting=facts.waiting.get(slug, 0),
        experiment=facts.experiments.get(slug),
        figure=_figure(serves, live, facts.measured),
        finding=_finding(serves, judged, facts.comparisons, facts.models[slug]),
        better=_unsaid(facts.proven.get(slug), judged),
        spent_usd=facts.spent.get(slug, 0.0),
        has_traffic=None if scores.newest is None else live is not None,
    )


def _current(
    decision: TriggerDecision | None, row: AutoTriggerRow | None
) -> TriggerDecision | None:
    """What was decided by other rules says nothing of how it stands now."""
    if decision is None or triggered.is_old(decision, row):
        return None
    return decision


def _threshold(row: AutoTriggerRow | None) -> float | None:
    """Below which a run starts by itself, where one may."""
    rules = _rules(row)
    return rules.f1_threshold if rules.enabled else None


def _live_score(task: str, serves: Serving, scores: LiveScores) -> LiveScore | None:
    """Of predictions that name what serves: others may be of any version before it."""
    newest = scores.newest or ()
    named = [one for one in newest if one.task == task and one.prompt_version is not None]
    return of_serving(named, serves)


def _live(serves: Serving | None, score: LiveScore | None, scores: LiveScores) -> str | None:
    if serves is None:
        return None
    if scores.newest is None:
        return NO_ANSWER
    return NO_TRAFFIC if score is None else wording.live(score)


def _figure(
    serves: Serving | None, live: LiveScore | None, measured: Mapping[UUID, SplitMeasurement]
) -> Figure:
    known = None if serves is None else measured.get(serves.version_id)
    return cards.figure(live, known, serves=serves is not None)


def _unsaid(proven: Proven | None, newest: RunView | None) -> Proven | None:
    """Where the newest verdict is not about it."""
    if proven is None or (newest is not None and newest.best_version_id == proven.version_id):
        return None
    return proven


def _finding(
    serves: Serving | None,
    run: RunView | None,
    comparisons: Mapping[UUID, Comparison],
    model: str,
) -> Finding | None:
    """serves: in production. run: the newest with a verdict. comparisons: as in `cards.finding`.
    model: that answers now."""
    serving_id = None if serves is None else serves.version_id
    return None if run is None else cards.finding(run, serving_id, comparisons, model=model)


def _rules(row: AutoTriggerRow | None) -> AutoTrigger:
    return AutoTrigger() if row is None else AutoTrigger.model_validate(row.body)
