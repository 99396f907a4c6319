"""Why a score may have fallen: the model, the traffic, or the labels. Pure.

A canary puts the same prompt to the same cases again, so other answers are the model's doing.
Traffic is compared by nlu-logger, by intents as they were answered: where the model has changed
that says nothing. Labels have changed where the label set has another version than the prompt in
production was measured with, or approved truths of the canary's cases are other ones.
"""

from dataclasses import dataclass
from datetime import datetime

from nlu_shared.schemas.canary import Canary
from nlu_shared.schemas.insights import TrafficDrift
from nlu_shared.schemas.triggers import FallCause, FallEvidence

from induction.engine.evaluation.usable import MOST_UNUSABLE
from induction.triggers.wording import moment

LARGE_INDEX = 0.1
"""Of the stability index, from which a shift is held to be one (Siddiqi 2006), beyond chance."""


@dataclass(frozen=True, slots=True)
class Night:
    """A canary and when it ended."""

    canary: Canary
    at: datetime


@dataclass(frozen=True, slots=True)
class Signs:
    """What is known of model, traffic and labels.

    newest: the newest canary of the prompt in production, if it is of these days.
    drifted: the newest that found another model, if no run has measured with that yet.
    drift: of the last days' traffic; None: not known.
    measured_with: the version of the label set that the prompt in production was last measured
        with; None: it was not measured.
    labels_version: as it stands.
    fresh: cases approved since the last improve run.
    same: a run now would be that one again.
    """

    now: datetime
    newest: Night | None = None
    drifted: Night | None = None
    drift: TrafficDrift | None = None
    measured_with: int | None = None
    labels_version: int = 0
    fresh: int = 0
    same: bool = False


def causes(signs: Signs) -> tuple[FallEvidence, ...]:
    """All that is seen, the model first; none where nothing moved, or nothing is known."""
    causes = [_provider(signs), _traffic(signs), _labels(signs)]
    return tuple(one for one in causes if one is not None)


def _provider(signs: Signs) -> FallEvidence | None:
    if (night := signs.newest) is not None:
        canary = night.canary
        if canary.cases and canary.unusable >= MOST_UNUSABLE * canary.cases:
            return FallEvidence(
                cause=FallCause.PROVIDER_DRIFT,
                helps=False,
                evidence=f"a run cannot help: {canary.unusable} of {canary.cases} answers of the"
                f" canary that ended {moment(night.at, signs.now)} could not be read; look at the"
                " provider first",
            )
    if (night := signs.drifted) is None:
        return None
    return FallEvidence(
        cause=FallCause.PROVIDER_DRIFT,
        helps=True,
        evidence=f"the model has changed, by the canary that ended {moment(night.at, signs.now)}:"
        f" {night.canary.summary} A run asks it anew.",
    )


def _traffic(signs: Signs) -> FallEvidence | None:
    drift = signs.drift
    if drift is None or drift.intents.psi is None or drift.intents.chance is None:
        return None
    index, chance = drift.intents.psi, drift.intents.chance
    if index < LARGE_INDEX or index <= chance:
        return None
    moved = f"the traffic has changed: stability index {index:.2f}, by chance below {chance:.2f}"
    if signs.drifted is not None:
        moved += ", as far as that is not the model's doing"
    helps = signs.fresh > 0 or not signs.same
    advice = f"{signs.fresh} cases approved since the last run may show it"
    if signs.fresh <= 0:
        advice = "no case approved since the last run shows it: label from the queue label-next"
    return FallEvidence(
        cause=FallCause.TRAFFIC_DRIFT,
        helps=helps,
        evidence=f"{moved}; {advice}" if helps else f"a run cannot help: {moved}; {advice}",
    )


def _labels(signs: Signs) -> FallEvidence | None:
    parts = []
    if signs.measured_with is not None and signs.measured_with != signs.labels_version:
        parts.append(
            f"the label set is version {signs.labels_version}, the prompt in production was"
            f" measured with version {signs.measured_with}"
        )
    if signs.newest is not None and signs.newest.canary.truths_changed:
        canary = signs.newest.canary
        parts.append(
            f"{canary.truths_changed} of {canary.same_cases} cases of the canary carry other"
            " approved truths than before"
        )
    if not parts:
        return None
    return FallEvidence(cause=FallCause.LABELS_CHANGED, helps=True, evidence="; ".join(parts))
