"""Whether the model says the same again, and what it says where it does not.

Both prompts are asked once more on a few of the test cases. A model that repeats itself costs no
more than that. One that wavers is asked again on all of them, and a case then counts by the mean
of its answers: averaging takes the model's noise out of the comparison, and what is left of it is
in the differences between cases that the verdict's tests go by.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from nlu_shared.schemas.events import EvaluationProgress, PartName
from nlu_shared.schemas.prompts import PromptContent

from induction.engine.chance import shuffled
from induction.engine.desk import Desk
from induction.engine.evaluate import CaseBook, Exam
from induction.engine.plan import Plan
from induction.tasks.base import Case

FIRST_CASES = 20
"""Asked again of each prompt. A model that changes a tenth of its answers is found out 98 times in
100."""
REPEATS = 2
"""Of all test cases, where the model wavers: half of what the noise adds is gone with the first."""
Pair = tuple[CaseBook, CaseBook]


@dataclass(slots=True)
class Repeats:
    """Of the prompts in `books`: `again` holds whole repeats, `changed` the share of the repeated
    answers that were others than before; None where nothing was repeated."""

    plan: Plan
    contents: tuple[PromptContent, PromptContent]
    books: Pair
    again: list[Pair] = field(default_factory=list)
    changed: float | None = None

    async def events(self, desk: Desk) -> AsyncIterator[EvaluationProgress]:
        cases = self.books[0].cases
        seed = self.plan.seed
        drawn = shuffled(cases, name=lambda case: case.id, seed=seed, purpose="noise")
        few = {case.id for case in drawn[:FIRST_CASES]}
        first = _Asking(self, [case for case in cases if case.id in few], sample=1)
        if not _affords(desk, 2 * len(few)):
            return
        async for progress in first.events(desk):
            yield progress
        if first.pair is None:
            return
        self.changed = _changed(self.books, [first.pair])
        if not self.changed or not _affords(desk, 2 * REPEATS * len(cases)):
            return
        for sample in range(1, 1 + REPEATS):
            whole = _Asking(self, cases, sample=sample)
            async for progress in whole.events(desk):
                yield progress
            if whole.pair is None:
                break
            self.again.append(whole.pair)
        if self.again:
            self.changed = _changed(self.books, self.again)


class _Asking:
    """Both prompts on some cases once more; `pair` stays None where that was cut short."""

    def __init__(self, repeats: Repeats, cases: Sequence[Case], *, sample: int) -> None:
        self._repeats, self._cases, self._sample = repeats, cases, sample
        self.pair: Pair | None = None

    async def events(self, desk: Desk) -> AsyncIterator[EvaluationProgress]:
        books = []
        for content in self._repeats.contents:
            exam = Exam(
                self._repeats.plan,
                content,
                self._cases,
                part=PartName.TEST,
                iteration=0,
                sample=self._sample,
            )
            async for progress in exam.sit(desk):
                yield progress
            if exam.book is None:
                return
            books.append(exam.book)
        self.pair = books[0], books[1]


def _affords(desk: Desk, calls: int) -> bool:
    return desk.stop is None and (desk.left is None or desk.left >= calls)


def _changed(books: Pair, again: Sequence[Pair]) -> float:
    differs = [
        entry.prediction != book.entries[id].prediction
        for pair in again
        for book, repeated in zip(books, pair, strict=True)
        for id, entry in repeated.entries.items()
        if id in book.entries
    ]
    return sum(differs) / max(1, len(differs))
