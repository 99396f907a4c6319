"""A run's events as lines: what was changed, why, and what became of it."""

from nlu_shared.schemas.events import (
    ApprovalAwaited,
    ApprovalDecided,
    CanaryMeasured,
    ChangeKept,
    ChangeRejected,
    EvaluationProgress,
    FoldScored,
    FrontMeasured,
    HeadroomEstimated,
    ModelCompared,
    PatternsFound,
    PromptAdapted,
    PromptEvaluated,
    PromptProposed,
    RunStarted,
    SearchStopped,
    Split,
    Stage,
    StoredEvent,
    TrafficReplayed,
    VotesMeasured,
)
from rich.text import Text

from induction.sentences import described
from induction.watching.answers import answers
from induction.watching.headroom import measured
from induction.watching.lines import Line, bad, bar, good, plain, quiet
from induction.watching.migration import compared
from induction.watching.waiting import THEN

EMPTY = {
    Split.VALIDATION: "0 validation cases: changes are judged on the cases they were made from;"
    " approve more cases",
    Split.TEST: "0 test cases: a gain can be seen, and not be proven; approve more cases",
}
ONE_CLASS = (
    "all of these cases have one label: nothing is told apart here, and any prompt that always"
    " answers it is perfect"
)
PATTERNS_SHOWN = 2
LONGEST = 180
"""Characters of a summary or rationale; all of it is in the run's events."""
DECIDE = "`induction runs show` of this run says how to decide"
NAME = 11
"""Columns for the name of a change."""


class SearchView:
    """Where the search stands, so that each event can be told as a difference."""

    def __init__(self) -> None:
        self._best = 0.0
        self._validation = 0.0
        self._changes = 0
        self._proposed: PromptProposed | None = None

    def doing(self, progress: EvaluationProgress) -> str:
        who = f"change {self._changes}" if self._changes else "baseline"
        if progress.iteration and not self._changes:
            who = "change 1"
        return f"{who} on {progress.split}"

    def lines(self, event: StoredEvent) -> list[Line]:
        match event:
            case RunStarted():
                return self._started(event)
            case PromptEvaluated():
                return self._evaluated(event)
            case PatternsFound(iteration=0):
                return self._patterns(event)
            case PromptProposed():
                self._proposed = event
                self._changes += 1
                return []
            case ApprovalAwaited():
                return self._awaited(event)
            case ApprovalDecided():
                who = "time" if event.decided_by is None else "a person"
                why = "" if event.reason is None else f": {short(event.reason)}"
                return [plain(f"{self._name()} is {event.decision} by {who}{why}")]
            case ChangeKept():
                return self._kept(event)
            case ChangeRejected():
                return self._rejected(event)
            case FrontMeasured():
                return [quiet(f"F1 against tokens of the prompt: {front(event)}")]
            case SearchStopped():
                return [quiet(f"stopped: {event.reason}")]
            case FoldScored():
                return [
                    quiet(
                        f"without split {event.number} of {event.of}, then on its {event.cases}"
                        f" cases: {event.before:.3f} before, {event.after:.3f} after"
                    )
                ]
            case PromptAdapted():
                return [
                    plain(
                        f"a prompt for {event.model}: {event.before:.3f} before,"
                        f" {event.after:.3f} after, on validation"
                    )
                ]
            case ModelCompared():
                return compared(event.comparison)
            case HeadroomEstimated():
                return measured(event.headroom)
            case TrafficReplayed(replay=replay):
                return [plain(replay.summary)]
            case VotesMeasured(ensemble=ensemble):
                return [plain(ensemble.summary)]
            case CanaryMeasured(canary=canary):
                return [(bad if canary.drifted else plain)(canary.summary)]
            case _:
                return []

    def _started(self, event: RunStarted) -> list[Line]:
        if not event.splits:
            return [*map(quiet, event.notes)]
        counts = [(split, event.splits.get(split, 0)) for split in Split]
        splits = ", ".join(f"{count} {split}" for split, count in counts if count)
        head = plain(f"cases frozen as {event.dataset_hash[:12]}: {splits or 'none'}")
        empty = [text for split, text in EMPTY.items() if not event.splits.get(split, 0)]
        return [head, *map(quiet, event.notes), *map(quiet, empty)]

    def _evaluated(self, event: PromptEvaluated) -> list[Line]:
        if event.split is not Split.VALIDATION:
            return answers(event.faults, event.lenient, event.split)
        self._validation = event.objective
        if event.iteration:
            return []
        self._best = event.objective
        head = Text.assemble(f"{'baseline':<{NAME}}", bar(event.objective), " validation F1")
        labels = [name for name, count in (event.support or {}).items() if count]
        alone = [quiet(ONE_CLASS)] if len(labels) == 1 else []
        return [plain(head), *alone, *answers(event.faults, event.lenient, event.split)]

    def _patterns(self, event: PatternsFound) -> list[Line]:
        return [
            quiet(f"{pattern.count} mistakes, {short(pattern.summary)}")
            for pattern in event.patterns[:PATTERNS_SHOWN]
        ]

    def _awaited(self, event: ApprovalAwaited) -> list[Line]:
        head = plain(f"{self._name()} waits for approval: {_terms(event)}")
        effect = plain(
            f"validation F1 {self._validation:.3f} against {self._best:.3f} of the best before;"
            f" fixed {len(event.fixed)}, broke {len(event.broke)}"
        )
        if self._proposed is None:
            return [head, effect]
        change = self._proposed.change
        words = [plain(described(change)), quiet(short(change.rationale))]
        return [head, effect, *words, quiet(DECIDE)]

    def _kept(self, event: ChangeKept) -> list[Line]:
        self._best = self._validation
        effect = f"  {event.gain:+.3f}  fixed {len(event.fixed)}, broke {len(event.broke)}"
        proposed = self._closed()
        head = good(Text.assemble(f"{self._name():<{NAME}}", bar(self._best), (effect, "green")))
        if proposed is None:
            return [head]
        change = proposed.change
        return [head, plain(described(change)), quiet(short(change.rationale))]

    def _rejected(self, event: ChangeRejected) -> list[Line]:
        proposed = self._closed()
        reason = f"{event.stage}: {event.reason}"
        if event.stage is Stage.VALIDATION and proposed:
            what = described(proposed.change)
            reached = f"validation: {self._validation:.3f}"
            reason = f"{reached} is not above {self._best:.3f} ({what})"
            if self._validation > self._best:  # a rung of the ladder that another one outdoes
                reason = f"{reached}, {event.reason} ({what})"
        return [bad(f"{self._name():<{NAME}}{short(reason)}")]

    def _closed(self) -> PromptProposed | None:
        """The change that is open, with which this event is over. Where none is, the event is all
        there is of another one, as the run's `changes` count them."""
        proposed, self._proposed = self._proposed, None
        if proposed is None:
            self._changes += 1
        return proposed

    def _name(self) -> str:
        return f"change {self._changes}"


def _terms(event: ApprovalAwaited) -> str:
    return f"unanswered it is {THEN[event.unanswered]} in {event.minutes:g} minutes"


def front(event: FrontMeasured) -> str:
    """What F1 costs in tokens, in a line; the winner is named where it is not the best."""
    points = []
    for point in event.points:
        is_cheaper = point.version_hash == event.chosen_hash != event.best_hash
        mark = " (chosen: within the noise of the best)" if is_cheaper else ""
        points.append(f"{point.objective:.2f} at {point.tokens:,}{mark}")
    return ", ".join(points)


def short(text: str) -> str:
    """The first sentences' worth of a text that a model wrote, on one line."""
    flat = " ".join(text.split())
    return flat if len(flat) <= LONGEST else flat[: LONGEST - 1].rstrip() + "…"
