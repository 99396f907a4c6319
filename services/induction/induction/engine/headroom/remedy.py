"""What is worth doing first, and the words for it. Pure; thresholds, no chance."""

from dataclasses import dataclass

from nlu_shared.schemas.headroom import Remedy

NEAR_MISSES = 1 / 3
UNUSABLE = 0.1
WAVERING = 0.25
CONFLICTS = 0.05
LITTLE = 0.01
NEARLY_ALL = 0.97
AHEAD = 0.05
LIKELY = 0.5
OUT_OF_REACH = 10
"""Times the cases there are: nobody labels so many more for a small gain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What the decision goes by; shares and scores are 0 to 1.

    cases: there are.
    score: of the baseline.
    misses: of the baseline.
    near_misses: share of them that one relaxed rule of the scorer would let pass.
    unusable: share of answers.
    wavering: share of answers that are others when asked again.
    conflicts: share of cases with a near-duplicate that is labelled otherwise.
    quotable: training cases that may be shown.
    gain: expected of an improve run.
    chance: of "proven".
    labels_needed: until the gain would show; None: it would.
    classifier: score of the plain one on the same cases, if there is one.
    """

    cases: int
    score: float
    misses: int
    near_misses: float
    unusable: float
    wavering: float
    conflicts: float
    quotable: int
    gain: float
    chance: float
    labels_needed: int | None
    classifier: float | None


def remedy(one: Findings) -> Remedy:
    """The cheapest thing that stands in the way, else to improve."""
    if one.misses and one.near_misses >= NEAR_MISSES:
        return Remedy.SCORER
    if one.score < NEARLY_ALL and not one.quotable:
        return Remedy.QUOTING
    if one.unusable >= UNUSABLE or one.wavering >= WAVERING:
        return Remedy.MODEL
    if one.conflicts >= CONFLICTS:
        return Remedy.REVIEW
    if one.gain < LITTLE:
        return Remedy.NOTHING if one.score >= NEARLY_ALL else Remedy.MODEL
    if one.classifier is not None and one.classifier >= one.score + one.gain + AHEAD:
        return Remedy.MODEL
    if one.chance < LIKELY and one.labels_needed is not None:
        return Remedy.MODEL if _is_out_of_reach(one) else Remedy.LABELS
    return Remedy.IMPROVE


def sentence(advice: Remedy, one: Findings) -> str:
    """What to do, and why."""
    match advice:
        case Remedy.SCORER:
            return (
                f"First look at the scorer: {one.near_misses:.0%} of the misses would pass if one"
                " of its rules were relaxed."
            )
        case Remedy.QUOTING:
            return (
                "First allow training cases to be quoted (POST /v1/ground-truth:quoting of"
                " nlu-logger): none may be shown as an example, and examples are the larger gain."
            )
        case Remedy.MODEL:
            return f"Rather try another model: {_why_model(one)}."
        case Remedy.REVIEW:
            return (
                f"First settle labels: {one.conflicts:.0%} of the cases have a near-duplicate that"
                " is labelled otherwise."
            )
        case Remedy.NOTHING:
            return "There is next to nothing left to gain."
        case Remedy.LABELS:
            return (
                f"First approve about {one.labels_needed} more cases: a gain of this size would"
                " mostly go unseen on the test cases there are."
            )
        case Remedy.IMPROVE:
            return "An improve run is worth its price."


def _why_model(one: Findings) -> str:
    if one.unusable >= UNUSABLE:
        return f"{one.unusable:.0%} of this one's answers cannot be used"
    if one.wavering >= WAVERING:
        return f"this one answers {one.wavering:.0%} of the cases otherwise when asked again"
    if one.gain < LITTLE:
        return "no way of asking this one does better"
    if _is_out_of_reach(one):
        return f"it takes {one.labels_needed} more cases to show what a prompt would gain"
    return "a plain classifier does better than a prompt is expected to"


def _is_out_of_reach(one: Findings) -> bool:
    return (one.labels_needed or 0) > OUT_OF_REACH * one.cases
