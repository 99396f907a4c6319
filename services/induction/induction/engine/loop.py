"""The loop: evaluate, diagnose, propose, screen, gate, evaluate, keep or reject, shorten, judge.

Decisions are made elsewhere in this room; here the steps stand in order, and what happens is
yielded. An iteration is a candidate evaluated on validation: a change refused before that carries
the number of the iteration it was meant for.
"""

from collections.abc import AsyncGenerator

from nlu_shared.schemas.events import EvaluationProgress, PartName, StoredEvent

from induction.engine import telling, unanswered
from induction.engine.attempt import attempt
from induction.engine.desk import CANCELLED, Desk
from induction.engine.evaluate import CaseBook, Exam
from induction.engine.finale import closed_books, cost_of_final_look, final_look
from induction.engine.misses import attribute_misses
from induction.engine.plan import Plan
from induction.engine.search import Search
from induction.engine.shorten import shorten
from induction.engine.split import Parts, parts_of
from induction.engine.unseen import folds_of
from induction.engine.world import World

Step = StoredEvent | EvaluationProgress
EVALUATED = "evaluated"


async def improve(plan: Plan, world: World) -> AsyncGenerator[Step]:
    """A run as its events: `RunStarted` first, `RunFinished` last.

    What `world` raises goes through. The same plan with the same answers says the same again.
    """
    desk = Desk(plan, world)
    parts = parts_of(plan.cases, plan.parts)
    yield telling.started(plan, parts)
    opening = _Opening(plan, parts)
    async for step in opening.events(desk):
        yield step
    if (search := opening.search) is None:
        yield telling.stopped(desk.stop or CANCELLED, 0, plan.baseline)
        yield telling.finished(plan, desk, None, desk.stop or CANCELLED)
        return
    desk.keep_back(cost_of_final_look(search))
    while (reason := _over(search, desk)) is None:
        async for step in attempt(search, desk):
            yield step
    async for step in shorten(search, desk):
        yield step
    yield telling.stopped(reason, search.progress.iterations, search.best)
    async for step in final_look(search, desk):
        yield step
    if desk.stop is None and not desk.cancelled:
        async for step in closed_books(search, desk):
            yield step
    async for step in attribute_misses(search, desk):
        yield step
    yield telling.finished(plan, desk, search, reason)


async def evaluate_only(plan: Plan, world: World) -> AsyncGenerator[Step]:
    """One prompt scored on train and validation; the test part stays untouched."""
    desk = Desk(plan, world)
    parts = parts_of(plan.cases, plan.parts)
    yield telling.started(plan, parts)
    opening = _Opening(plan, parts)
    async for step in opening.events(desk):
        yield step
    yield telling.finished(plan, desk, opening.search, desk.stop or EVALUATED)


def _over(search: Search, desk: Desk) -> str | None:
    return CANCELLED if desk.cancelled else desk.stop or search.over()


class _Opening:
    """The baseline on train and validation; `search` stays None where that was cut short."""

    def __init__(self, plan: Plan, parts: Parts) -> None:
        self._plan, self._parts = plan, parts
        self.search: Search | None = None

    async def events(self, desk: Desk) -> AsyncGenerator[Step]:
        plan, books = self._plan, dict[PartName, CaseBook]()
        named = {PartName.TRAIN: self._parts.train, PartName.VALIDATION: self._parts.validation}
        folds = folds_of(self._parts.train, seed=plan.seed)
        for part, cases in named.items():
            exam = Exam(plan, plan.baseline, cases, part=part, iteration=0, folds=folds)
            async for step in exam.sit(desk):
                yield step
            if exam.book is None:
                return
            books[part] = exam.book
            if unheard := unanswered.objection(cases, exam.book):
                desk.stop = desk.stop or unheard
                return
            lost = len(exam.lost)
            yield telling.evaluated(plan, plan.baseline, exam.book, part, 0, lost=lost)
        self.search = Search.of(
            plan, self._parts, train=books[PartName.TRAIN], validation=books[PartName.VALIDATION]
        )
        yield telling.patterns(self.search.patterns(), 0)
