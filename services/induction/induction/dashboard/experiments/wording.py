"""What an experiment has come to, for somebody who never heard of evidence. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from nlu_shared.schemas.experiments import Experiment, ExperimentEvidence, ExperimentStatus

from induction.experiments.policy import DOUBT, MOVED, is_unbalanced, next_share, strength

TITLES = {
    ExperimentStatus.RUNNING: "Not decided yet",
    ExperimentStatus.WON: "The candidate has won",
    ExperimentStatus.ROLLED_BACK: "The candidate was rolled back",
    ExperimentStatus.STOPPED: "It was stopped without a winner",
}


@dataclass(frozen=True, slots=True)
class ShareStep:
    """A share of units that got the candidate, since when, and why."""

    share: float
    since: datetime
    reason: str


def title(experiment: Experiment, *, is_serving: bool) -> str:
    """How it stands. `is_serving`: does the candidate serve in production?"""
    is_won = experiment.status is ExperimentStatus.WON
    if experiment.production_moved_at is None or (is_won and is_serving):
        return TITLES[experiment.status]
    if is_won:
        return "The candidate had won, and production has moved since"
    return f"It is over: production has moved{' to the candidate' if is_serving else ''}"


def shares(experiment: Experiment) -> list[ShareStep]:
    """The newest first, the one with which units got production again too."""
    taken = [ShareStep(one.share, one.since, one.reason) for one in experiment.steps]
    ends = _ends(experiment)
    return [*([] if ends is None else [ends]), *reversed(taken)]


def _ends(experiment: Experiment) -> ShareStep | None:
    """None while units get the candidate."""
    if experiment.production_moved_at is not None:
        return ShareStep(0, experiment.production_moved_at, MOVED)
    if experiment.stopped_at is not None:
        return ShareStep(0, experiment.stopped_at, experiment.stopped_because or "stopped")
    if experiment.ended_at is None or experiment.status is ExperimentStatus.WON:
        return None
    return ShareStep(0, experiment.ended_at, experiment.conclusion or "stopped")


def verdict(experiment: Experiment) -> str:
    """In a sentence or two, or three where predictions come without a unit."""
    return f"{_verdict(experiment)}{_without_unit(experiment)}"


def _without_unit(experiment: Experiment) -> str:
    evidence, unit = experiment.evidence, experiment.plan.unit.value
    if evidence is None or evidence.with_unit == evidence.predictions:
        return ""
    return (
        f" {evidence.predictions:,} settled predictions carry these versions, and"
        f" {evidence.with_unit:,} of them the id of a {unit}: the others count nowhere."
    )


def _verdict(experiment: Experiment) -> str:
    evidence = experiment.evidence
    if evidence is None or not any(one.units for one in evidence.arms):
        return "No unit has settled yet, so nothing is known of either version."
    words = _difference(evidence)
    match experiment.status:
        case ExperimentStatus.RUNNING:
            return f"{words} {_evidence(evidence)}"
        case ExperimentStatus.WON:
            return f"{words} That it is luck has a chance of at most 1 in {evidence.needed:g}."
        case _:
            return words


def _difference(evidence: ExperimentEvidence) -> str:
    """Of the rates that the table of the page shows."""
    if evidence.difference is None:
        return "Under no share have units of both versions settled yet."
    points = round(100 * evidence.difference, 1)
    shares = len({one.share for one in evidence.arms})
    within = ", compared share by share" if shares > 1 else ""
    if points == 0:
        return f"The candidate succeeds as often as production so far{within}."
    more = "more" if points > 0 else "less"
    return (
        f"The candidate succeeds {abs(points):.1f} points {more} often than production so far"
        f"{within}."
    )


def _evidence(evidence: ExperimentEvidence) -> str:
    if is_unbalanced(evidence):
        return (
            "Units do not get the versions they should, so no winner is believed: look at what"
            " asks `active` and what it logs as `prompt_version`."
        )
    side, evidence_of_it = max(
        ("better", evidence.better), ("worse", evidence.worse), key=lambda one: one[1]
    )
    needed = f"of the {evidence.needed:g} that decide"
    return f"The evidence that it is {side} is {strength(evidence_of_it)} {needed}."


def next_step(experiment: Experiment, now: datetime) -> list[str | datetime]:
    """What a running one waits for before its next share, in words and moments, which the reader's
    clock tells; empty for one that is over."""
    if experiment.status is not ExperimentStatus.RUNNING or experiment.production_moved_at:
        return []
    plan, step = experiment.plan, experiment.steps[-1]
    stops = _whole(experiment.created_at + timedelta(days=plan.most_days))
    ends: list[str | datetime] = [" Without a decision it stops ", stops, "."]
    larger = next_share(plan.shares, step.share)
    if larger is None:
        return ["No larger share is left before a win.", *ends]
    evidence = experiment.evidence
    arms = evidence.arms if evidence is not None else []
    settled = sum(one.units for one in arms if one.share == step.share)
    waits: list[list[str | datetime]] = []
    if settled < plan.step_units:
        waits.append([f"{plan.step_units - settled} more units have settled"])
    due = step.since + timedelta(hours=plan.step_hours)
    if due > now:
        waits.append(["it is ", _whole(due)])
    if (
        evidence is not None
        and max([evidence.worse, *(one.worse for one in evidence.guards)]) >= DOUBT
    ):
        waits.append(["less speaks against it"])
    first, *others = waits or [["the next look has come"]]
    until = [*first, *(piece for one in others for piece in (" and ", *one))]
    return [f"{100 * larger:g} % of units get it once ", *until, ".", *ends]


def _whole(at: datetime) -> datetime:
    """The minute by which it has come: never too early."""
    minute = at.replace(second=0, microsecond=0)
    return minute if minute == at else minute + timedelta(minutes=1)
