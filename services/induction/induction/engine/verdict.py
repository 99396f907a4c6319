"""What a run may claim: its winner against its baseline on cases that no proposal ever saw.

Proven takes both: a 95 % bootstrap interval of the gain that lies above zero, and an exact sign
test below 0.05, so that neither one lucky rare label nor many trivial ones prove anything alone.
"""

from dataclasses import dataclass
from uuid import UUID

import numpy as np
from nlu_shared.measure.f1 import Counts
from nlu_shared.measure.significance import (
    Gain,
    detectable_gain,
    more_cases,
    paired_bootstrap,
    sign_test,
)
from nlu_shared.schemas.events import PartName
from nlu_shared.schemas.runs import Verdict, VerdictKind

from induction.engine.evaluate import CaseBook, compare
from induction.engine.groups import groups_of
from induction.engine.split import VALIDATION_FROM
from induction.tasks.base import Task

SIGNIFICANT = 0.05
WORTH_A_LOOK = 0.2
"""The p-value below which a gain that is not proven is called promising."""
TEST_SHARE = 0.2
"""Of newly labelled cases, the part that goes to the test part."""
DIGITS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What the comparison stands on: the part it was made on, how many groups there are in all,
    why it is not the untouched test part, whether training cases were kept out of it, and whether
    each group was answered by a prompt made without it rather than by the winner."""

    part: str
    groups: int
    untested: str | None = None
    set_aside: bool = True
    is_procedure: bool = False

    @property
    def can_prove(self) -> bool:
        return self.part is PartName.TEST and self.groups >= VALIDATION_FROM


def verdict(task: Task, before: CaseBook, after: CaseBook, ground: Ground, *, seed: int) -> Verdict:
    """Baseline against winner on the same cases, which must be at least one.

    Near-duplicates are drawn together: ten wordings of one question are one piece of evidence.
    """
    groups = [[case.id for case in group] for group in groups_of(before.cases)]
    gain = paired_bootstrap(
        _counts(task, before, groups), _counts(task, after, groups), task.objective, seed=seed
    )
    p_value = sign_test(_scores(before, groups), _scores(after, groups))
    fixed, broke = compare(before, after)
    kind = _kind(gain, p_value, more_fixed=len(fixed) > len(broke), can_prove=ground.can_prove)
    more = None if kind is VerdictKind.PROVEN else _label_more(gain, len(groups))
    return Verdict(
        kind=kind,
        tested_on=ground.part,
        cases=len(before.entries),
        before=before.scored(task).objective,
        after=after.scored(task).objective,
        gain=round(gain.gain, DIGITS),
        interval=(round(gain.low, DIGITS), round(gain.high, DIGITS)),
        p_value=float(f"{p_value:.3g}"),
        label_more=more,
        says=_says(kind, gain, ground, fixed=len(fixed), broke=len(broke), more=more),
    )


def unchanged(task: Task, validation: CaseBook) -> Verdict:
    """The winner is the baseline: there is nothing to test, and the test part stays untouched."""
    score = validation.scored(task)
    return Verdict(
        kind=VerdictKind.NO_CHANGE,
        tested_on=PartName.VALIDATION,
        cases=score.cases,
        before=score.objective,
        after=score.objective,
        gain=0.0,
        interval=(0.0, 0.0),
        p_value=1.0,
        label_more=None,
        says="No better prompt was found. The test cases were not looked at.",
    )


def _kind(gain: Gain, p_value: float, *, more_fixed: bool, can_prove: bool) -> VerdictKind:
    if gain.gain <= 0 or not more_fixed:
        return VerdictKind.NOISE
    if can_prove and gain.low > 0 and p_value < SIGNIFICANT:
        return VerdictKind.PROVEN
    return VerdictKind.PROMISING if p_value < WORTH_A_LOOK else VerdictKind.NOISE


def _counts(task: Task, book: CaseBook, groups: list[list[UUID]]) -> Counts:
    """Counts of shape (groups, components, 3)."""
    row = {id: number for number, group in enumerate(groups) for id in group}
    entries = book.entries.values()
    counts = task.counts([e.case.truth for e in entries], [e.prediction for e in entries])
    summed = np.zeros((len(groups), *counts.shape[1:]), dtype=np.int64)
    np.add.at(summed, [row[id] for id in book.entries], counts)
    return summed


def _scores(book: CaseBook, groups: list[list[UUID]]) -> list[float]:
    return [sum(book.entries[id].score for id in group) for group in groups]


def _label_more(gain: Gain, groups: int) -> int | None:
    """New labels until such a gain would show, given that only a part of them goes to the test."""
    more = more_cases(gain.gain, gain.error, groups)
    return None if more is None else max(1, round(more / TEST_SHARE))


def _says(
    kind: VerdictKind, gain: Gain, ground: Ground, *, fixed: int, broke: int, more: int | None
) -> str:
    claim = {
        VerdictKind.PROVEN: "The gain is proven on untouched cases.",
        VerdictKind.PROMISING: "The gain is promising, not proven.",
        VerdictKind.NOISE: "The gain cannot be told from chance.",
    }[kind]
    parts = [
        claim,
        f"The change corrects {fixed} cases and gets {broke} wrong that were right.",
    ]
    if ground.is_procedure:
        parts.append(
            f"This scores the procedure: the search was repeated without each of the"
            f" {ground.groups} groups, and the prompt it made answered that group."
        )
    if ground.untested:
        parts.append(ground.untested)
        parts.append("These cases also chose the prompt, so the gain is likely overstated.")
    if not ground.set_aside:
        parts.append("They are its training cases too.")
    if more is not None:
        parts.append(f"About {more} more labelled cases would tell.")
    if kind is VerdictKind.NOISE:
        parts.append(f"A gain below {detectable_gain(gain.error):.3f} would mostly go unseen here.")
    return " ".join(parts)
