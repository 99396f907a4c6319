"""What nobody sees in a text is shown by its code; what is part of a seen character stays."""

import pytest
from nlu_shared.kit.pages.unseen import visible


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("abc\u202ecba", "U+202E"),
        ("\u2067abc", "U+2067"),
        ("a\u200fb", "U+200F"),
        ("a\u200bb", "U+200B"),
        ("a\u200db", "U+200D"),
        ("a\ufe0f", "U+FE0F"),
        ("a\u00adb", "U+00AD"),
        ("a\x00b", "U+0000"),
        ("a\u2028b", "U+2028"),
        ("a\U000e0041", "U+E0041"),
    ],
)
def test_a_character_that_nobody_sees_is_shown_by_its_code(text: str, code: str) -> None:
    shown = visible(text)
    assert f">‹{code}›</mark>" in shown
    assert not set(shown) & set(text) - set("ab c")


@pytest.mark.parametrize(
    "text", ["👨\u200d👩\u200d👧", "❤\ufe0f 1\ufe0f⃣", "می\u200cخواهم", "a\tb\nc", "שלום"]
)
def test_what_is_part_of_what_is_seen_stays(text: str) -> None:
    assert visible(text) == text


def test_what_is_shown_is_no_markup_of_the_text() -> None:
    assert visible("<b>\u200b") == (
        '&lt;b&gt;<mark class="unseen" title="zero width space">‹U+200B›</mark>'
    )
