"""What a promotion has to have, and what a roll-back brings back: the rules alone."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as some
from induction.prompts.promotion import Ruling, before, rule
from nlu_shared.schemas.promotions import PromotionEvidence, PromotionRules, PromotionVerdict
from nlu_shared.schemas.prompts import ServingAlias
from nlu_shared.schemas.verdicts import Verdict, VerdictKind

ANY, PROMISING, PROVEN = PromotionVerdict
PRODUCTION, STAGING = ServingAlias
MOVES, WAITS, NEEDS = Ruling


def evidence(kind: VerdictKind | None, *, is_against_serving: bool = True) -> PromotionEvidence:
    if kind is None:
        return PromotionEvidence()
    verdict = Verdict(
        kind=kind,
        tested_on="test",
        cases=40,
        before=0.5,
        after=0.7,
        gain=0.2,
        interval=(0.05, 0.35),
        p_value=0.01,
        labels_needed=None,
        summary="",
    )
    return PromotionEvidence(
        run_id=UUID(int=1), is_against_serving=is_against_serving, verdict=verdict
    )


@pytest.mark.parametrize(
    ("least", "needed", "kind", "approvals", "ruling"),
    [
        (ANY, 0, None, 0, MOVES),
        (ANY, 1, None, 0, WAITS),
        (ANY, 1, None, 1, MOVES),
        (ANY, 2, VerdictKind.PROVEN, 1, WAITS),
        (PROMISING, 0, None, 0, NEEDS),
        (PROMISING, 0, VerdictKind.NO_CHANGE, 0, NEEDS),
        (PROMISING, 0, VerdictKind.NOISE, 0, NEEDS),
        (PROMISING, 0, VerdictKind.PROMISING, 0, MOVES),
        (PROMISING, 0, VerdictKind.PROVEN, 0, MOVES),
        (PROVEN, 0, VerdictKind.PROMISING, 0, NEEDS),
        (PROVEN, 1, VerdictKind.PROVEN, 0, WAITS),
        (PROVEN, 1, VerdictKind.PROVEN, 2, MOVES),
        (PROVEN, 1, VerdictKind.PROMISING, 2, NEEDS),
    ],
)
def test_what_a_task_asks_for_before_a_version_serves(
    least: PromotionVerdict, needed: int, kind: VerdictKind | None, approvals: int, ruling: Ruling
) -> None:
    rules = PromotionRules(promotion_approvals=needed, promotion_verdict=least)

    def ruled(alias: ServingAlias, *, is_first: bool) -> Ruling:
        shown = evidence(kind)
        return rule(rules, alias=alias, is_first=is_first, evidence=shown, approvals=approvals)

    assert ruled(PRODUCTION, is_first=False) is ruling
    assert ruled(PRODUCTION, is_first=True) is (MOVES if approvals >= needed else WAITS)
    assert ruled(STAGING, is_first=False) is MOVES


def test_a_verdict_against_another_version_than_the_one_that_serves_proves_nothing() -> None:
    rules = PromotionRules(promotion_verdict=PROMISING)
    shown = evidence(VerdictKind.PROVEN, is_against_serving=False)
    ruled = rule(rules, alias=PRODUCTION, is_first=False, evidence=shown, approvals=9)
    assert ruled is NEEDS


@given(steps=some.lists(some.sampled_from("ABC") | some.none(), max_size=30))
def test_roll_backs_go_back_one_promotion_each_and_never_forth(steps: list[str | None]) -> None:
    """None is a roll-back, a letter a promotion; those that would change nothing move nothing."""
    moves: list[tuple[str, bool]] = []
    pile: list[str] = []
    for step in steps:
        if step is None and (earlier := before(moves)) is not None:
            pile.pop()
            moves.append((earlier, True))
        elif step is not None and (not pile or pile[-1] != step):
            pile.append(step)
            moves.append((step, False))
        assert [version for version, _ in moves][-1:] == pile[-1:]
        assert before(moves) == (pile[-2] if len(pile) > 1 else None)
