"""Who goes on in a race of prompts over the same cases, and how many calls a race may take. Pure.

Prompts are compared case by case, and one is dropped as soon as another is shown to be better. That
is a test by betting (Waudby-Smith and Ramdas, JRSS B 86 (2024) 1-27): a gambler bets at fair odds
that the other one scores higher, a fixed share of all he has on every case. Were it no better he
could not hope to gain, and has twentyfold at any time with a chance of one in twenty at most
(Ville's inequality). So one may look after every case, and stop. It stands where Hoeffding races
(Maron and Moore, NIPS 6 (1994) 59-66) have a bound for any one moment: cases that both answer alike
cost nothing here. Each prompt is tested against each, so the level is divided by their number: the
best of all is dropped with a chance of LEVEL at most.

The cases come in stages, each as many as all before it together. Where there are not the calls to
race all, those lowest on the cases so far go first, half of them at most as long as they can be
paid for, whatever that proves (sequential halving: Karnin, Koren and Somekh, ICML 2013; with all
that was seen before, not the last stage alone): no level holds there.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from math import exp, log, log1p
from typing import TypeVar

LEVEL = 0.05
SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""What the gambler bets; he has as many purses as there are shares, and counts all of them."""
SCREENED, FEWEST_CASES = 24, 8
"""Cases every prompt is asked at first, and how many where calls are few: more prompts on fewer
cases lose less than fewer prompts on more."""
FINALISTS = 4
"""Prompts that no stage need halve."""
SPENT = 0.5
"""Of the calls a search has left, what the race may take: what it finds out is mostly more than
what single changes gain."""
ANSWERING = 10, 2
"""Prompts that answer the fewest first cases, and of them those that answer ANSWERED_CASES: with
fewer calls than that takes a race is a lot drawn, so it may take them before it gets but a
share."""
ANSWERED_CASES = 40
FEWEST_KINDS = 3
"""Of prompts, asked before another draw of one of them."""
MORE_DRAWS = 6
"""Of the kinds that do best, asked as well at most."""
Name = TypeVar("Name", bound=Hashable)


def allotted(*, cases: int, calls_left: int | None) -> float | None:
    """Calls the race may take, with those to tell apart what few cases could not; None without a
    limit.

    cases: that decide.
    calls_left: of the search, None without a limit.
    """
    if calls_left is None:
        return None
    first = min(cases, FEWEST_CASES)
    every, some = ANSWERING
    least = every * first + some * max(0, ANSWERED_CASES - first)
    return max(SPENT * calls_left, min(calls_left, least))


def paid_for(candidates: int, *, cases: int, calls_left: int | None) -> tuple[int, int]:
    """How many prompts can be asked the first cases, and how many cases those are. Half of the
    calls go there: as many cases as that pays for with all prompts, SCREENED at most, and with
    FEWEST_CASES fewer prompts. Two of them, or as many as the other half pays for and one at least,
    are then raced to the end, or as far as ANSWERED_CASES where fewer decide; one enters alone
    where the calls pay for no more.

    candidates: prompts that are worth it, one at least.
    cases: that decide.
    calls_left: of the search, None without a limit.
    """
    calls = allotted(cases=cases, calls_left=calls_left)
    if calls is None:
        return candidates, min(cases, SCREENED)
    first = min(cases, SCREENED, max(FEWEST_CASES, int(calls / 2) // candidates))
    ahead = max(cases, ANSWERED_CASES) - first
    kept_back = min(2 * ahead, max(calls / 2, ahead))
    return min(candidates, max(1, int((calls - kept_back) // first))), first


def first_wave(kinds: int, entrants: int) -> int:
    """How many kinds of prompts are asked first, so that calls are left for other draws of those
    that do best.

    kinds: that there are.
    entrants: that can be asked.
    """
    return min(kinds, entrants, max(FEWEST_KINDS, -(-2 * entrants // 3)))


def stages(cases: int, *, first: int = SCREENED) -> Iterator[tuple[int, int]]:
    """From which case to which, after the first ones: each stage doubles what is known."""
    start = first
    while start < cases:
        end = min(cases, 2 * start)
        yield start, end
        start = end


def kept(running: int, *, stage: tuple[int, int], cases: int, calls_left: float | None) -> int:
    """How many of the prompts that run go on to the next stage.

    running: that are not outdone.
    stage: from which case to which.
    cases: that decide.
    calls_left: of the race, None without a limit. Half of them are kept for the stages to come, and
        as many as two prompts need to reach the end.
    """
    start, end = stage
    most = min(running, max(FINALISTS, -(-running // 2)))
    if calls_left is None:
        return most
    ahead = 2 * (cases - end)
    spendable = min(calls_left / (2 if ahead else 1), calls_left - ahead)
    fewest = 2 if 2 * (cases - start) <= calls_left else 1
    return min(most, max(fewest, int(spendable) // (end - start)))


def most_calls(entrants: int, *, cases: int) -> int:
    """What a race takes at most, without a limit."""
    calls, running = entrants * min(cases, SCREENED), entrants
    for start, end in stages(cases):
        running = kept(running, stage=(start, end), cases=cases, calls_left=None)
        calls += running * (end - start)
    return calls


def evidence(differences: Sequence[float]) -> float:
    """How strongly the differences say that their mean is above zero: what a purse of 1 came to at
    its best. Where the mean is zero or below it reaches x with a chance of 1/x at most.

    differences: from -1 to 1, in the order they were seen; 0 changes nothing.
    """
    purses = [0.0] * len(SHARES)
    highest = 0.0
    for difference in differences:
        if not difference:
            continue
        purses = [
            one + log1p(share * difference) for one, share in zip(purses, SHARES, strict=True)
        ]
        largest = max(purses)
        total = largest + log(sum(exp(one - largest) for one in purses))
        highest = max(highest, total - log(len(SHARES)))
    return exp(min(highest, 700.0))


def beaten(scores: Mapping[Name, Sequence[float]], *, entrants: int) -> set[Name]:
    """Those that another is shown to outdo; never all of them.

    scores: 0 to 1 of each that still runs, case by case, the same cases in the same order.
    entrants: all that were in the race, those with known results too.
    """
    threshold = max(1, entrants - 1) / LEVEL
    return {
        name
        for name, own in scores.items()
        if any(
            sum(theirs) > sum(own)
            and evidence([a - b for a, b in zip(theirs, own, strict=True)]) >= threshold
            for other, theirs in scores.items()
            if other != name
        )
    }
