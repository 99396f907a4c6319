"""Too few groups to set any aside: the way of making the prompt is judged instead of the prompt.

The search is repeated once per group without that group, and each of these prompts answers the
group it never saw (leave-one-group-out; M. Stone, JRSS B 36 (1974) 111-147). A fold tries fewer
changes than the search it stands for, so its gain is a cautious estimate of the procedure's.
"""

from collections.abc import AsyncIterator
from dataclasses import replace

from nlu_shared.schemas.events import EvaluationProgress, FoldScored, HintTaken, PartName

from induction.engine.attempt import attempt
from induction.engine.desk import Desk
from induction.engine.evaluate import CaseBook, Entry, Exam
from induction.engine.groups import groups_of
from induction.engine.search import Search
from induction.engine.split import Parts, parts_of
from induction.tasks.base import Case

FOLD_CHANGES = 3
"""Changes a fold tries, kept or not: about 3 N² calls for N cases in N groups."""
LEFT_OUT = "left out"
Step = HintTaken | FoldScored | EvaluationProgress


def is_due(parts: Parts) -> bool:
    """Whether nothing was set aside and there is more than one group to leave out."""
    return parts.validation_is_train and not parts.test and parts.groups > 1


class Procedure:
    """The folds of one search; `books` stays None where the world allowed no more."""

    def __init__(self, search: Search) -> None:
        self._search = search
        self._before: dict[str, CaseBook] = {}
        self.books: tuple[CaseBook, CaseBook] | None = None

    async def events(self, desk: Desk) -> AsyncIterator[Step]:
        """One `FoldScored` per group, in group order; of the searches inside, only the progress."""
        search = self._search
        groups = groups_of(search.plan.cases)
        baseline = search.baseline_validation
        after: list[Entry] = []
        for number, group in enumerate(groups, start=1):
            fold = _without(search, group)
            while fold.attempt < FOLD_CHANGES and fold.over() is None and not desk.closed:
                async for step in attempt(fold, desk):
                    if isinstance(step, EvaluationProgress | HintTaken):
                        yield step
            exam = Exam(search.plan, fold.best, group, part=LEFT_OUT, iteration=number)
            async for progress in exam.sit(desk):
                yield progress
            if exam.book is None:
                return
            before = CaseBook({case.id: baseline.entries[case.id] for case in group})
            after += exam.book.entries.values()
            yield FoldScored(
                number=number,
                of=len(groups),
                cases=len(group),
                before=before.scored(search.plan.task).objective,
                after=exam.book.scored(search.plan.task).objective,
            )
        self.books = (baseline, _in_order(baseline, after))


def _without(search: Search, group: tuple[Case, ...]) -> Search:
    """The same search as it began, blind to one group, and to what other runs learnt from it."""
    left_out = {case.id for case in group}
    cases = tuple(case for case in search.plan.cases if case.id not in left_out)
    plan = replace(
        search.plan,
        cases=cases,
        parts={case.id: PartName.TRAIN for case in cases},
        max_iterations=min(FOLD_CHANGES, search.plan.max_iterations),
        remembered=(),
        proposals=1,
    )
    known = search.baseline_validation.entries
    book = CaseBook({id: entry for id, entry in known.items() if id not in left_out})
    return Search.of(plan, parts_of(plan.cases, plan.parts), train=book, validation=book)


def _in_order(like: CaseBook, entries: list[Entry]) -> CaseBook:
    by_id = {entry.case.id: entry for entry in entries}
    return CaseBook({id: by_id[id] for id in like.entries})
