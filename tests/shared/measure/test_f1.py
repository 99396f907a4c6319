"""F1 from counts, held against scikit-learn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nlu_shared.measure import f1
from sklearn.metrics import f1_score

LABELS = list("abcde")
PAIRS = st.lists(
    st.tuples(st.sampled_from(LABELS), st.sampled_from([*LABELS, "never true"])),
    min_size=1,
    max_size=60,
)


@given(PAIRS)
def test_macro_f1_is_those_of_scikit_learn(pairs: list[tuple[str, str]]) -> None:
    truths, predicted = [list(column) for column in zip(*pairs, strict=True)]
    occurring = sorted(set(truths))
    counts = f1.summed(truths, predicted, LABELS)
    assert f1.macro_f1(counts) == pytest.approx(
        f1_score(truths, predicted, labels=occurring, average="macro", zero_division=0)
    )


@given(PAIRS)
def test_each_labels_f1_is_that_of_scikit_learn(pairs: list[tuple[str, str]]) -> None:
    truths, predicted = [list(column) for column in zip(*pairs, strict=True)]
    assert f1.f1(f1.summed(truths, predicted, LABELS)) == pytest.approx(
        f1_score(truths, predicted, labels=LABELS, average=None, zero_division=0)
    )


@given(PAIRS)
def test_counts_by_case_add_up(pairs: list[tuple[str, str]]) -> None:
    truths, predicted = [list(column) for column in zip(*pairs, strict=True)]
    rows = f1.by_case(truths, predicted, LABELS)
    assert np.array_equal(rows.sum(axis=0), f1.summed(truths, predicted, LABELS))


def test_no_answer_is_a_miss_and_nobodys_false_positive() -> None:
    assert f1.summed(["a", "b"], ["a", None], ["a", "b"]).tolist() == [[1, 0, 0], [0, 0, 1]]


def test_nothing_scores_nothing() -> None:
    assert f1.macro_f1(f1.summed([], [], LABELS)) == 0


def test_unequal_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="1 truths, 2 predictions"):
        f1.summed(["a"], ["a", "b"], LABELS)
