"""When a schedule is due: a table of moments."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from nlu_logger.exports.cron import MOST_COUNTED, Due, NeverDue, due, next_scheduled_at

WEEKLY = "0 3 * * 1"


def at(moment: str) -> datetime:
    return datetime.fromisoformat(moment).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("cron", "waiting", "now", "expected"),
    [
        (WEEKLY, "2026-11-30T03:00", "2026-11-30T02:59", None),
        (
            WEEKLY,
            "2026-11-30T03:00",
            "2026-11-30T03:00",
            ("2026-11-30T03:00", 0, "2026-12-07T03:00"),
        ),
        (
            WEEKLY,
            "2026-11-30T03:00",
            "2026-12-06T00:00",
            ("2026-11-30T03:00", 0, "2026-12-07T03:00"),
        ),
        (
            WEEKLY,
            "2026-11-30T03:00",
            "2026-12-23T00:00",
            ("2026-12-21T03:00", 3, "2026-12-28T03:00"),
        ),
        # The nights on which clocks change in Europe: nothing is skipped, nothing comes twice.
        (
            "30 1 * * *",
            "2026-03-29T01:30",
            "2026-03-29T02:00",
            ("2026-03-29T01:30", 0, "2026-03-30T01:30"),
        ),
        (
            "30 1 * * *",
            "2026-10-24T01:30",
            "2026-10-25T02:00",
            ("2026-10-25T01:30", 1, "2026-10-26T01:30"),
        ),
        (
            "0 0 29 2 *",
            "2028-02-29T00:00",
            "2028-03-01T00:00",
            ("2028-02-29T00:00", 0, "2032-02-29T00:00"),
        ),
    ],
)
def test_the_newest_export_is_written_and_the_missed_are_counted(
    cron: str, waiting: str, now: str, expected: tuple[str, int, str] | None
) -> None:
    end = expected and Due(at(expected[0]), expected[1], at(expected[2]))
    assert due(cron, at(waiting), at(now)) == end


def test_counting_what_was_missed_ends() -> None:
    newest = due("* * * * *", at("2025-01-01T00:00"), at("2026-01-01T00:00"))
    assert newest is not None
    assert (newest.scheduled_at, newest.missed) == (at("2026-01-01T00:00"), MOST_COUNTED)


def test_the_clock_of_another_zone_changes_nothing() -> None:
    there = datetime(2026, 11, 30, 12, 0, tzinfo=timezone(timedelta(hours=10)))
    assert next_scheduled_at(WEEKLY, there) == at("2026-11-30T03:00")


@pytest.mark.parametrize("cron", ["", "soon", "* * * *", "* * * * * *", "0 0 31 2 *", "61 * * * *"])
def test_what_never_comes_is_no_schedule(cron: str) -> None:
    with pytest.raises(NeverDue):
        next_scheduled_at(cron, at("2026-01-01T00:00"))
