"""The ladder a search begins with: prompts with none, few, more and all examples, measured.

Every rung answers the same few validation cases, and in a race all of validation, but for those
that fall behind (see `race`). Those that validation cannot tell from the best, or from the
baseline, are asked training cases as well, which then decide with it (see `tied`). The one that
ranks highest goes on if it is better than the baseline. All of it is one iteration. Where the order
of the same examples turns more answers than asking twice does, other orders are raced too. Where
there are the calls for it, the smallest rung is asked the training cases, and grows by those that
it gets wrong.
"""

from collections.abc import Sequence
from functools import partial

from nlu_shared.rendering import prompt_tokens
from nlu_shared.schemas.events import ChangeRejected, Split, Stage

from induction.engine.data.chance import shuffled
from induction.engine.evaluation import unanswered
from induction.engine.evaluation.evaluate import evaluation_event
from induction.engine.evaluation.results import compare
from induction.engine.proposal import rungs
from induction.engine.proposal.selection import Order
from induction.engine.search import race
from induction.engine.search.choice import is_within_noise
from induction.engine.search.entering import SPLIT, Entered, admitted, ask, enter
from induction.engine.search.entrants import Entrant, points_of
from induction.engine.search.orders import is_moved
from induction.engine.search.race import SCREENED
from induction.engine.search.state import Search
from induction.engine.search.stopping import PERFECT
from induction.engine.search.tied import compare_tied
from induction.engine.search.validation import conclude, objection, proposal_event, refresh
from induction.task_kinds.base import Case

GROWTH_CASES = 256
"""Training cases put to the rung that is to grow, at most."""
OTHER_ORDERS = 2
"""Of the best rung, raced as well at most."""
ORDER_CALLS = (1 + OTHER_ORDERS) * SCREENED
SPENT = 0.25
"""Of the calls that are left, what other orders may take with the rest of the race, and what the
rung that grows may."""
OUTDONE = "another choice of examples ranks higher"


async def ladder(search: Search) -> None:
    """One iteration at most, nothing where the plan tries no ladder or there is nothing to show.
    Raises Stopped; what was not concluded by then is dropped."""
    plan, train = search.run.plan, search.splits.train
    if not plan.tries_ladder or search.used_up() or search.progress.best >= PERFECT:
        return
    search.attempt += 1
    cases = shuffled(
        search.splits.validation, name=lambda case: case.id, seed=plan.seed, purpose="race"
    )
    offered = rungs.rungs(
        plan.task,
        search.best,
        train,
        seed=plan.seed,
        room=search.room,
        retrieval=plan.retrieval,
    )
    in_fold = search.most_attempts is not None
    left = search.run.calls_left
    allotted = race.allotted(cases=len(cases), calls_left=left)
    entered = await enter(search, offered, cases, in_fold=in_fold)
    entrants, first = entered.entrants, entered.first
    if not entrants:
        return
    if all(one.unheard(plan) for one in entrants):
        await _conclude(search, entrants)
        return
    if not in_fold and _affords(search, 2 * len(cases) + ORDER_CALLS):
        await _try_orders(search, entrants, first)
    await _race(search, entered, cases, _rest(search, allotted, left))
    if not in_fold:
        await _grow(search, entrants, first)
        await compare_tied(search, entrants, calls_left=_rest(search, allotted, left))
    await _conclude(search, entrants)


async def _try_orders(search: Search, entrants: list[Entrant], cases: Sequence[Case]) -> None:
    """Adds the best rung in other orders where the order matters to the model."""
    plan, baseline, room = search.run.plan, search.best, search.room
    fixed = [one for one in entrants if not one.rung.is_banked]
    best = max(fixed, key=lambda one: one.points(plan), default=None)
    if best is None:
        return
    turned = rungs.reordered(plan.task, baseline, best.rung, Order.REVERSED, room)
    other = [] if turned is None else await admitted(search, [turned])
    if not other:
        return
    await ask(search, other, cases)
    again = await search.evaluate(best.candidate.content, cases, split=SPLIT, sample=1)
    if not is_moved(best.validation, again=again, other=other[0].validation):
        return
    blocks = rungs.reordered(plan.task, baseline, best.rung, Order.IN_BLOCKS, room)
    more = [] if blocks is None else await admitted(search, [blocks])
    await ask(search, more, cases)
    entrants += [*other, *more]


async def _race(
    search: Search, entered: Entered, cases: Sequence[Case], calls_left: float | None
) -> None:
    """The best of the entrants on all cases, but for those that are outdone on the way there.

    search: whose best prompt the baseline is.
    entered: who has answered the first cases.
    cases: in the order in which they are asked.
    calls_left: of the race, None without a limit.
    """
    plan, entrants, size = search.run.plan, len(entered.entrants), len(entered.first)
    running = [one for one in entered.entrants if one.unheard(plan) is None]
    for stage in race.stages(len(cases), first=size):
        running = _still_running(search, running, entrants)
        goes_on = race.kept(len(running), stage=stage, cases=len(cases), calls_left=calls_left)
        running = sorted(running, key=lambda one: -one.points(plan))[:goes_on]
        start, end = stage
        for first in range(start, end, size):
            block = cases[first : min(first + size, end)]
            await ask(search, running, block)
            if calls_left is not None:
                calls_left -= len(running) * len(block)
            running = _still_running(search, running, entrants)


def _still_running(search: Search, running: list[Entrant], entrants: int) -> list[Entrant]:
    """The baseline runs too, with what is known of it."""
    plan = search.run.plan
    known = unanswered.shared(*(one.validation for one in running), search.validation)
    scores = {
        number: [points_of(plan, result) for result in one.by_case.values()]
        for number, one in enumerate(known)
    }
    out = race.beaten(scores, entrants=entrants + 1)
    return [one for number, one in enumerate(running) if number not in out]


async def _grow(search: Search, entrants: list[Entrant], first: Sequence[Case]) -> None:
    """Adds the smallest rung with the training cases that it misses; of several draws the one that
    did best on the first cases of the race."""
    plan, validation = search.run.plan, search.splits.validation
    train = shuffled(
        search.splits.train, name=lambda case: case.id, seed=plan.seed, purpose="growth"
    )[:GROWTH_CASES]
    small = [
        one
        for one in entrants
        if one.rung.cases and not one.rung.keeps_own and one.unheard(plan) is None
    ]
    if not small or not _affords(search, len(train) + len(validation)):
        return
    fewest = min(len(one.rung.cases) for one in small)
    smallest = [one for one in small if len(one.rung.cases) == fewest]
    best = max(smallest, key=lambda one: _points_on(search, one, first))
    best.train = await search.evaluate(best.candidate.content, train, split=Split.TRAIN)
    missed = [result.case for result in best.train.wrong]
    rung = rungs.grown(plan.task, search.best, best.rung, missed, search.room)
    more = [] if rung is None else await admitted(search, [rung])
    await ask(search, more, validation)
    entrants += more


def _points_on(search: Search, one: Entrant, cases: Sequence[Case]) -> float:
    results = one.validation.of(cases).by_case.values()
    return sum(points_of(search.run.plan, result) for result in results)


def _rest(search: Search, allotted: float | None, left: int | None) -> float | None:
    """Of the calls that were allotted when so many were left, those that are not spent."""
    now = search.run.calls_left
    if allotted is None or left is None or now is None:
        return None
    return allotted - (left - now)


async def _conclude(search: Search, entrants: Sequence[Entrant]) -> None:
    """Tells of each rung, the best one last, which is then kept or not."""
    measured = [one for one in entrants if one.is_measured(search)]
    best = _best(search, measured)
    for one in entrants:
        if one is not best:
            await search.run.tell(proposal_event(search, one.candidate))
            await _outdone(search, one)
    if best is None:
        search.progress.evaluated(search.progress.best)
        return
    iteration, known = search.iteration, best.measured(search)
    await search.run.tell(proposal_event(search, best.candidate))
    rule = partial(objection, beside=len(best.compared))
    await conclude(search, best.candidate, known.validation, rule=rule, beside=best.beside)
    search.measured[best.candidate.content.version_hash] = known
    if search.best is best.candidate.content:
        search.learn(best.train)
        await refresh(search, (), iteration)


def _best(search: Search, measured: Sequence[Entrant]) -> Entrant | None:
    """The one that ranks highest. A bank, which holds more of what people wrote than a request
    shows, has to save tokens or to be better beyond the noise; else the best of the others."""
    plan, answers = search.run.plan, search.run.plan.task.answers
    by_rank = sorted(measured, key=lambda one: one.rank(search), reverse=True)
    best = next(iter(by_rank), None)
    if best is None or not best.rung.is_banked:
        return best
    keeps_guards, *_ = best.rank(search)
    for other in by_rank:
        if other.rung.is_banked or other.rank(search)[0] is not keeps_guards:
            continue
        sizes = [prompt_tokens(one.candidate.content, answers) for one in (best, other)]
        both = best.compared and other.compared
        is_equal = is_within_noise(
            plan, *(one.known if both else one.validation for one in (best, other))
        )
        return other if is_equal and sizes[0] >= sizes[1] else best
    return best


async def _outdone(search: Search, one: Entrant) -> None:
    """What became of a rung that is not the best. Only one that is no better than the baseline
    failed: of the others nothing is remembered against."""
    run, iteration, content = search.run, search.iteration, one.candidate.content
    fixed, broke = compare(search.validation, one.validation)
    stage, reason, version_hash = Stage.GATE, one.behind(run.plan), None
    if one.is_measured(search):
        known = one.measured(search)
        search.measured[content.version_hash] = known
        await run.tell(
            evaluation_event(run.plan.task, content, known.validation, Split.VALIDATION, iteration)
        )
        worse = one.objection(search)
        version_hash = None if worse is None else content.version_hash
        stage, reason = Stage.VALIDATION, worse or OUTDONE
    await run.tell(
        ChangeRejected(
            iteration=iteration,
            stage=stage,
            reason=reason,
            version_hash=version_hash,
            fixed=fixed,
            broke=broke,
        )
    )


def _affords(search: Search, calls: int) -> bool:
    """Whether the ladder may take so many calls of those that are left."""
    left = search.run.calls_left
    return left is None or calls <= SPENT * left
