"""A run's events as lines: what was changed, why, and what became of it."""

from collections import Counter

from nlu_shared.schemas.events import (
    ChangeKept,
    ChangeRejected,
    EvaluationProgress,
    PartName,
    PatternsFound,
    PromptEvaluated,
    PromptProposed,
    RunStarted,
    SearchStopped,
    Stage,
    StoredEvent,
)
from nlu_shared.schemas.prompts import Change, Op
from rich.text import Text

METER = 24
PATTERNS_SHOWN = 2
_BLOCK_VERBS = {
    Op.ADD_BLOCK: "added",
    Op.REPLACE_BLOCK: "rewritten",
    Op.APPEND_TO_BLOCK: "extended",
    Op.REMOVE_BLOCK: "removed",
}


def meter(f1: float) -> Text:
    """An F1 from 0 to 1 as a bar and a number."""
    filled = round(f1 * METER)
    return Text.assemble(
        ("━" * filled, "cyan"), ("━" * (METER - filled), "dim"), (f"  {f1:.3f}", "bold")
    )


def told(change: Change) -> str:
    """The edits of a change in a few words."""
    counts = Counter(edit.op for edit in change.edits)
    words = []
    for op, sign in ((Op.ADD_EXAMPLE, "+"), (Op.REMOVE_EXAMPLE, "-")):
        if count := counts[op]:
            words.append(f"{sign}{count} example{'s' if count > 1 else ''}")
    words += [f"{edit.block} {_BLOCK_VERBS[edit.op]}" for edit in change.edits if edit.block]
    return ", ".join(words)


class SearchView:
    """Where the search stands, so that each event can be told as a difference."""

    def __init__(self) -> None:
        self._best = 0.0
        self._validation = 0.0
        self._changes = 0
        self._proposed: PromptProposed | None = None

    def doing(self, progress: EvaluationProgress) -> str:
        who = f"change {self._changes}" if self._changes else "baseline"
        return f"{who} on {progress.part}"

    def lines(self, event: StoredEvent) -> list[Text]:
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
            case ChangeKept():
                return self._kept(event)
            case ChangeRejected():
                return self._rejected(event)
            case SearchStopped():
                return [Text(f"  stopped: {event.reason}", style="dim")]
            case _:
                return []

    def _started(self, event: RunStarted) -> list[Text]:
        parts = ", ".join(f"{count} {part}" for part, count in event.parts.items() if count)
        lines = [Text(f"  cases frozen as {event.dataset_hash[:12]}: {parts}")]
        return lines + [Text(f"  {said}", style="dim") for said in event.says]

    def _evaluated(self, event: PromptEvaluated) -> list[Text]:
        if event.part is not PartName.VALIDATION:
            return []
        self._validation = event.objective
        if event.iteration:
            return []
        self._best = event.objective
        return [Text.assemble("  baseline  ", meter(event.objective), " F1 on validation")]

    def _patterns(self, event: PatternsFound) -> list[Text]:
        return [
            Text(f"  {pattern.count} mistakes: {pattern.summary}", style="dim")
            for pattern in event.patterns[:PATTERNS_SHOWN]
        ]

    def _kept(self, event: ChangeKept) -> list[Text]:
        self._best = self._validation
        effect = f"  {event.gain:+.3f}, fixed {len(event.fixed)}, broke {len(event.broke)}"
        head = Text.assemble(
            ("✓ ", "green"), f"{self._name():<10}", meter(self._best), (effect, "green")
        )
        if self._proposed is None:
            return [head]
        change = self._proposed.change
        return [head, *(Text(f"  {line}") for line in (told(change), change.rationale))]

    def _rejected(self, event: ChangeRejected) -> list[Text]:
        if event.stage is Stage.PROPOSE:
            self._changes += 1
        elif event.stage is Stage.VALIDATION:
            reason = f"F1 {self._validation:.3f} on validation, the best has {self._best:.3f}"
            return [self._refusal(reason)]
        return [self._refusal(f"{event.stage}: {event.reason}")]

    def _refusal(self, reason: str) -> Text:
        what = f" ({told(self._proposed.change)})" if self._proposed else ""
        return Text(f"✗ {self._name():<10}{reason}{what}", style="dim")

    def _name(self) -> str:
        return f"change {self._changes}"
