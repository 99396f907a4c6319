"""What a paired difference proves: intervals that cover, p-values that are exact."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nlu_shared.measure import f1
from nlu_shared.measure.significance import (
    detectable_gain,
    paired_bootstrap,
    sign_flip_test,
)
from scipy.stats import binomtest

LABELS = ["a", "b", "c"]
ANSWERS = st.lists(
    st.tuples(st.sampled_from(LABELS), st.sampled_from(LABELS), st.sampled_from(LABELS)),
    min_size=2,
    max_size=40,
)


def pooled_f1(counts: f1.Counts | f1.Floats) -> f1.Floats:
    return f1.f1(counts.sum(axis=-2, keepdims=True))[..., 0]


@given(ANSWERS, st.integers(0, 3))
def test_the_interval_holds_the_gain_and_turns_with_its_sides(
    answers: list[tuple[str, str, str]], seed: int
) -> None:
    truths, old, new = [list(column) for column in zip(*answers, strict=True)]
    before, after = f1.by_case(truths, old, LABELS), f1.by_case(truths, new, LABELS)
    there = paired_bootstrap(before, after, f1.macro_f1, seed=seed, resamples=200)
    back = paired_bootstrap(after, before, f1.macro_f1, seed=seed, resamples=200)
    expected = f1.macro_f1(after.sum(axis=0)) - f1.macro_f1(before.sum(axis=0))
    assert there.gain == pytest.approx(expected)
    assert there.low <= there.high
    assert (back.gain, back.low, back.high) == pytest.approx((-there.gain, -there.high, -there.low))
    assert there == paired_bootstrap(before, after, f1.macro_f1, seed=seed, resamples=200)


def test_equal_answers_have_no_gain_and_no_doubt() -> None:
    counts = f1.by_case(["a", "b"], ["a", "a"], LABELS)
    same = paired_bootstrap(counts, counts, f1.macro_f1, seed=0)
    assert (same.gain, same.low, same.high, same.error) == (0, 0, 0, 0)


@pytest.mark.law
def test_the_interval_covers_the_true_gain_about_19_times_in_20() -> None:
    chance = np.random.Generator(np.random.PCG64(11))
    covered = 0
    for trial in range(200):
        truths = chance.choice(LABELS, size=120).tolist()
        old, new = ([t if chance.random() < p else "c" for t in truths] for p in (0.6, 0.75))
        interval = paired_bootstrap(
            f1.by_case(truths, old, LABELS),
            f1.by_case(truths, new, LABELS),
            pooled_f1,
            seed=trial,
            resamples=400,
        )
        # A third of the truths is "c" and right either way: 0.15 on the other two thirds.
        covered += interval.low <= 0.1 <= interval.high
    assert 0.89 <= covered / 200 <= 0.99


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 5))
def test_on_right_and_wrong_the_sign_flip_test_is_the_exact_binomial_one(
    better: int, worse: int, ties: int
) -> None:
    before = [0.0] * better + [1.0] * worse + [0.5] * ties
    after = [1.0] * better + [0.0] * worse + [0.5] * ties
    expected = binomtest(better, better + worse).pvalue if better + worse else 1.0
    assert sign_flip_test(before, after) == pytest.approx(expected)


@given(st.lists(st.integers(-6, 6), max_size=9))
def test_the_sign_flip_test_counts_every_assignment_of_signs(moved: list[int]) -> None:
    sums = [
        abs(sum(sign * one for sign, one in zip(signs, moved, strict=True)))
        for signs in product((-1, 1), repeat=len(moved))
    ]
    expected = sum(one >= abs(sum(moved)) for one in sums) / len(sums)
    p_value = sign_flip_test([0.5] * len(moved), [0.5 + one / 10 for one in moved])
    assert p_value == pytest.approx(expected)


def test_a_case_that_moves_far_weighs_more_than_one_that_hardly_does() -> None:
    before, after = [0.5] * 16, [1.0] * 8 + [0.4] * 8
    assert sign_flip_test(before, after) < 0.05 < binomtest(8, 16).pvalue


def test_thousands_of_pairs_do_not_overflow() -> None:
    assert 0 <= sign_flip_test([0.0] * 3_000, [1.0] * 3_000) < 1e-300


def test_four_times_the_cases_show_half_the_gain() -> None:
    assert detectable_gain(0.1 / 2.801585) == pytest.approx(0.1)
    assert detectable_gain(0.05 / 2.801585) == pytest.approx(0.05)


def test_cases_that_do_not_pair_are_refused() -> None:
    one, two = f1.by_case(["a"], ["a"], LABELS), f1.by_case(["a", "b"], ["a", "b"], LABELS)
    with pytest.raises(ValueError, match="cannot pair"):
        paired_bootstrap(one, two, f1.macro_f1, seed=0)
