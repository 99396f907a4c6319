"""The interval of a share, held against scipy."""

import pytest
from nlu_shared.measure.proportions import wilson
from scipy.stats import binomtest


@pytest.mark.parametrize(("count", "total"), [(0, 1), (0, 500), (15, 500), (1, 2), (7, 7)])
def test_it_is_the_score_interval(count: int, total: int) -> None:
    known = binomtest(count, total).proportion_ci(0.95, method="wilson")
    assert wilson(count, total) == pytest.approx((known.low, known.high), abs=1e-12)


def test_of_nothing_nothing_is_known() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
