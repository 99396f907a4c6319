"""What a promotion has to have before it is made, and what a roll-back brings back. Pure."""

from collections.abc import Hashable, Iterable
from enum import Enum, auto
from typing import TypeVar

from nlu_shared.schemas.promotions import PromotionEvidence, PromotionRules, PromotionVerdict
from nlu_shared.schemas.prompts import ServingAlias
from nlu_shared.schemas.verdicts import VerdictKind

Version = TypeVar("Version", bound=Hashable)
ENOUGH = {
    PromotionVerdict.PROMISING: {VerdictKind.PROMISING, VerdictKind.PROVEN},
    PromotionVerdict.PROVEN: {VerdictKind.PROVEN},
}


class Ruling(Enum):
    """What becomes of a promotion just now."""

    MOVES = auto()
    WAITS = auto()
    NEEDS_VERDICT = auto()


def rule(
    rules: PromotionRules,
    *,
    alias: ServingAlias,
    is_first: bool,
    evidence: PromotionEvidence,
    approvals: int,
) -> Ruling:
    """Of a version that is to serve under `alias`.

    rules: of its task. They are about production: staging is where a version is tried before
        anybody approves of it.
    is_first: does nothing serve there yet? Then there is nothing to be better than.
    evidence: a verdict counts where it compares with the version that serves, and no other.
    approvals: by others than its author.
    """
    if alias is not ServingAlias.PRODUCTION:
        return Ruling.MOVES
    if not is_first and not is_enough(rules.promotion_verdict, evidence):
        return Ruling.NEEDS_VERDICT
    return Ruling.MOVES if approvals >= rules.promotion_approvals else Ruling.WAITS


def is_enough(least: PromotionVerdict, evidence: PromotionEvidence) -> bool:
    if least is PromotionVerdict.ANY:
        return True
    verdict = evidence.verdict
    return evidence.is_against_serving and verdict is not None and verdict.kind in ENOUGH[least]


def before(moves: Iterable[tuple[Version, bool]]) -> Version | None:
    """What a roll-back brings back; None where nothing served before.

    Each further roll-back goes one step further back, and never to what was rolled back itself: a
    promotion puts a version on a pile, a roll-back takes the topmost away.

    moves: version and whether a roll-back brought it, the oldest first.
    """
    pile: list[Version] = []
    for version, is_rollback in moves:
        if is_rollback and len(pile) > 1:
            pile.pop()
        else:
            pile.append(version)
    return pile[-2] if len(pile) > 1 else None
