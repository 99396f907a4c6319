"""The end of a search: one look at the untouched cases, and the books closed."""

from collections.abc import AsyncIterator

from nlu_shared.schemas.events import (
    EvaluationProgress,
    PartName,
    ProcedureJudged,
    StoredEvent,
    VerdictReached,
)
from nlu_shared.schemas.runs import Verdict

from induction.engine import left_out, telling, unanswered
from induction.engine.desk import Desk
from induction.engine.evaluate import CaseBook, Exam
from induction.engine.groups import groups_of
from induction.engine.noise import FIRST_CASES, Repeats
from induction.engine.procedure import Procedure
from induction.engine.screen import quoted_by
from induction.engine.search import Search
from induction.engine.verdict import Ground, unchanged, verdict
from induction.tasks.base import Case

Step = StoredEvent | EvaluationProgress
NO_TEST = "There are no untouched test cases."
NOT_AFFORDED = "The budget did not allow the final look at the test cases."


def cost_of_final_look(search: Search) -> int:
    """Calls: both prompts on every untouched case, and on a few of them once more."""
    cases = len(_untouched(search))
    return 2 * (cases + min(cases, FIRST_CASES))


async def final_look(search: Search, desk: Desk) -> AsyncIterator[Step]:
    """Winner against baseline on the test part, after the procedure where that is judged; it is the
    verdict where there is no test part. Where the winner is the baseline, or where the run was
    cancelled, the test part stays untouched. Where the provider left too much of it unanswered
    there is no verdict, and no look is counted."""
    plan, iteration = search.plan, search.progress.iterations
    if desk.cancelled:
        return
    if search.best.version_hash == plan.baseline.version_hash:
        yield VerdictReached(verdict=unchanged(plan.task, search.validation))
        return
    untouched = _untouched(search)
    if left_out.is_due(plan, search.parts) and desk.stop is None:
        repeated = Procedure(search)
        async for told in repeated.events(desk):
            yield told
        judged_on = left_out.judging(search.parts)
        if repeated.books and not unanswered.objection(judged_on, *repeated.books):
            judged = _of_procedure(search, *repeated.books)
            if not untouched:
                yield VerdictReached(verdict=judged)
                return
            yield ProcedureJudged(verdict=judged)
    desk.close_search()
    books: list[CaseBook] = []
    for content, number in ((plan.baseline, 0), (search.best, iteration)):
        exam = Exam(plan, content, untouched, part=PartName.TEST, iteration=number)
        async for step in exam.sit(desk):
            yield step
        if exam.book is None:
            break
        if untouched:
            desk.unheard = unanswered.objection(untouched, exam.book, *books)
            books.append(exam.book)
        if exam.book.entries:
            lost = len(exam.lost)
            yield telling.evaluated(plan, content, exam.book, PartName.TEST, number, lost=lost)
        if desk.unheard:
            break
    repeats = None
    if len(books) == 2 and not desk.unheard:
        repeats = Repeats(plan, (plan.baseline, search.best), (books[0], books[1]))
        async for progress in repeats.events(desk):
            yield progress
        again = [book for pair in repeats.again for book in pair]
        desk.unheard = unanswered.objection(untouched, *books, *again)
    if not desk.cancelled and not desk.unheard:
        yield VerdictReached(verdict=_verdict(search, repeats, has_test=bool(untouched)))


async def closed_books(search: Search, desk: Desk) -> AsyncIterator[Step]:
    """The winner on the training cases it has not answered yet, for its score on all of them."""
    plan, iteration = search.plan, search.progress.iterations
    cases = search.stale(search.parts.train)
    exam = search.exam(search.best, cases, part=PartName.TRAIN, iteration=iteration)
    async for step in exam.sit(desk):
        yield step
    if exam.book is not None:
        search.learn(exam.book)
        yield telling.evaluated(plan, search.best, search.train, PartName.TRAIN, iteration)


def _of_procedure(search: Search, before: CaseBook, after: CaseBook) -> Verdict:
    plan = search.plan
    ground = Ground(
        part=left_out.LEFT_OUT,
        groups=search.parts.groups,
        untouched=len(groups_of(_untouched(search))),
        folds=len(left_out.folds(plan, search.parts)),
    )
    return verdict(plan.task, before, after, ground, seed=plan.seed, focus=plan.focused)


def _untouched(search: Search) -> tuple[Case, ...]:
    """The test cases without those the baseline quotes: its author knew them."""
    test = search.parts.test
    known = {case.id for case in quoted_by(search.plan.baseline, search.parts.train, test)}
    return tuple(case for case in test if case.id not in known)


def _verdict(search: Search, repeats: Repeats | None, *, has_test: bool) -> Verdict:
    plan, parts = search.plan, search.parts
    if repeats is not None:
        before, after = repeats.books
        ground = Ground(
            part=PartName.TEST,
            groups=parts.groups,
            looks=plan.looks,
            again=tuple(repeats.again),
            changed=repeats.changed,
        )
    else:
        before, after = search.baseline_validation, search.validation
        ground = Ground(
            part=PartName.VALIDATION,
            groups=parts.groups,
            untouched=len(groups_of(_untouched(search))),
            untested=NOT_AFFORDED if has_test else NO_TEST,
            set_aside=not parts.validation_is_train,
        )
    return verdict(plan.task, before, after, ground, seed=plan.seed, focus=plan.focused)
