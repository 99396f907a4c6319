"""What a run found, in sentences: of each kind, and of each way to end. Pure.

Nothing that a model or a person wrote about cases is in them.
"""

from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

from nlu_shared.schemas.events import Split
from nlu_shared.schemas.migration import ComparisonKind, Measure, ModelComparison
from nlu_shared.schemas.prompts import caution_of
from nlu_shared.schemas.reports import ReportedChange
from nlu_shared.schemas.run_views import RunView
from nlu_shared.schemas.runs import RunKind
from nlu_shared.schemas.traffic import TRAFFIC
from nlu_shared.schemas.verdicts import VerdictKind

from induction.reports.changes import change_in_words, endings
from induction.sentences import claim_of, costing, ended, level, readable, ways_of

CLAIMS = {
    VerdictKind.PROVEN: "Proven.",
    VerdictKind.PROMISING: "Promising, not proven.",
    VerdictKind.NOISE: "Noise.",
    VerdictKind.NO_CHANGE: "No change.",
}
SOUGHT = {
    RunKind.EVALUATE: "score",
    RunKind.MIGRATE: "comparison",
    RunKind.HEADROOM: "estimate",
    RunKind.CANARY: "result",
    RunKind.REPLAY: "result",
}
"""What a run is for; the others are for a verdict."""
NAMES = {
    Split.TEST.value: "untouched test cases",
    Split.TRAIN.value: "training cases",
    TRAFFIC: "logged predictions",
}


def split_of(split: str, splits: Mapping[str, int] | None) -> str:
    """Where there are none to validate on, changes are judged on those they were made from."""
    is_training = split == Split.VALIDATION and not (splits or {}).get(split)
    return Split.TRAIN.value if splits and is_training else split


def cases_of(split: str) -> str:
    """As it stands after "F1 on"."""
    return NAMES.get(split, f"{split} cases")


def compared(one: ModelComparison, splits: Mapping[str, int] | None) -> str:
    """The figures of a new model against the old one, as they stand after its name."""
    claim = claim_of(one)
    if one.kind is ComparisonKind.NOT_JUDGED:
        return f"{claim}."
    measured = "F1" if one.measure is Measure.F1 else "agreement with the old model"
    low, high = one.interval
    return (
        f"{claim}; {measured} on {one.cases:,} {cases_of(split_of(one.tested_on, splits))}:"
        f" {one.before:.3f} → {one.after:.3f}, gain {one.gain:+.3f}, interval {low:+.3f} to"
        f" {high:+.3f} at {level(one.alpha)}."
    )


def words(run: RunView) -> list[str]:
    """What was found comes before why it ended; where nothing was, the end is all there is."""
    sentences = [*_findings(run)]
    if not sentences:
        sentences.append(f"There is no {SOUGHT.get(run.kind, 'verdict')}.")
    sentences.append(ended(run))
    return [*sentences, *_besides(run)]


def tried(run: RunView, version_id: UUID, changes: Sequence[ReportedChange]) -> list[str]:
    """Of a version that the run made and did not choose; `changes` are all of the run's."""
    far = "" if run.status.over else " so far"
    chosen = run.best_version_id or run.baseline_version_id
    is_baseline = chosen == run.baseline_version_id
    stood = "stayed with the version it began with" if is_baseline else f"chose version {chosen}"
    return [
        f"Run {run.id} tried version {version_id} and did not choose it{far}.",
        *(
            change_in_words(one, end)
            for one, end in endings(changes, run.baseline_f1)
            if one.version_id == version_id
        ),
        f"The run {stood}{far}.",
        "There is no verdict on this version.",
        ended(run),
        *filter(None, [caution_of(run.made_on)]),
    ]


def _findings(run: RunView) -> Iterator[str]:
    if run.verdict is not None:
        yield CLAIMS[run.verdict.kind]
        yield readable(run.verdict.summary)
    if run.kind is RunKind.EVALUATE and run.final_f1 is not None:
        of = split_of(Split.VALIDATION.value, run.splits)
        yield f"An evaluation: F1 {run.final_f1:.3f} on {cases_of(of)}."
    if run.migration is not None and run.migration.comparisons:
        searched = any(one.optimised for one in run.migration.comparisons)
        also = ", or one that was searched for them" if searched else ""
        yield f"A migration: the same prompt{also}, on other models."
    if run.headroom is not None:
        yield f"What a prompt could gain: {readable(run.headroom.summary)}"
    if run.canary is not None:
        yield f"A canary: {readable(run.canary.summary)}"
    if run.replay is not None:
        yield "A replay: what the version would change of logged traffic."


def _besides(run: RunView) -> Iterator[str]:
    yield from [] if run.headroom is None else ways_of(run.headroom)
    for one in run.migration.figures if run.migration is not None else ():
        yield f"{costing(one)}."
    if run.cross_validation is not None:
        summary = readable(run.cross_validation.summary)
        yield f"The search itself, by cross-validation: {summary}"
    if run.error_analysis is not None:
        yield run.error_analysis.summary
    if caution := caution_of(run.made_on):
        yield caution
