"""The gate: a few well-chosen training cases that a change must pass before validation is spent.

It asks two things: does the change correct mistakes that it did not simply copy into the prompt,
and does it leave alone what was right. Twice as many guards as targets, because targets were
picked for being wrong: where a model wavers they would be right now and then without any change.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from nlu_shared.schemas.events import ErrorPattern

from induction.engine.chance import shuffled
from induction.engine.evaluate import CaseBook, Entry, compare
from induction.tasks.base import Case, Task

TARGETS = 20
GUARDS_PER_TARGET = 2
LEAST_GUARDS = 16
GATE_CASES = TARGETS * (1 + GUARDS_PER_TARGET)
"""The most one gate asks."""


@dataclass(frozen=True, slots=True)
class Judgement:
    passes: bool
    fixed: list[UUID]
    broke: list[UUID]

    @property
    def reason(self) -> str:
        return f"fixes {len(self.fixed)} and breaks {len(self.broke)} of the gate's cases"


def gate_cases(
    task: Task,
    book: CaseBook,
    patterns: Sequence[ErrorPattern],
    quoted: Collection[UUID],
    *,
    seed: int,
    attempt: int,
) -> list[Case]:
    """Wrong cases of the patterns that the change does not quote, or if it quotes all of them
    other wrong ones of the same labels; and passing cases, half of them of these labels, where a
    change does its harm first. Drawn anew at each attempt, returned in case order."""
    entries = [entry for id, entry in book.entries.items() if id not in quoted]
    drawn = shuffled(
        entries, name=lambda entry: entry.case.id, seed=seed, purpose=f"gate {attempt}"
    )
    near = touched(task, book, patterns)
    meant = {id for pattern in patterns for id in pattern.case_ids}
    wrong = [entry for entry in drawn if not entry.right]
    missed = {task.stratum(book.entries[id].case.truth) for id in meant}
    likely = [entry for entry in wrong if task.stratum(entry.case.truth) in missed]
    targets = sorted(likely, key=lambda entry: entry.case.id not in meant)[:TARGETS]
    guards = _guards(drawn, near, max(LEAST_GUARDS, GUARDS_PER_TARGET * len(targets)))
    chosen = {entry.case.id for entry in (*targets, *guards)}
    return [entry.case for id, entry in book.entries.items() if id in chosen]


def touched(task: Task, book: CaseBook, patterns: Sequence[ErrorPattern]) -> set[UUID]:
    """Cases whose label a pattern names as its truth or as what was said instead."""
    names = {pattern.truth for pattern in patterns} | {
        mistake.predicted
        for pattern in patterns
        for id in pattern.case_ids
        for mistake in book.entries[id].mistakes
    }
    return {id for id, entry in book.entries.items() if task.stratum(entry.case.truth) in names}


def judge(before: CaseBook, after: CaseBook) -> Judgement:
    """It passes when it fixes more than it breaks. Where no case was wrong there is nothing to
    fix, and it passes when it breaks none. Both books hold the gate's cases."""
    fixed, broke = compare(before, after)
    nothing_wrong = all(before.entries[id].right for id in after.entries)
    return Judgement(len(fixed) > len(broke) or (nothing_wrong and not broke), fixed, broke)


def _guards(drawn: list[Entry], near: set[UUID], size: int) -> list[Entry]:
    passing = [entry for entry in drawn if entry.right]
    close = _among(passing, near)[: size // 2]
    chosen = {entry.case.id for entry in close}
    others = [entry for entry in passing if entry.case.id not in chosen]
    return close + others[: size - len(close)]


def _among(entries: list[Entry], ids: set[UUID]) -> list[Entry]:
    return [entry for entry in entries if entry.case.id in ids]
