"""The winner: the cheapest prompt that is shown to be as good as the best."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from induction.engine.evaluation.results import EvalResults, judge
from induction.engine.search.choice import (
    MOST_CASES,
    MOST_TRIED,
    cases_compared,
    is_as_good,
    is_within_noise,
)
from induction.task_kinds.base import ModelPrediction

from tests.induction.engine.runtimes import toy_plan

PLAN = toy_plan(labels=2, per_label=200)
LABELS = sorted({str(case.truth) for case in PLAN.cases})


def answered(rights: Sequence[bool]) -> EvalResults:
    """The first cases, answered right or with the other label."""
    return EvalResults(
        {
            case.id: judge(PLAN.task, case, ModelPrediction(output=_label(str(case.truth), right)))
            for case, right in zip(PLAN.cases, rights, strict=False)
        }
    )


def _label(truth: str, right: bool) -> str:
    return truth if right else LABELS[1 - LABELS.index(truth)]


@pytest.mark.parametrize(
    ("cases", "lost", "won", "in_noise", "as_good"),
    [
        (40, 0, 0, True, True),
        (40, 1, 0, True, True),
        (40, 2, 0, False, False),
        (40, 3, 3, True, False),
        (40, 6, 0, False, False),
        (380, 4, 4, True, True),
        (380, 4, 0, False, True),
        (380, 20, 12, False, False),
        (380, 40, 40, True, True),
    ],
)
def test_few_cases_show_little_and_many_show_who_is_as_good(
    cases: int, lost: int, won: int, in_noise: bool, as_good: bool
) -> None:
    """The best prompt is right on the first cases, where the other loses some and wins others."""
    best = answered([True] * (cases - won) + [False] * won)
    other = answered([False] * lost + [True] * (cases - lost))
    assert is_within_noise(PLAN, best, other) is in_noise
    assert is_as_good(PLAN, best, other) is as_good


@pytest.mark.parametrize(
    ("train", "calls_left", "expected"),
    [
        (500, None, MOST_CASES),
        (30, None, 30),
        (160, 5_000, MOST_CASES),
        (160, 720, 60),
        (160, 300, 0),
        (30, 300, 0),
        (30, 400, 30),
        (160, 0, 0),
    ],
)
def test_on_how_many_cases_prompts_are_compared(
    train: int, calls_left: int | None, expected: int
) -> None:
    assert cases_compared(train, calls_left) == expected


@given(st.integers(0, 3_000), st.integers(0, 50_000))
def test_the_comparison_takes_at_most_a_quarter_of_the_calls(train: int, calls_left: int) -> None:
    assert 4 * MOST_TRIED * cases_compared(train, calls_left) <= calls_left
