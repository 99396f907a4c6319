"""Drift, calibration and comparison: laws and tables of the pure sums."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nlu_logger.insights.calibration import Part, expected_calibration_error, reliability
from nlu_logger.insights.compare import Pairs, apart, paired, traffic_differs
from nlu_logger.insights.drift import chance, divergence, stability_index
from nlu_logger.insights.estimate import Estimated, wilson
from scipy.spatial.distance import jensenshannon
from scipy.stats import binomtest

counts = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 10_000), max_size=8)
parts = st.lists(
    st.builds(
        lambda bin, count, right, at, share: Part(
            bin, count, min(right, count), count * (bin + at) / 10, share
        ),
        st.integers(0, 9),
        st.integers(0, 50),
        st.integers(0, 50),
        st.floats(0, 1),
        st.sampled_from([0.01, 0.5, 1.0]),
    ),
    max_size=20,
)


def share(hits: int, total: int) -> Estimated:
    return Estimated(hits / total, *wilson(hits / total, total), total, float(total))


@given(counts, counts)
def test_drift_is_symmetric_never_negative_and_bounded(one: dict, other: dict) -> None:
    assert 0 <= divergence(one, other) <= math.log(2)
    assert divergence(one, other) == pytest.approx(divergence(other, one), abs=1e-12)
    assert stability_index(one, other) >= -1e-12
    assert stability_index(one, other) == pytest.approx(stability_index(other, one))


@given(counts)
def test_no_change_is_no_drift(one: dict) -> None:
    assert divergence(one, one) == pytest.approx(0, abs=1e-12)
    assert stability_index(one, one) == pytest.approx(0, abs=1e-12)
    assert not traffic_differs(one, one)


def test_the_divergence_is_that_of_scipy_where_smoothing_fades() -> None:
    one, other = {"a": 700_000, "b": 300_000}, {"a": 400_000, "b": 600_000}
    expected = jensenshannon([0.7, 0.3], [0.4, 0.6]) ** 2
    assert divergence(one, other) == pytest.approx(expected, rel=1e-4)
    assert divergence({"a": 10**9}, {"b": 10**9}) == pytest.approx(math.log(2), rel=1e-6)


@pytest.mark.parametrize(
    ("one", "other", "differs"),
    [
        ({"a": 500, "b": 500}, {"a": 520, "b": 480}, False),
        ({"a": 500, "b": 500}, {"a": 900, "b": 100}, True),
        ({"a": 3, "b": 1}, {"a": 1, "b": 3}, False),  # chance alone could do that
        ({}, {"a": 500}, False),
    ],
)
def test_traffic_differs_by_more_than_chance(one: dict, other: dict, differs: bool) -> None:
    assert traffic_differs(one, other) is differs


def test_chance_says_nothing_of_nothing() -> None:
    assert chance({}, {"a": 1}) == math.inf
    assert chance({"a": 1}, {"a": 1}) == 0


@given(parts)
def test_bins_share_all_of_the_weight_and_the_error_is_a_share(some: list[Part]) -> None:
    bins = reliability(some)
    assert sum(one.share for one in bins) == pytest.approx(1 if bins else 0)
    assert sum(one.count for one in bins) == sum(part.count for part in some)
    assert -1e-9 <= expected_calibration_error(bins) <= 1 + 1e-9
    assert [one.low for one in bins] == sorted(one.low for one in bins)


@pytest.mark.parametrize(
    ("some", "error"),
    [
        ([], 0),
        ([Part(9, 10, 10, 10)], 0),  # sure and right
        ([Part(9, 10, 0, 10)], 1),  # sure and wrong
        ([Part(8, 10, 8, 8), Part(5, 10, 0, 5)], 0.25),
        ([Part(8, 10, 8, 8, 1.0), Part(5, 10, 0, 5, 1 / 3)], 0.375),  # the second weighs thrice
    ],
)
def test_the_calibration_error_of_known_cases(some: list[Part], error: float) -> None:
    assert expected_calibration_error(reliability(some)) == pytest.approx(error)


def test_two_samples_differ_as_newcombe_printed_it() -> None:
    """Statistics in Medicine 17 (1998) 873-890, table II, method 10, case (a): 56/70 - 48/80."""
    gain = apart(share(48, 80), share(56, 70))
    assert gain.difference == pytest.approx(0.2)
    assert (gain.low, gain.high) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert 0.005 < gain.p_value < 0.01


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40), st.integers(0, 40))
def test_pairs_turn_with_their_names_and_their_p_value_is_the_binomial_one(
    both: int, only_a: int, only_b: int, neither: int
) -> None:
    there = paired(Pairs(both, only_a, only_b, neither))
    back = paired(Pairs(both, only_b, only_a, neither))
    if there is None or back is None:
        assert not both + only_a + only_b + neither
        return
    assert there.low <= there.difference <= there.high
    assert (there.difference, there.low) == pytest.approx((-back.difference, -back.high))
    flips = only_a + only_b
    expected = binomtest(only_a, flips).pvalue if flips else 1.0
    assert there.p_value == pytest.approx(expected)


def test_ten_thousand_flips_are_summed_at_once() -> None:
    gain = paired(Pairs(only_a=5_100, only_b=4_900))
    assert gain is not None
    assert gain.p_value == pytest.approx(binomtest(4_900, 10_000).pvalue)
