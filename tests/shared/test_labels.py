"""The one reading of a truth: what it takes and makes of it; reading twice is reading once."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as some
from nlu_shared.schemas.labels import (
    LABEL_LIMIT,
    NoLabel,
    alike,
    like,
    nearly_one,
    read_label,
    read_truth,
)
from pydantic import JsonValue

from tests.fixtures.from_schema import JSON


@pytest.mark.parametrize(
    ("value", "label"),
    [
        ("book_table", "book_table"),
        (" book \u00a0 table\n", "book table"),
        ("cafe\u0301", "caf\u00e9"),
        ("\ufeffbook\u200b_ta\u00adble\u200e", "book_table"),
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",) * 2,
        (["book_table"], "book_table"),
        ([[0]], "0"),
        (7.0, "7"),
        (-1, "-1"),
        (None, None),
        ([], None),
        ([[]], None),
        ([None], None),
        ("", None),
        (" \t", None),
        ("\u200b \u2060", None),
        (math.nan, None),
        ('["weather"]', "weather"),
        (' [ "caf\\u00e9\t" ] ', "caf\u00e9"),
        ("['weather']", "weather"),
        ("""["what's up"]""", "what's up"),
        (r"['what\'s up\xa0']", "what's up"),
        ('[["a"]]', "a"),
        (['["a"]'], "a"),
        ("[0]", "0"),
        ("[]", None),
        ("[ ]", None),
        ("[null]", None),
        ("{}", None),
        ("[a](b", "[a](b"),
        ("[a] or [b]", "[a] or [b]"),
        ("[a]", "[a]"),
        ("['a' 'b']", "['a' 'b']"),
        ("{a}", "{a}"),
    ],
)
def test_a_label_has_one_spelling_and_nothing_is_none(value: JsonValue, label: str | None) -> None:
    assert read_label(value) == label


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (["a", "b"], "several_labels"),
        ('["a", "b"]', "several_labels"),
        ("['a', \"b\"]", "several_labels"),
        ('[{"a": 1}]', "no_label"),
        (r'["\u0000"]', "no_label"),
        (r"['\ud800']", "no_label"),
        ("[" * 5_000 + "]" * 5_000, "label_too_long"),
        (True, "no_label"),
        (0.5, "no_label"),
        (math.inf, "no_label"),
        ({"a": 1}, "no_label"),
        (" . ", "no_label"),
        ("..", "no_label"),
        ("x" * (LABEL_LIMIT + 1), "label_too_long"),
        (10**LABEL_LIMIT, "label_too_long"),
        (1e308, "label_too_long"),
    ],
)
def test_what_is_no_label_says_why(value: JsonValue, code: str) -> None:
    with pytest.raises(NoLabel) as refused:
        read_label(value)
    assert refused.value.code == code


@given(JSON)
def test_reading_a_truth_twice_is_reading_it_once(value: JsonValue) -> None:
    try:
        truth = read_truth(value)
    except NoLabel:
        return
    assert read_truth(truth) == truth
    assert truth is None or isinstance(truth, str | dict)


@given(some.text(max_size=20), some.text(max_size=20))
def test_likeness_goes_both_ways_and_nobody_is_like_themselves(one: str, other: str) -> None:
    assert bool(like(one, [other])) == bool(like(other, [one]))
    assert like(one, [one]) == []


def test_labels_that_are_nearly_one_are_told_together_with_the_way_out() -> None:
    names = ["x", "Book Table", "book_table", "BOOK-TABLE", "y"]
    assert alike(names) == [("BOOK-TABLE", "Book Table", "book_table")]
    (warning,) = nearly_one(names)
    assert "count as 3" in warning
    assert "nlu-logger labels rename" in warning
    assert nearly_one(["x", "y"]) == []
