"""Several changes in one step: how many, and which patterns each is aimed at. Pure."""

from collections.abc import Sequence

from nlu_shared.schemas.evaluated import ErrorPattern

from induction.engine.proposal.error_patterns import key_of, worked_on
from induction.engine.search.gate import GATE_CASES
from induction.engine.search.stopping import PATIENCE


def width(most: int, calls_left: int | None, *, validation: int) -> int:
    """How many changes to try side by side, of `most`: as many as leave calls for PATIENCE steps
    like this one, but one at least. A step takes one look at validation, one gate for the best
    prompt, and for each change a proposal and a gate. `calls_left` are the calls the search may
    still make, None without a limit."""
    if calls_left is None:
        return most
    a_step = calls_left // PATIENCE - validation - GATE_CASES
    return max(1, min(most, a_step // (1 + GATE_CASES)))


def dealt(ordered: Sequence[ErrorPattern], hands: int) -> list[tuple[ErrorPattern, ...]]:
    """The patterns each change is aimed at: what the ones before it work on is set aside, and all
    are dealt anew when none is left."""
    left, chosen = list(ordered), []
    for _ in range(hands):
        hand = worked_on(left or list(ordered))
        taken = {key_of(pattern) for pattern in hand}
        left = [one for one in left or ordered if key_of(one) not in taken]
        chosen.append(hand)
    return chosen
