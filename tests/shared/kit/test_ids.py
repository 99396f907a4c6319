"""UUIDv7: an id that knows its time, and sorts by it."""

from datetime import UTC, datetime, timedelta
from uuid import RFC_4122, UUID

from hypothesis import given
from hypothesis import strategies as some
from nlu_shared.ids import time_of, uuid7

moments = some.datetimes(
    min_value=datetime(1970, 1, 2),
    max_value=datetime(9000, 1, 1),
    timezones=some.just(UTC),
)
MILLISECOND = timedelta(milliseconds=1)


@given(at=moments)
def test_an_id_tells_its_time_to_the_millisecond(at: datetime) -> None:
    assert time_of(uuid7(at)) == at.replace(microsecond=at.microsecond // 1000 * 1000)


@given(at=moments)
def test_an_id_is_a_version_seven_of_the_standard_variant(at: datetime) -> None:
    made = uuid7(at)
    assert (made.version, made.variant) == (7, RFC_4122)


@given(earlier=moments, later=moments)
def test_ids_sort_by_time_as_numbers_and_as_text(earlier: datetime, later: datetime) -> None:
    earlier, later = sorted([earlier, later])
    if later - earlier > MILLISECOND:
        first, second = uuid7(earlier), uuid7(later)
        assert first < second
        assert str(first) < str(second)


def test_an_id_from_beyond_all_calendars_tells_the_last_moment() -> None:
    assert time_of(UUID("ffffffff-ffff-7fff-bfff-ffffffffffff")) == datetime.max.replace(tzinfo=UTC)


def test_ids_of_one_moment_differ() -> None:
    at = datetime(2026, 11, 22, tzinfo=UTC)
    assert len({uuid7(at) for _ in range(1_000)}) == 1_000


def test_without_a_moment_it_is_now() -> None:
    before = datetime.now(UTC) - MILLISECOND
    assert before <= time_of(uuid7()) <= datetime.now(UTC)


def test_the_time_of_a_known_id() -> None:
    """The example of RFC 9562, appendix A.6."""
    known = UUID("017f22e2-79b0-7cc3-98c4-dc0c0c07398f")
    assert time_of(known) == datetime(2022, 2, 22, 19, 22, 22, tzinfo=UTC)
