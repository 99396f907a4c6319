"""What drift is, and what chance makes of no drift at all."""

import math
import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nlu_logger.insights.drift import against_before, chance, stability_index

counts = st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 500), min_size=1)


def test_the_index_of_shares_that_were_worked_out_by_hand() -> None:
    """0.6 and 0.4 against 0.4 and 0.6: twice 0.2 times ln 1.5."""
    window, reference = {"a": 600_000, "b": 400_000}, {"a": 400_000, "b": 600_000}
    assert stability_index(window, reference) == pytest.approx(0.4 * math.log(1.5), rel=1e-5)


@given(counts, counts)
def test_the_index_is_never_negative_and_the_same_both_ways(
    one: dict[str, int], other: dict[str, int]
) -> None:
    there, back = stability_index(one, other), stability_index(other, one)
    assert there >= 0
    assert there == pytest.approx(back)
    assert stability_index(one, one) == 0


def test_an_intent_that_is_new_or_gone_has_a_finite_part() -> None:
    assert 1 < stability_index({"a": 100}, {"b": 100}) < 20


def test_of_nothing_chance_says_everything_and_of_one_intent_nothing() -> None:
    assert chance({}, {"a": 5}) == chance({"a": 5}, {}) == math.inf
    assert chance({"a": 5}, {"a": 9}) == 0


@pytest.mark.law
@pytest.mark.parametrize("intents", [2, 5, 20, 77])
@pytest.mark.parametrize("sizes", [(50, 500), (1_000, 5_000)])
def test_windows_that_did_not_change_stay_below_what_chance_would_do(
    intents: int, sizes: tuple[int, int]
) -> None:
    """One in a thousand may pass; of two hundred no more than two."""
    drawn = random.Random(7)
    shares = [1 / rank for rank in range(1, intents + 1)]
    passed = 0
    for _ in range(200):
        window, reference = (
            Counter(map(str, drawn.choices(range(intents), shares, k=size))) for size in sizes
        )
        passed += stability_index(window, reference) >= chance(window, reference)
    assert passed <= 2


def test_each_day_is_set_against_the_days_before_it_and_no_older_ones() -> None:
    days = [datetime(2026, 11, day, tzinfo=UTC) for day in range(1, 6)]
    counts = {days[0]: {"a": 5}, days[1]: {"a": 1, "b": 2}, days[3]: {"b": 4}}
    compared = against_before(counts, days, timedelta(days=2))
    assert [(dict(window), dict(before)) for _, window, before in compared] == [
        ({"a": 5}, {}),
        ({"a": 1, "b": 2}, {"a": 5}),
        ({}, {"a": 6, "b": 2}),
        ({"b": 4}, {"a": 1, "b": 2}),
        ({}, {"b": 4}),
    ]
