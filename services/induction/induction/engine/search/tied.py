"""Rungs that validation cannot tell apart, nor from the baseline: training cases decide with it.

No rung is aimed at a mistake, and none is asked a case with an example of the case's own fold, so
what it answers to training cases says of other texts what validation does. Of a dozen validation
cases one is a twelfth of the score: by them alone a search would keep its baseline, or a rung that
fell right by luck.
"""

from collections.abc import Sequence

from nlu_shared.schemas.events import Split

from induction.engine.evaluation import unanswered
from induction.engine.search.choice import MOST_TRIED, compared, is_within_noise
from induction.engine.search.entrants import Entrant
from induction.engine.search.race import ANSWERED_CASES
from induction.engine.search.state import Search
from induction.task_kinds.base import Case

FEW = 2
"""Rungs that are compared where calls are few."""


async def compare_tied(
    search: Search, entrants: Sequence[Entrant], *, calls_left: float | None
) -> None:
    """Asks the best rungs some training cases, where validation cannot tell them apart, and the
    baseline those that it was not asked. Raises Stopped.

    calls_left: of the ladder; None without a limit.
    """
    tied = _tied(search, entrants)
    if not tied or (len(tied) == 1 and not _is_baseline_tied(search, tied[0])):
        return
    cases = _cases(search, len(tied), calls_left)
    new = [case for case in cases if case.id not in search.train.by_case]
    search.learn(await search.evaluate(search.best, new, split=Split.TRAIN))
    for one in tied if cases else ():
        new = [case for case in cases if case.id not in one.train.by_case]
        one.train |= await search.evaluate(one.candidate.content, new, split=Split.TRAIN)
        one.compared = cases


def _tied(search: Search, entrants: Sequence[Entrant]) -> list[Entrant]:
    """The best of those that have answered validation, and what it cannot tell from them."""
    measured = [one for one in entrants if one.is_measured(search)]
    measured.sort(key=lambda one: one.rank(search), reverse=True)
    return [
        one
        for one in measured[: MOST_TRIED if search.compared else FEW]
        if is_within_noise(search.run.plan, measured[0].validation, one.validation)
    ]


def _is_baseline_tied(search: Search, best: Entrant) -> bool:
    plan = search.run.plan
    known, answered = unanswered.shared(search.validation, best.validation)
    return is_within_noise(plan, known, answered) and is_within_noise(plan, answered, known)


def _cases(search: Search, tied: int, calls_left: float | None) -> Sequence[Case]:
    """As many as the end of the search compares; where calls are too few for that, as many as they
    pay for until ANSWERED_CASES decide; none where the training cases decide anyway."""
    if search.splits.validation_is_train:
        return ()
    if search.compared or calls_left is None:
        return compared(search)
    lacking = max(0, ANSWERED_CASES - len(search.splits.validation))
    known = len(search.train.by_case)
    paid = int(calls_left) // tied
    if paid > known:
        # Beyond those that the baseline has answered each case is a call more.
        paid = known + (int(calls_left) - known * tied) // (tied + 1)
    return compared(search, max(0, min(lacking, paid)))
