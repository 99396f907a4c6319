"""Whether a model answers at all as it is asked to; without, no later call is worth its money.

The first answers of a baseline tell: a server that is held to no schema, or a model that only
chats, would else be asked until the budget is used up. Pure.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from nlu_shared.rendering.leniency import by_cause

from induction.engine.data.folding import words

LEAST_ANSWERS = 20
"""Before there are so many, bad luck may be all."""
MOST_UNUSABLE = 0.9
"""The share that ends a run. A prompt that is answered at random still has usable answers."""
QUOTED = 200
"""Characters of an answer that is quoted."""
REPEATED = 2
"""So many words of a case in a row are the case, which no reason may repeat."""
SHORTEST_NAME = 3
"""Letters of what may be a name or a number, where it has a capital or a digit."""


class Unusable(NamedTuple):
    """An answer that says nothing usable.

    fault: the cause.
    text: what the model wrote.
    case: all that the case says.
    """

    fault: str
    text: str
    case: str


def objection(unusable: Sequence[Unusable], *, answers: int) -> str | None:
    """Why the model need not be asked on, or None. One of its answers is quoted, the first in case
    order that repeats nothing of what was asked.

    unusable: of the answers, in the order of their cases.
    answers: how many there are so far.
    """
    if answers < LEAST_ANSWERS or len(unusable) < MOST_UNUSABLE * answers:
        return None
    listed = by_cause(Counter(one.fault for one in unusable))
    reason = f"nearly no answer of the model is usable: {len(unusable)} of {answers} are not"
    quoted = next(filter(None, map(_quotable, unusable)), None)
    wrote = "" if quoted is None else f'; the model wrote, for one: "{quoted}"'
    return f"{reason} ({listed}){wrote}"


@dataclass(slots=True)
class FirstAnswers:
    """What a baseline has been answered so far, on whatever cases.

    answers: how many there are.
    unusable: of them, in the order of their cases.
    """

    answers: int = 0
    unusable: list[Unusable] = field(default_factory=list)

    @property
    def objection(self) -> str | None:
        return objection(self.unusable, answers=self.answers)


def _quotable(one: Unusable) -> str | None:
    """On one line, bounded; None where nothing is left or it repeats its case."""
    beginning = one.text[: 4 * QUOTED]
    printable = "".join(sign if sign.isprintable() else " " for sign in beginning)
    flat = " ".join(printable.replace('"', "'").split())
    if not flat or _repeats(one.case, beginning):
        return None
    return flat if len(flat) <= QUOTED else flat[: QUOTED - 1].rstrip() + "…"


def _repeats(case: str, answer: str) -> bool:
    """Whether it holds two words in a row of the case, its only one, or a name or number of it."""
    mentioned, written = words(case), words(answer)
    size = min(REPEATED, len(mentioned))
    runs = {tuple(mentioned[at : at + size]) for at in range(len(mentioned) - size + 1)}
    if size and any(tuple(written[at : at + size]) in runs for at in range(len(written))):
        return True
    marked = [
        one
        for one in case.split()
        if len(one) >= SHORTEST_NAME and any(sign.isupper() or sign.isdigit() for sign in one)
    ]
    return not set(written).isdisjoint(words(" ".join(marked)))
