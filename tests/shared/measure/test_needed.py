"""How many further groups would settle a comparison."""

import time

import numpy as np
from hypothesis import given
from hypothesis import strategies as some
from nlu_shared.measure.needed import groups_needed

ALPHA = 0.025


def needed(fixed: int, broke: int, same: int, **options: object) -> int | None:
    moved = [1.0] * fixed + [-1.0] * broke + [0.0] * same
    return groups_needed(moved, moved, alpha=ALPHA, seed=1, **options)  # type: ignore[arg-type]


def test_a_gain_that_chance_explains_is_not_settled_by_one_more_label() -> None:
    """Four fixed and one broken of forty: p = 0.375."""
    few = needed(4, 1, 35)
    assert few is None or few > 100


@given(fixed=some.integers(0, 30), broke=some.integers(0, 30), same=some.integers(1, 60))
def test_no_number_of_groups_proves_what_gained_nothing(fixed: int, broke: int, same: int) -> None:
    if fixed <= broke:
        assert needed(fixed, broke, same, most=50) is None


def test_the_clearer_a_gain_is_the_fewer_groups_it_takes() -> None:
    takes = [needed(fixed, 3, 60 - fixed) or 10_000 for fixed in (6, 8, 10, 12)]
    assert takes == sorted(takes, reverse=True)
    assert takes[0] > 2 * takes[-1]


def test_groups_that_stay_part_of_the_test_count() -> None:
    kept, fresh = (needed(12, 3, 45, kept=kept) for kept in (True, False))
    assert kept is not None
    assert fresh is not None
    assert kept < fresh


def test_what_takes_more_than_the_most_is_not_named() -> None:
    takes = needed(8, 3, 49)
    assert takes is not None
    assert needed(8, 3, 49, most=takes - 1) is None


def test_the_same_seed_gives_the_same_number_in_less_than_a_second() -> None:
    chance = np.random.default_rng(3)
    moved = [float(one) for one in chance.choice([-1, 0, 1], p=[0.05, 0.8, 0.15], size=400)]
    began = time.process_time()
    first = groups_needed(moved, moved, alpha=0.001, seed=5)
    assert time.process_time() - began < 1
    assert groups_needed(moved, moved, alpha=0.001, seed=5) == first
