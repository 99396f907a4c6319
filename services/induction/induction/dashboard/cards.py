"""What a task's card says of what serves, and of the newest verdict against that. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from nlu_shared.schemas.events import Split
from nlu_shared.schemas.insights import LiveScore, Metric
from nlu_shared.schemas.run_views import RunView
from nlu_shared.schemas.verdicts import Verdict, VerdictKind

CASES = {
    Split.TEST.value: "untouched",
    Split.VALIDATION.value: "validation",
    Split.TRAIN.value: "training",
    "cross-validation": "left-out",
}
"""What the cases of a split are called."""
LIVE = {Metric.MACRO_F1: "F1", Metric.EXACT_MATCH: "exact match"}
CLAIMS = {
    VerdictKind.PROVEN: "is better than what serves now",
    VerdictKind.PROMISING: "may be better than what serves now, which is not proven",
    VerdictKind.NOISE: "was not shown to be better than what serves now",
    VerdictKind.NO_CHANGE: "is no better than what serves now",
}
REVERSED = {
    VerdictKind.PROVEN: "is worse than what serves now",
    VerdictKind.PROMISING: "may be worse than what serves now, which is not proven",
    VerdictKind.NOISE: "was not shown to differ from what serves now",
    VerdictKind.NO_CHANGE: "is no better than what serves now",
}


@dataclass(frozen=True, slots=True)
class SplitMeasurement:
    """A score, 0 to 1, on `cases` of a split; of `other_model` where the model that answers now has
    none."""

    value: float
    split: str
    cases: int
    other_model: str | None = None


@dataclass(frozen=True, slots=True)
class Proven:
    """A version that a run has proven better than what serves now."""

    version_id: UUID
    run_id: UUID
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a run found of a candidate against what serves. Where it is `reversed`, what serves was
    tried against the candidate; without a `verdict`, both were only measured on the same cases.

    candidate: its score, 0 to 1.
    serving: that of what serves.
    """

    candidate: float
    serving: float
    split: str
    cases: int
    verdict: VerdictKind | None = None
    is_reversed: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """The number of a card, None where it is not known, and what it is."""

    value: float | None
    meaning: str


@dataclass(frozen=True, slots=True)
class Finding:
    """The newest verdict in a sentence that begins with the version it is about. Is its gain one
    over what serves?"""

    about: UUID | None
    words: str
    is_over_serving: bool


def figure(live: LiveScore | None, measured: SplitMeasurement | None, *, serves: bool) -> Figure:
    """Of what serves: live where that is known, else as it was measured."""
    if not serves:
        return Figure(None, "nothing serves yet")
    if live is not None and live.estimate is not None:
        one = live.estimate
        sure = f"{one.low:.2f} to {one.high:.2f}, {live.n:,} audited"
        return Figure(one.value, f"live {LIVE[live.metric]} of what serves ({sure})")
    if measured is None:
        return Figure(None, "what serves was not measured yet")
    cases = _on(measured.cases, measured.split)
    other = "" if measured.other_model is None else f", with {measured.other_model}"
    return Figure(measured.value, f"F1 of what serves, on {cases}{other}; live F1 is not known")


def finding(
    run: RunView, serves: UUID | None, comparisons: Mapping[UUID, Comparison], *, model: str
) -> Finding | None:
    """Of a run with a verdict, with the model that answered where that is another now; None without
    one.

    run: the newest with a verdict.
    serves: the version in production.
    comparisons: of candidates with what serves, by candidate.
    model: that answers now.
    """
    one = _finding(run, serves, comparisons)
    if one is None or run.task_model == model:
        return one
    return replace(one, words=f"{one.words} Measured with {run.task_model}.")


def _finding(
    run: RunView, serves: UUID | None, comparisons: Mapping[UUID, Comparison]
) -> Finding | None:
    """Of a run with a verdict; None without one.

    serves: the version in production.
    comparisons: of candidates with what serves, by candidate.
    """
    if (verdict := run.verdict) is None:
        return None
    candidate = run.best_version_id
    is_over = run.baseline_version_id == serves
    if candidate in (None, run.baseline_version_id):
        serving = "serves now" if is_over else "does not serve"
        if (tried := run.candidate_version_id) is not None and tried != serves:
            return Finding(tried, f"was tried against what {serving}, and not kept.", is_over)
        words = f"{serving}, and the run that began with it found nothing better."
        return Finding(run.baseline_version_id, words, is_over)
    if candidate == serves:
        return Finding(serves, f"serves now: {_moved(verdict)}.", is_over_serving=True)
    if serves is None:
        return Finding(
            candidate,
            f"does not serve, and nothing does: {_moved(verdict)}.",
            is_over_serving=False,
        )
    if is_over:
        own = Comparison(
            candidate=verdict.after,
            serving=verdict.before,
            split=verdict.tested_on,
            cases=verdict.cases,
            verdict=verdict.kind,
        )
        return Finding(candidate, _compared(own), is_over_serving=True)
    if (known := comparisons.get(candidate)) is not None:
        return Finding(candidate, _compared(known), is_over_serving=False)
    gained = f"its {verdict.after:.3f} is against {verdict.before:.3f} of another version"
    return Finding(
        candidate, f"was not compared with what serves now: {gained}.", is_over_serving=False
    )


def _compared(known: Comparison) -> str:
    scores = f"{known.candidate:.3f} against {known.serving:.3f}"
    cases = _on(known.cases, known.split)
    if known.verdict is not None:
        words = REVERSED if known.is_reversed else CLAIMS
        return f"{words[known.verdict]}: {scores} on {cases}."
    if known.candidate == known.serving:
        scored = "scored as"
    else:
        scored = "scored lower than" if known.candidate < known.serving else "scored higher than"
    return f"{scored} what serves now on the same {cases}: {scores}. No run has compared the two."


def _moved(verdict: Verdict) -> str:
    cases = _on(verdict.cases, verdict.tested_on)
    return f"F1 {verdict.before:.3f} became {verdict.after:.3f} on {cases}"


def _on(cases: int, split: str) -> str:
    return f"{cases:,} {CASES.get(split, split)} {'case' if cases == 1 else 'cases'}"
