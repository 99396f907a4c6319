"""After the search: the best prompt put on a diet, part by part, while it stays as good.

Each try is an iteration like any other and counts as one. All are compared with the prompt the
search found, so that margins do not add up. Nobody is asked for proposals.
"""

from collections.abc import AsyncIterator

from nlu_shared.schemas.events import (
    ChangeKept,
    ChangeRejected,
    EvaluationProgress,
    PartName,
    PromptProposed,
    Stage,
    StoredEvent,
)
from nlu_shared.schemas.prompts import Change, PromptContent

from induction.engine import diet, guards, left_out, telling, unanswered
from induction.engine.desk import Desk
from induction.engine.evaluate import CaseBook, compare
from induction.engine.search import Search

Step = StoredEvent | EvaluationProgress


async def shorten(search: Search, desk: Desk) -> AsyncIterator[Step]:
    """Nothing where the winner is the baseline, which leaves nothing to test, or where the
    procedure is judged, whose folds do not diet."""
    unchanged = search.best.version_hash == search.plan.baseline.version_hash
    if unchanged or left_out.is_due(search.plan, search.parts):
        return
    reached = search.validation
    refused = tries = 0
    while tries < diet.TRIES and refused < diet.PATIENCE and affordable(search, desk):
        left = diet.changes(search.plan.task, search.best)
        found = next((one for one in left if _is_new(search, *one)), None)
        if found is None:
            return
        trial = _Without(search, *found)
        async for step in trial.events(desk, reached):
            yield step
        if trial.kept is None:
            return
        tries += 1
        refused = 0 if trial.kept else refused + 1


def affordable(search: Search, desk: Desk) -> bool:
    """Whether a try leaves what the end of the run takes, in iterations and in calls: the final
    look is kept back, and the training cases are asked for the winner's score on all of them."""
    if desk.closed or search.progress.iterations >= search.plan.max_iterations:
        return False
    parts = search.parts
    return desk.left is None or len(parts.validation) + len(parts.train) <= desk.left


def _is_new(search: Search, change: Change, content: PromptContent) -> bool:
    known = search.memory.objection(change, search.best)
    return known is None and content.version_hash not in search.seen


class _Without:
    """One try. `kept` stays None where the world allowed no more."""

    def __init__(self, search: Search, change: Change, content: PromptContent) -> None:
        self._search, self._change, self._content = search, change, content
        self.kept: bool | None = None

    async def events(self, desk: Desk, reached: CaseBook) -> AsyncIterator[Step]:
        search, content, n = self._search, self._content, self._search.iteration
        plan = search.plan
        search.seen.add(content.version_hash)
        yield PromptProposed(
            iteration=n,
            change=self._change,
            content=content,
            version_hash=content.version_hash,
            parent_hash=search.best.version_hash,
        )
        cases = search.parts.validation
        exam = search.exam(content, cases, part=PartName.VALIDATION)
        async for progress in exam.sit(desk):
            yield progress
        if exam.book is None:
            return
        if unheard := unanswered.objection(cases, exam.book):
            self.kept = False
            search.progress.evaluated(search.progress.best)
            yield ChangeRejected(iteration=n, stage=Stage.VALIDATION, reason=unheard)
            return
        yield telling.evaluated(
            plan, content, exam.book, PartName.VALIDATION, n, lost=len(exam.lost)
        )
        fixed, broke = compare(search.validation, exam.book)
        reasons = guards.broken(plan, search.baseline_validation, exam.book)
        if worse := diet.objection(plan, reached, exam.book):
            reasons = [worse, *reasons]
        self.kept = not reasons
        if reasons:
            search.progress.evaluated(search.progress.best)
            yield ChangeRejected(
                iteration=n,
                stage=Stage.VALIDATION,
                reason="; ".join(reasons),
                version_hash=content.version_hash,
                fixed=fixed,
                broke=broke,
            )
            return
        before = search.standing.aimed
        search.shortened(content, exam.book)
        yield ChangeKept(
            iteration=n,
            version_hash=content.version_hash,
            gain=round(search.standing.aimed - before, 9),
            fixed=fixed,
            broke=broke,
        )
