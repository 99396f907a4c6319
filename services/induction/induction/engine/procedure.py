"""The way of making the prompt, judged instead of the prompt: cross-validation of the search.

The groups that are not set aside to test are dealt into folds. The search is repeated once for each
fold without it, and the prompt it makes answers the fold it never saw (M. Stone, JRSS B 36 (1974)
111-147). Where there are too few groups to set any aside, each is a fold of its own; otherwise it
is done on request. A repeated search tries fewer changes than the one it stands for, so its gain
is a cautious estimate of the procedure's.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from nlu_shared.schemas.events import EvaluationProgress, FoldScored, HintTaken
from nlu_shared.schemas.prompts import PromptContent

from induction.engine.attempt import attempt
from induction.engine.desk import Desk
from induction.engine.evaluate import CaseBook, Exam
from induction.engine.left_out import LEFT_OUT, Fold, folds, judging
from induction.engine.search import Search
from induction.engine.split import parts_of
from induction.engine.unseen import Folds, blind
from induction.tasks.base import Case

FOLD_CHANGES = 3
"""Changes a fold tries, the opening among them, kept or not: about 3 N² calls where each of N cases
is a fold."""
_NONE: Folds = {}
Step = HintTaken | FoldScored | EvaluationProgress


class Procedure:
    """The repeated searches; `books` stays None where the world allowed no more. It holds what the
    baseline and the prompts of the folds say about all cases left out."""

    def __init__(self, search: Search) -> None:
        self._search = search
        self._folds = folds(search.plan, search.parts)
        self.books: tuple[CaseBook, CaseBook] | None = None

    async def events(self, desk: Desk) -> AsyncIterator[Step]:
        """One `FoldScored` per fold; of the searches inside, only the progress."""
        task, before, after = self._search.plan.task, CaseBook({}), CaseBook({})
        for number, fold in enumerate(self._folds, start=1):
            repeated = _Repeated(self._search, fold, number)
            async for step in repeated.events(desk):
                yield step
            if repeated.books is None:
                return
            yield FoldScored(
                number=number,
                of=len(self._folds),
                cases=len(fold),
                before=repeated.books[0].scored(task).objective,
                after=repeated.books[1].scored(task).objective,
            )
            before, after = before | repeated.books[0], after | repeated.books[1]
        self.books = before, after


class _Repeated:
    """The same search as it began, blind to one fold, and to what other runs learnt. `books` are
    what its baseline and its own prompt say about that fold; None where it was cut short."""

    def __init__(self, search: Search, fold: Fold, number: int) -> None:
        self._search, self._fold, self._number = search, fold, number
        left_out = {case.id for case in fold}
        self._plan = replace(
            search.plan,
            cases=tuple(case for case in judging(search.parts) if case.id not in left_out),
            baseline=blind(search.plan.baseline, left_out.__contains__),
            max_iterations=min(FOLD_CHANGES, search.plan.max_iterations),
            remembered=(),
            proposals=1,
        )
        self.books: tuple[CaseBook, CaseBook] | None = None

    async def events(self, desk: Desk) -> AsyncIterator[HintTaken | EvaluationProgress]:
        plan, search = self._plan, self._search
        known = search.baseline_train | search.baseline_validation
        if plan.baseline.version_hash != search.plan.baseline.version_hash:
            # What the baseline said was said with examples of the fold in it.
            again = self._exam(plan.baseline, judging(search.parts), search.folds)
            async for progress in again.sit(desk):
                yield progress
            if again.book is None:
                return
            known = again.book
        parts = parts_of(plan.cases, plan.parts)
        repeated = Search.of(
            plan, parts, train=known.of(parts.train), validation=known.of(parts.validation)
        )
        while repeated.attempt < FOLD_CHANGES and repeated.over() is None and not desk.closed:
            async for step in attempt(repeated, desk):
                if isinstance(step, EvaluationProgress | HintTaken):
                    yield step
        exam = self._exam(repeated.best, self._fold)
        async for progress in exam.sit(desk):
            yield progress
        if exam.book is not None:
            self.books = known.of(self._fold), exam.book

    def _exam(self, content: PromptContent, cases: Sequence[Case], unseen: Folds = _NONE) -> Exam:
        return Exam(self._plan, content, cases, part=LEFT_OUT, iteration=self._number, folds=unseen)
