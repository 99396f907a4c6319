"""Scores of traffic from a part of it: laws, a table against another implementation, and worlds
in which reviewers look at the hard cases first."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nlu_logger.insights.estimate import MINIMUM, Cell, accuracy, macro_f1, wilson
from sklearn.metrics import f1_score

LABELS = ["book", "cancel", "greet", "move"]
cells = st.lists(
    st.builds(
        Cell,
        truth=st.sampled_from(LABELS),
        predicted=st.sampled_from([*LABELS, "never-true"]),
        count=st.integers(1, 40),
        probability=st.sampled_from([0.01, 0.1, 0.5, 1.0]),
    ),
    min_size=1,
    max_size=30,
)


@given(cells)
def test_a_score_lies_in_its_interval_and_both_in_zero_to_one(some: list[Cell]) -> None:
    for score in (accuracy(some), macro_f1(some)):
        assert score is not None
        assert 0 <= score.low <= score.value <= score.high <= 1
        assert 0 < score.effective_n <= score.n + 1e-9


@given(cells, st.sampled_from([0.01, 0.3, 1.0]))
def test_equal_probabilities_give_the_naive_number(some: list[Cell], share: float) -> None:
    equal = [Cell(one.truth, one.predicted, one.count, share) for one in some]
    plain = [Cell(one.truth, one.predicted, one.count) for one in some]
    for score in (accuracy, macro_f1):
        weighted, naive = score(equal), score(plain)
        assert weighted is not None
        assert naive is not None
        assert weighted.value == pytest.approx(naive.value)
        assert weighted.low == pytest.approx(naive.low)
        assert weighted.effective_n == pytest.approx(naive.n)


@given(cells)
def test_macro_f1_is_that_of_scikit_learn(some: list[Cell]) -> None:
    truths = [one.truth for one in some for _ in range(one.count)]
    predictions = [one.predicted for one in some for _ in range(one.count)]
    weights = [1 / one.probability for one in some for _ in range(one.count)]
    expected = f1_score(
        truths,
        predictions,
        labels=sorted(set(truths)),
        average="macro",
        sample_weight=weights,
        zero_division=0,
    )
    score = macro_f1(some)
    assert score is not None
    assert score.value == pytest.approx(expected)


@given(st.integers(0, 50), st.integers(1, 50))
def test_a_share_of_one_sample_has_wilsons_interval(right: int, wrong: int) -> None:
    score = accuracy([Cell("a", "a", right), Cell("a", "b", wrong)])
    assert score is not None
    low, high = wilson(right / (right + wrong), right + wrong - (right > 0))
    assert (score.low, score.high) == pytest.approx((low, high))


@pytest.mark.parametrize(
    ("share", "n", "low", "high"),
    # Newcombe, Statistics in Medicine 17 (1998) 857-872, table I, method 3.
    [(81 / 263, 263, 0.2553, 0.3662), (15 / 148, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611)],
)
def test_wilsons_intervals_are_those_in_print(
    share: float, n: int, low: float, high: float
) -> None:
    assert wilson(share, n) == pytest.approx((low, high), abs=5e-5)


def test_nothing_reviewed_has_no_score() -> None:
    assert accuracy([]) is None
    assert macro_f1([Cell("a", "a", 0)]) is None


def world(seed: int) -> tuple[list[Cell], list[Cell], list[Cell]]:
    """(traffic, reviewed, audit): reviewers take all hard cases; the audit is a random tenth, and
    a fifth of it was drawn when the share was half of that."""
    chance = random.Random(seed)
    traffic, reviewed, audit = [], [], []
    for _ in range(4_000):
        truth = chance.choices(LABELS, weights=[4, 3, 2, 1])[0]
        confidence = chance.random() ** 0.5
        right = chance.random() < confidence
        predicted = truth if right else chance.choice([one for one in LABELS if one != truth])
        share = 0.05 if chance.random() < 0.2 else 0.1
        case = Cell(truth, predicted, 1, share)
        traffic.append(Cell(truth, predicted, 1))
        drawn = chance.random() < share
        if drawn:
            audit.append(case)
        if drawn or confidence < 0.4:
            reviewed.append(Cell(truth, predicted, 1))
    return traffic, reviewed, audit


@pytest.mark.law
def test_the_audit_covers_the_truth_where_the_reviewed_cases_mislead() -> None:
    """At least 90 of 100 worlds, though the interval is one of 95 %; the naive number in none."""
    covered = {accuracy: 0, macro_f1: 0}
    misled = 0
    for seed in range(100):
        traffic, reviewed, audit = world(seed)
        assert len(audit) > MINIMUM
        for score in covered:
            truth, naive, estimate = score(traffic), score(reviewed), score(audit)
            assert truth is not None
            assert naive is not None
            assert estimate is not None
            covered[score] += estimate.low <= truth.value <= estimate.high
            misled += naive.high < truth.value
    assert min(covered.values()) >= 90, covered
    assert misled == 200
