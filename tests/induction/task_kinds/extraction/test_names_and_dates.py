"""Names and dates: what is read, what is alike, what is within tolerance. Checked by hand."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from induction.task_kinds.extraction import names
from nlu_shared.rendering import dates
from nlu_shared.rendering.names import plain as plain_name


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("Aunt Carol", "carol"),
        ("  Dr.  O'Neil ", "o neil"),
        ("Grandma-Jones", "jones"),
        ("Mom", "mom"),
        ("Mr. Dad", "dad"),
        ("Momo", "momo"),
        ("Carol Aunt", "carol aunt"),
        (None, ""),
    ],
)
def test_titles_and_kin_words_go_unless_nothing_would_be_left(name: str | None, plain: str) -> None:
    assert plain_name(name) == plain


@pytest.mark.parametrize(
    ("truth", "predicted", "alike"),
    [
        ("mary smith", "mary", True),
        ("bob", "bo", True),
        ("mary", "tom", False),
        ("user", "tom", True),
        ("tom", "user", False),
        ("", "", False),
        ("", "mary", False),
        ("user", "", True),
    ],
)
def test_names_are_alike_from_sixty_hundredths(truth: str, predicted: str, alike: bool) -> None:
    assert (names.similarity(truth, predicted) >= names.ALIKE) is alike


def test_a_real_name_is_liked_better_than_anybody() -> None:
    assert names.similarity("user", "tom") < names.similarity("tom", "tom")


@pytest.mark.parametrize(
    ("truth", "predicted", "alike"),
    [
        ((), ("ann", "bob"), 0.5),
        (("ann", "bob"), ("bob", "ann"), 1.0),
        (("ann", "bob"), ("bob",), 1.0),
        (("ann",), ("xyz",), 0.0),
    ],
)
def test_parents_are_paired_the_better_way(
    truth: tuple[str, ...], predicted: tuple[str, ...], alike: float
) -> None:
    assert names.parents_similarity(truth, predicted) == alike


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("1985", date(1985, 1, 1), date(1985, 12, 31)),
        ("1984-02", date(1984, 2, 1), date(1984, 2, 29)),
        ("1985-03-12", date(1985, 3, 12), date(1985, 3, 12)),
        ("1985-03-12T00:00:00Z", date(1985, 3, 12), date(1985, 3, 12)),
        ("1985/3/12", date(1985, 3, 12), date(1985, 3, 12)),
        ("March 12, 1985", date(1985, 3, 12), date(1985, 3, 12)),
        ("the 12th of March 1985", date(1985, 3, 12), date(1985, 3, 12)),
        ("around Mar. 1985", date(1985, 3, 1), date(1985, 3, 31)),
        ("3/12/1985", date(1985, 3, 12), date(1985, 3, 12)),
        ("13/2/1985", date(1985, 2, 13), date(1985, 2, 13)),
        ("12.3.1985", date(1985, 3, 12), date(1985, 3, 12)),
        ("the early 1980s", date(1980, 1, 1), date(1989, 12, 31)),
        ("1985 to 1987", date(1985, 1, 1), date(1987, 12, 31)),
        ("it may have been 1985", date(1985, 1, 1), date(1985, 12, 31)),
        ("2 weeks in the spring of 1985", date(1985, 1, 1), date(1985, 12, 31)),
    ],
)
def test_a_date_is_a_span_as_wide_as_what_was_said(text: str, first: date, last: date) -> None:
    assert dates.read(text) == dates.Span(first, last)


@pytest.mark.parametrize("text", ["spring break", "March 12", "1985-02-30", "1985-13", "", "0000"])
def test_what_names_no_day_of_a_year_is_no_date(text: str) -> None:
    assert dates.read(text) is None


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    span = dates.read(text)
    assert span is None or span.first <= span.last


def tolerated(one: tuple[str | None, str | None], other: tuple[str | None, str | None]) -> bool:
    moments = [
        dates.when(text, certainty and dates.DateCertainty(certainty))
        for text, certainty in (one, other)
    ]
    there, back = dates.within_tolerance(*moments), dates.within_tolerance(*moments[::-1])
    assert there is back
    return there


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ((None, "certain"), ("1985-03-12", "certain"), True),
        (("last spring", "certain"), ("1985-03-12", "certain"), True),
        (("1950", "unknown"), ("1985-03-12", "certain"), True),
        (("1985-03-12", "certain"), ("1985-03-19", "certain"), True),
        (("1985-03-12", "certain"), ("1985-03-20", "certain"), False),
        (("1985-03", "certain"), ("1985-04-07", "certain"), True),
        (("1985-03", "certain"), ("1985-04-08", "certain"), False),
        (("1985-01-01", "certain"), ("1985-12-30", "certain"), True),
        (("1985-01-01", "certain"), ("1984-12-31", "certain"), False),
        (("1985", "certain"), ("1986-01-02", "certain"), False),
        (("1985-01-01", "certain"), ("1986-06-01", "approximate"), False),
        (("1985-01-01", "approximate"), ("1986-06-01", "certain"), True),
        (("1985-01-01", "certain"), ("1990-06-01", "unknown"), True),
        (("1985-03-12", None), ("1987-03-12", "certain"), True),
        (("1985-03-12", None), ("1987-03-13", None), False),
        (("the 1980s", "certain"), ("1984-05-05", "certain"), True),
    ],
)
def test_the_less_certain_date_sets_the_tolerance(
    one: tuple[str | None, str | None], other: tuple[str | None, str | None], same: bool
) -> None:
    assert tolerated(one, other) is same


def test_the_same_span_is_closest() -> None:
    exact, year = dates.when("1985-06-01", None), dates.when("1985", None)
    assert dates.closeness(exact, exact) == 1
    assert 0.5 < dates.closeness(exact, year) < 1
    assert dates.closeness(exact, dates.when(None, None)) == 0.5
