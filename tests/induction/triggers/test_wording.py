"""Moments as a trigger's reasons tell them: never too early, and never in the future."""

from datetime import UTC, datetime, timedelta

import pytest
from induction.triggers.wording import moment

NOW = datetime(2026, 3, 1, 23, 31, 10, tzinfo=UTC)  # a Sunday


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (NOW - timedelta(seconds=38), "Sunday 23:30 UTC"),
        (NOW, "Sunday 23:31 UTC"),
        (NOW + timedelta(seconds=1), "Sunday 23:32 UTC"),
        (NOW + timedelta(seconds=50), "Sunday 23:32 UTC"),
        (NOW - timedelta(days=10), "Thursday 19 February 2026 23:31 UTC"),
    ],
)
def test_what_has_been_is_told_in_its_minute_and_what_is_to_come_in_the_next(
    at: datetime, words: str
) -> None:
    assert moment(at, NOW) == words
