"""Which approved truths a run can work with, and what stands in its way otherwise. Pure.

A truth that no answer can match is left out of every split: counted, it would cost calls in each
evaluation and hold every score down, and no change to a prompt could ever mend it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from nlu_shared.schemas.labels import like, nearly_one
from nlu_shared.schemas.prompts import PromptContent, TaskKind
from nlu_shared.schemas.tasks import Unanswerable, UnanswerableTruths

from induction.task_kinds.base import Case, NoTruth, Task

SHOWN = 10
"""Case ids, labels and problems that are named; the others are counted."""
WHY = {
    Unanswerable.UNKNOWN_LABEL: "a label that is not in the label set",
    Unanswerable.RETIRED_LABEL: "a label that is retired",
    Unanswerable.NO_LABEL: "no label at all (several, an object, or blank)",
    Unanswerable.NO_EXTRACTION: "no valid extraction",
}


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Cases whose truths are unanswerable for one reason; of one label, where they name one."""

    reason: Unanswerable
    truth: str | None
    like: tuple[str, ...]
    case_ids: tuple[UUID, ...]

    def plain(self) -> dict[str, Any]:
        """As a run's row keeps it."""
        ids = [str(one) for one in self.case_ids]
        return {"reason": self.reason, "truth": self.truth, "like": self.like, "case_ids": ids}


def left_out(task: Task, cases: Iterable[Case], names: Collection[str]) -> list[LeftOut]:
    """What no answer can match, the most frequent first. `names` are the task's labels."""
    by_reason: dict[tuple[Unanswerable, str | None], list[UUID]] = {}
    for case in cases:
        try:
            task.read(case.truth)
        except NoTruth as wrong:
            by_reason.setdefault((wrong.reason, wrong.label), []).append(case.id)
    grouped = [
        LeftOut(reason, label, tuple(like(label, names)) if label else (), tuple(sorted(ids)))
        for (reason, label), ids in by_reason.items()
    ]
    return sorted(grouped, key=lambda one: (-len(one.case_ids), one.reason, one.truth or ""))


def answerable(task: Task, cases: Iterable[Case], out: Collection[UUID]) -> tuple[Case, ...]:
    """The cases that are not left out, their truths as answers are compared with them. A case that
    was forgotten since stays as it is."""
    return tuple(_as_read(task, case) for case in cases if case.id not in out)


def _as_read(task: Task, case: Case) -> Case:
    try:
        truth = task.read(case.truth)
    except NoTruth:
        return case
    return case if truth == case.truth else replace(case, truth=truth)


def shown(rows: Iterable[Mapping[str, Any]]) -> list[UnanswerableTruths]:
    """Rows of `LeftOut.plain` as the outside sees them."""
    return [
        UnanswerableTruths(
            reason=row["reason"],
            label=row["truth"],
            like=tuple(row["like"]),
            cases=len(row["case_ids"]),
            case_ids=row["case_ids"][:SHOWN],
        )
        for row in rows
    ]


def in_words(out: Sequence[LeftOut]) -> list[str]:
    """A sentence for each reason, with counts, labels and the first cases."""
    return [
        f"{count} truths cannot be answered and are left out: {reason}"
        for count, reason in reasons(out)
    ]


def reasons(out: Sequence[LeftOut]) -> list[tuple[int, str]]:
    """How many truths there are for each reason, and the reason with labels and the first cases."""
    groups = []
    for reason, why in WHY.items():
        of_reason = [one for one in out if one.reason is reason]
        if not of_reason:
            continue
        ids = [str(id) for one in of_reason for id in one.case_ids]
        labels = [_named(one) for one in of_reason if one.truth is not None]
        of_labels = f": {some(labels)}" if labels else ""
        groups.append((len(ids), f"{why}{of_labels}; cases {some(ids)}"))
    return groups


def _named(one: LeftOut) -> str:
    near = f", nearly {some([repr(name) for name in one.like])}" if one.like else ""
    return f"{one.truth!r} ({len(one.case_ids)}{near})"


def some(items: Sequence[str]) -> str:
    """The first of them in words."""
    return ", ".join(items[:SHOWN]) + (", …" if len(items) > SHOWN else "")


def share(out: Sequence[LeftOut], total: int) -> float:
    """Of all cases, the share that is left out, 0 to 1."""
    return sum(len(one.case_ids) for one in out) / total if total else 0.0


def obstacles(
    task: Task, baseline: PromptContent, cases: Sequence[Case], *, is_changed: bool
) -> list[str]:
    """What keeps a run from showing anything, in words: one class only, labels that are nearly one,
    and what its baseline lacks. A change may mend that: it is refused only for what its parent did
    not lack.

    task: as runs know it.
    baseline: what the run begins with.
    cases: those that can be answered.
    is_changed: may the run change the baseline?
    """
    notes = []
    classes = {task.stratum(case.truth) for case in cases}
    if task.kind is TaskKind.INTENT and len(classes) == 1:
        notes.append("all truths carry one label: whatever always answers it is never wrong")
    if task.kind is TaskKind.INTENT:
        notes += nearly_one(classes)
    problems = task.problems(baseline)
    if problems:
        behind = "the baseline is behind its task"
        mends = ", changes may mend it" if is_changed else ""
        notes.append(f"{behind}{mends}: {some(problems)}")
    return notes
