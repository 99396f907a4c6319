"""The winner of a search: the cheapest prompt within the noise of the best.

A prompt ranks by its validation score, then by its training score, then by its tokens. On a few
dozen cases two scores are hardly ever equal, so tokens would never count, and prompts would grow
for a case that fell right by luck. Scores cannot be told apart where they differ by no more than
one standard error of their paired difference (the one-standard-error rule: Breiman, Friedman,
Olshen and Stone, Classification and Regression Trees, 1984, section 3.4.3; here the error is the
difference's own, by the jackknife of `paired`). Among what validation cannot tell from the best the
cheapest would often be worse by far: one error of forty cases is 0.06. So the shorter prompt also
has to be shown to be as good on validation and training cases together: its score with one standard
error less within a margin (a test of non-inferiority: Piaggio et al., JAMA 308 (2012) 2594-2604).
No prompt is asked a training case with its own example.
"""

from collections.abc import Sequence

from nlu_shared.rendering import prompt_tokens
from nlu_shared.schemas.events import FrontMeasured, FrontPoint, Split

from induction.engine.data.chance import shuffled
from induction.engine.evaluation import unanswered
from induction.engine.evaluation.paired import F1, Fall, fall
from induction.engine.evaluation.results import EvalResults
from induction.engine.plan import Plan
from induction.engine.runtime import Stopped
from induction.engine.search.acceptance import broken_guards
from induction.engine.search.measured import EvaluatedPrompt
from induction.engine.search.state import Search
from induction.task_kinds.base import Case

NOISE = 1.0
"""Standard errors of the paired difference."""
MARGIN = 0.03
"""How far the score of a shorter prompt may lie below the best one's."""
SAVING = 0.25
"""The share of its tokens that a shorter prompt must save: a few are no reason to change."""
LEAST_CASES, MOST_CASES = 40, 100
"""Training cases the best prompt and a cheaper one are both asked: on fewer nothing would show."""
SPENT = 0.25
"""Of the calls of a search, what comparing MOST_TRIED prompts may take."""
MOST_TRIED = 3
"""Prompts that are compared on them, at once or in the end."""


def cases_compared(train: int, calls_left: int | None) -> int:
    """On how many of so many training cases the best prompt and a cheaper one can be compared; 0
    where the calls of the search do not pay for it.

    calls_left: of the whole search, None without a limit.
    """
    most = min(train, MOST_CASES)
    if calls_left is not None:
        most = min(most, int(SPENT * calls_left) // MOST_TRIED)
    return most if most >= min(train, LEAST_CASES) else 0


async def choose(search: Search) -> None:
    """Makes the winner `search.best`, and tells of the front. Where the calls do not pay for the
    comparison on training cases, the best prompt is the winner."""
    best = search.best
    try:
        winner = await _cheapest(search)
    except Stopped:
        winner = None
    if winner is not None:
        search.settle_on(winner)
    await search.run.tell(front(search, best=best.version_hash))


def front(search: Search, *, best: str) -> FrontMeasured:
    """The prompts that score higher on validation than all that are shorter, by their tokens. The
    winner is among them, and the best, by its hash."""
    task = search.run.plan.task
    points = [
        FrontPoint(
            version_hash=version_hash,
            tokens=search.room.counted(prompt_tokens(one.content, task.answers)),
            examples=one.content.most_shown,
            objective=one.validation.scored(task).objective,
        )
        for version_hash, one in search.measured.items()
    ]
    points.sort(key=lambda point: (point.tokens, -point.objective))
    chosen = search.best.version_hash
    highest, shown = -1.0, list[FrontPoint]()
    for point in points:
        if point.objective > highest or point.version_hash in (chosen, best):
            shown.append(point)
            highest = max(highest, point.objective)
    return FrontMeasured(
        iteration=search.progress.iterations, points=shown, chosen_hash=chosen, best_hash=best
    )


def is_within_noise(plan: Plan, best: EvalResults, other: EvalResults) -> bool:
    """Whether no score falls by more than the noise: the objective, and the focus where there is
    one. The results are on the same cases."""
    return all(one.size <= NOISE * one.error for one in _falls(plan, best, other))


def is_as_good(plan: Plan, best: EvalResults, other: EvalResults) -> bool:
    """Whether no score falls by more than the margin, the noise taken off it too."""
    return all(one.size + NOISE * one.error <= MARGIN for one in _falls(plan, best, other))


def _falls(plan: Plan, best: EvalResults, other: EvalResults) -> list[Fall]:
    scores: list[F1] = [plan.task.objective]
    if plan.focused is not None:
        scores.append(plan.focused.f1)
    return [fall(plan.task, f1, best, other) for f1 in scores]


async def _cheapest(search: Search) -> EvaluatedPrompt | None:
    """The cheapest that is as good as the best, on validation and on training cases; None where
    there is none beside the best. All are compared with the best, so that margins do not add up.
    Raises Stopped."""
    winner, cases = None, compared(search)
    for cheaper in _contenders(search)[: MOST_TRIED if cases else 0]:
        known = cheaper.train.of(cases)
        new = [case for case in cases if case.id not in known.by_case]
        stale = search.stale(cases)
        if not search.run.affords(len(new) + len(stale)):
            break
        search.learn(await search.evaluate(search.best, stale, split=Split.TRAIN))
        known |= await search.evaluate(cheaper.content, new, split=Split.TRAIN)
        best = search.validation | search.train.of(cases)
        own = cheaper.validation | known
        if unanswered.objection(best.by_case, best, own) is None and is_as_good(
            search.run.plan, best, own
        ):
            winner = EvaluatedPrompt(cheaper.content, cheaper.validation, known)
    return winner


def _contenders(search: Search) -> list[EvaluatedPrompt]:
    """Those that are shorter by a good deal, as good on validation, break no guard and were
    approved where that is due, the longest first: those are the likeliest to be as good."""
    plan, answers = search.run.plan, search.run.plan.task.answers
    most = (1 - SAVING) * prompt_tokens(search.best, answers)
    shorter = [
        one
        for one in search.measured.values()
        if prompt_tokens(one.content, answers) <= most
        and search.run.may_win(one.content.version_hash)
        and unanswered.objection(search.validation.by_case, search.validation, one.validation)
        is None
        and is_within_noise(plan, search.validation, one.validation)
        and not broken_guards(plan, search.baseline_validation, one.validation)
    ]
    return sorted(shorter, key=lambda one: -prompt_tokens(one.content, answers))


def compared(search: Search, size: int | None = None) -> Sequence[Case]:
    """The same training cases for all; `size`: not so many as in the end."""
    size = search.compared if size is None else size
    return drawn(search.splits.train, size, seed=search.run.plan.seed)


def drawn(train: Sequence[Case], size: int, *, seed: int) -> Sequence[Case]:
    """So many of the training cases, in their order; fewer of them are among more."""
    lots = shuffled(train, name=lambda case: case.id, seed=seed, purpose="cheaper")
    chosen = {case.id for case in lots[:size]}
    return [case for case in train if case.id in chosen]
