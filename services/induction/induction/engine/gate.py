"""The gate: a few well-chosen training cases that a change must pass before validation is spent.

It asks two things: does the change correct mistakes, other than by showing the very case, and does
it leave alone what was right. Wrong and right cases are drawn apart and in other shares
than they stand in the training part, so each case counts for as many as it was drawn from
(Horvitz and Thompson, JASA 47 (1952) 663-685): the gate estimates the net gain on all of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt
from uuid import UUID

from nlu_shared.schemas.events import ErrorPattern

from induction.engine.chance import shuffled
from induction.engine.evaluate import CaseBook, Entry, compare
from induction.tasks.base import Case, Component, Task

TARGETS = 20
LEAST_GUARDS = 16
GUARDS_PER_TARGET = 2
GATE_CASES = TARGETS * (1 + GUARDS_PER_TARGET)
"""The most one gate asks."""
CAUTION = 2 / 3
"""By how many standard errors the estimate must exceed zero: a change that does nothing, asked of
a model that wavers, then passes about one time in four, and a single clean fix still passes."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The cases a gate asks, in case order, and how many training cases each stands for."""

    cases: tuple[Case, ...]
    weights: dict[UUID, float]

    def turns(self, book: CaseBook) -> list[list[Case]]:
        """First the wrong ones: where too few are fixed, the right ones could only add harm, and
        need not be asked."""
        wrong = [case for case in self.cases if not book.entries[case.id].right]
        return [part for part in (wrong, [c for c in self.cases if c not in wrong]) if part]


@dataclass(frozen=True, slots=True)
class Judgement:
    """`reason` says what was seen, whether or not it passes."""

    passes: bool
    fixed: list[UUID]
    broke: list[UUID]
    estimate: float
    """Training cases gained, net: of those the focus concerns, where there is one."""
    focus: str | None = None

    @property
    def reason(self) -> str:
        of = "" if self.focus is None else f" for {self.focus}"
        return (
            f"fixes {len(self.fixed)} and breaks {len(self.broke)} of the gate's cases, "
            f"about {self.estimate:+.0f} on all training cases{of}"
        )


UNTRIED = Judgement(True, [], [], 0.0)
"""Of a gate that has nothing to ask."""


def sample(
    task: Task,
    book: CaseBook,
    patterns: Sequence[ErrorPattern],
    *,
    seed: int,
    attempt: int,
) -> Sample:
    """Wrong cases of the patterns and of what they miss; and passing ones, half of them with
    something the patterns name, where a change does its harm first. Drawn anew at each attempt, so
    that no change is made to fit one sample."""
    entries = book.entries.values()
    drawn = shuffled(entries, name=lambda one: one.case.id, seed=seed, purpose=f"gate {attempt}")
    meant = {id for pattern in patterns for id in pattern.case_ids}
    missed, _ = _named(book, patterns)
    near = touched(task, book, patterns)
    wrong = [
        entry
        for entry in drawn
        if not entry.right and (entry.case.id in meant or task.holds(entry.case.truth) & missed)
    ]
    wrong.sort(key=lambda entry: entry.case.id not in meant)
    close = [entry for entry in drawn if entry.right and entry.case.id in near]
    far = [entry for entry in drawn if entry.right and entry.case.id not in near]
    guards = max(LEAST_GUARDS, GUARDS_PER_TARGET * min(len(wrong), TARGETS))
    from_close = min(len(close), max(guards // 2, guards - len(far)))
    weights = {
        **_weighted(wrong, TARGETS),
        **_weighted(close, from_close),
        **_weighted(far, guards - from_close),
    }
    chosen = tuple(entry.case for id, entry in book.entries.items() if id in weights)
    return Sample(chosen, weights)


def touched(task: Task, book: CaseBook, patterns: Sequence[ErrorPattern]) -> set[UUID]:
    """Cases that hold something the patterns name, as a truth or as what was said instead."""
    names = set[str]().union(*_named(book, patterns))
    return {id for id, entry in book.entries.items() if task.holds(entry.case.truth) & names}


def _named(book: CaseBook, patterns: Sequence[ErrorPattern]) -> tuple[set[str], set[str]]:
    """What the patterns' mistakes missed, and what was said instead."""
    mistakes = [
        mistake
        for pattern in patterns
        for id in pattern.case_ids
        for mistake in book.entries[id].mistakes
    ]
    truths = {mistake.truth for mistake in mistakes if mistake.truth is not None}
    return truths, {mistake.predicted for mistake in mistakes if mistake.predicted is not None}


def judge(
    asked: Sample, before: CaseBook, after: CaseBook, focus: Component | None = None
) -> Judgement:
    """It passes when it fixes clearly more than it breaks. Where none of the cases was wrong
    there is nothing to fix, and it passes when it breaks none. It is judged on those of the
    sample that are in `after`; `before` holds them all.

    With a focus, what it concerns counts as fixed or broken, and the rest must not clearly lose.
    """
    fixed, broke = compare(before, after)
    nothing_wrong = all(before.entries[id].right for id in after.entries)
    whole, error = _estimate(asked, before, after, lambda entry: entry.score)
    if focus is None:
        passes = whole > CAUTION * error or (nothing_wrong and not broke)
        return Judgement(passes, fixed, broke, whole)
    near, near_error = _estimate(asked, before, after, lambda entry: _clear_of(focus, entry))
    passes = near > CAUTION * near_error and whole >= -CAUTION * error
    return Judgement(passes, fixed, broke, near, focus.name)


def _estimate(
    asked: Sample, before: CaseBook, after: CaseBook, score: Callable[[Entry], float]
) -> tuple[float, float]:
    """The net gain on all training cases, and its standard error."""
    gains = [
        asked.weights[id] * (score(entry) - score(before.entries[id]))
        for id, entry in after.entries.items()
    ]
    return sum(gains), sqrt(sum(gain * gain for gain in gains))


def _clear_of(focus: Component, entry: Entry) -> float:
    return float(not any(focus.concerns(mistake) for mistake in entry.mistakes))


def _weighted(pool: list[Entry], size: int) -> dict[UUID, float]:
    chosen = pool[:size]
    return {entry.case.id: len(pool) / len(chosen) for entry in chosen}
