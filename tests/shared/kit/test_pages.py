"""Lists by pages: whoever follows the cursors sees every row once."""

from hypothesis import given, settings
from hypothesis import strategies as st
from nlu_shared.kit.data.pages import cut


def key(row: int) -> int:
    return row


@settings(deadline=None)
@given(st.sets(st.integers(0, 1_000)), st.integers(1, 20))
def test_who_follows_the_cursors_sees_every_row_once_and_then_stops(
    rows: set[int], limit: int
) -> None:
    seen: list[int] = []
    cursor: str | None = "-1"
    while cursor is not None:
        read = sorted(row for row in rows if row > int(cursor))[: limit + 1]
        page, cursor = cut(read, limit, key)
        assert len(page) <= limit
        seen += page
    assert seen == sorted(rows)


def test_a_page_that_is_just_full_is_the_last() -> None:
    assert cut([1, 2, 3], 3, key) == ([1, 2, 3], None)
    assert cut([1, 2, 3, 4], 3, key) == ([1, 2, 3], "3")
