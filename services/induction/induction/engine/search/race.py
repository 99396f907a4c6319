"""Who goes on in a race of prompts over the same cases, and how many calls a race may take. Pure.

Prompts are compared case by case, and one is dropped as soon as another is shown to be better. That
is a test by betting (Waudby-Smith and Ramdas, JRSS B 86 (2024) 1-27): a gambler bets at fair odds
that the other one scores higher, a fixed share of all he has on every case. Were it no better he
could not hope to gain, and has twentyfold at any time with a chance of one in twenty at most
(Ville's inequality). So one may look after every case, and stop. It stands where Hoeffding races
(Maron and Moore, NIPS 6 (1994) 59-66) have a bound for any one moment: cases that both answer alike
cost nothing here. Each prompt is tested against each, so the level is divided by their number: the
best of all is dropped with a chance of LEVEL at most.

Where there are not the calls to race all, those lowest on the first few cases go first, whatever
that proves (as in successive halving: Karnin, Koren and Somekh, ICML 2013): no level holds there.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from math import exp, log, log1p
from typing import TypeVar

LEVEL = 0.05
SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""What the gambler bets; he has as many purses as there are shares, and counts all of them."""
SCREENED = 24
"""Cases every prompt is asked at first."""
FINALISTS = 4
"""Prompts that are asked the other cases too, at most."""
SPENT = 0.25
"""Of the calls a search has left, what the race may take."""
FEWEST, AT_LEAST = 2, 0.5
"""So many are raced also where they take more than that, up to this share."""
Name = TypeVar("Name", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Allotment:
    """How many prompts are raced, and how many of them to the end."""

    entrants: int
    finalists: int

    def calls(self, cases: int) -> int:
        """At most, with so many cases."""
        first = min(cases, SCREENED)
        return self.entrants * first + self.finalists * (cases - first)


def allotted(entrants: int, *, cases: int, calls_left: int | None) -> Allotment:
    """As many of the entrants as the calls pay for, two of them to the end where there are two;
    one alone where they pay for no more.

    entrants: that there are, one at least.
    cases: that decide.
    calls_left: of the search, None without a limit.
    """
    if calls_left is None:
        return Allotment(entrants, min(entrants, FINALISTS))
    for some in range(entrants, 0, -1):
        for finalists in range(min(some, FINALISTS), min(some, 2) - 1, -1):
            allotment = Allotment(some, finalists)
            share = SPENT if some > FEWEST else AT_LEAST
            if allotment.calls(cases) <= share * calls_left:
                return allotment
    return Allotment(1, 1)


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
