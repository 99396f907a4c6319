"""Who enters the race of the ladder: a rung of each kind, then other draws of the best kinds.

How many examples a model wants differs by more than which ones, so kinds come first. Where few are
best it matters most which, so the calls that are left go to draws of what did well (arms that come
in kinds: the kind first, then within it).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from induction.engine.proposal import rungs
from induction.engine.proposal.meta_prompt import Candidate
from induction.engine.proposal.rungs import Rung
from induction.engine.search import race
from induction.engine.search.entrants import Entrant
from induction.engine.search.race import MORE_DRAWS
from induction.engine.search.screening import screened
from induction.engine.search.state import Search
from induction.task_kinds.base import Case

SPLIT = "the ladder"
"""As progress names it."""
FOLD_RUNGS = 2
"""Rungs of a search inside a search."""
TURNS = 2
"""The kind of the first place has its third draw after the second one of this many kinds."""


@dataclass(slots=True)
class Entered:
    """Those that nothing spoke against, and the cases that each has answered."""

    entrants: list[Entrant]
    first: Sequence[Case]


async def enter(
    search: Search, offered: Sequence[Rung], cases: Sequence[Case], *, in_fold: bool
) -> Entered:
    """A rung of each kind on the first cases, then other draws of the kinds that do best there.

    search: whose best prompt is the baseline.
    offered: all the rungs there are.
    cases: in the order in which they are asked.
    in_fold: whether it is a search inside a search, which has the first kinds only.
    """
    plan = search.run.plan
    kinds = [one for one in offered if one.draw == 1]
    further = [one for one in offered if one.draw > 1]
    if in_fold:
        kinds, further = kinds[: FOLD_RUNGS + plan.retrieval], []
    most = max(1, len(kinds) + min(MORE_DRAWS, len(further)))
    left = search.run.calls_left
    some, size = race.paid_for(most, cases=len(cases), calls_left=left)
    if some < race.FEWEST_KINDS:
        # Of few prompts a short one: it costs least where more examples would have helped.
        kinds.sort(key=lambda one: one.kind != rungs.FEWEST)
    first = cases[:size]
    entrants = await admitted(search, kinds[: race.first_wave(len(kinds), some)])
    await ask(search, entrants, first)
    heard = [one for one in entrants if one.unheard(plan) is None]
    ranked = sorted(heard, key=lambda one: -one.points(plan))
    near = in_order(further, [one.rung.kind for one in ranked])
    more = await admitted(search, near[: min(MORE_DRAWS, some - len(entrants))])
    await ask(search, more, first)
    return Entered([*entrants, *more], first)


def in_order(further: Sequence[Rung], kinds: Sequence[str]) -> list[Rung]:
    """Other draws in the order in which they are worth trying: by the place of their kind, and each
    kind's later draws after the first of others. Of a bank the larger sizes where it did better
    than the fewest examples, else the smaller ones.

    further: the draws after the first.
    kinds: of those that were asked, the best first.
    """
    places = {kind: place for place, kind in enumerate(kinds)}
    if rungs.BANK in places and places.get(rungs.FEWEST, len(places)) < places[rungs.BANK]:
        places[rungs.SMALLER_BANK] = places.pop(rungs.BANK)
    known = [one for one in further if one.kind in places]
    return sorted(known, key=lambda one: places[one.kind] + TURNS * one.draw)


async def admitted(search: Search, offered: Sequence[Rung]) -> list[Entrant]:
    """Those that nothing speaks against. A refused rung is no failure of the search."""
    rejections = search.progress.rejections
    by_hash = {one.content.version_hash: one for one in offered}
    passed = await screened(search, [Candidate(one.change, one.content) for one in offered])
    search.progress.rejections = rejections
    return [Entrant(by_hash[one.content.version_hash], one) for one in passed]


async def ask(search: Search, entrants: Sequence[Entrant], cases: Sequence[Case]) -> None:
    for one in entrants:
        one.learn(await search.evaluate(one.candidate.content, cases, split=SPLIT))
