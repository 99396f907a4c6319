"""What an answer means for what was sent, as a table."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nlu_shared.client.spool import policy
from nlu_shared.client.spool.policy import RENAMED, SENT, FactState, FactVerdict, RefusalRemedy
from nlu_shared.ids import uuid7
from nlu_shared.schemas.predictions import BatchResult

NOW = datetime(2026, 11, 23, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("status", "code", "age", "verdict"),
    [
        (201, None, timedelta(), SENT),
        (200, None, timedelta(), SENT),
        (403, "forbidden", timedelta(), FactVerdict(FactState.DEAD, "forbidden")),
        (409, "id_conflict", timedelta(), FactVerdict(FactState.DEAD, "id_conflict")),
        (422, "invalid", 100 * DAY, FactVerdict(FactState.DEAD, "invalid")),
        (422, None, timedelta(), FactVerdict(FactState.DEAD, "422")),
        (422, "id_out_of_range", 100 * DAY, RENAMED),
        (422, "id_out_of_range", timedelta(), FactVerdict(FactState.DEAD, "id_out_of_range")),
        (422, "id_out_of_range", -2 * DAY, FactVerdict(FactState.DEAD, "id_out_of_range")),
    ],
)
def test_an_item_is_sent_dead_or_sent_again_under_a_new_id(
    status: int, code: str | None, age: timedelta, verdict: FactVerdict
) -> None:
    result = BatchResult.model_validate({"index": 0, "status": status, "code": code})
    assert policy.of_item(uuid7(NOW - age), result, now=NOW) == verdict


@pytest.mark.parametrize(
    ("status", "items", "remedy"),
    [
        (401, 1, RefusalRemedy.PAUSE),
        (403, 1, RefusalRemedy.PAUSE),
        (404, 1, RefusalRemedy.PAUSE),
        (400, 1, RefusalRemedy.PAUSE),
        (422, 1, RefusalRemedy.PAUSE),
        (429, 1, RefusalRemedy.PAUSE),
        (500, 1, RefusalRemedy.PAUSE),
        (413, 2, RefusalRemedy.HALVE),
        (413, 1, RefusalRemedy.BURY),
    ],
)
def test_only_its_size_can_be_a_batch_s_own_fault(
    status: int, items: int, remedy: RefusalRemedy
) -> None:
    assert policy.of_refusal(status, items) is remedy


@pytest.mark.parametrize(
    ("status", "code", "age", "verdict"),
    [
        (
            404,
            "not_found",
            timedelta(minutes=1),
            FactVerdict(FactState.WAITING, later=NOW + policy.AGAIN),
        ),
        (404, "not_found", timedelta(hours=2), FactVerdict(FactState.DEAD, "not_found")),
        (404, "unknown", timedelta(hours=2), None),
        (422, "invalid", timedelta(), FactVerdict(FactState.DEAD, "invalid")),
        (401, "unauthenticated", timedelta(), None),
        (403, "forbidden", timedelta(), None),
        (503, "unavailable", timedelta(), None),
    ],
)
def test_an_outcome_waits_for_its_prediction_but_not_for_ever(
    status: int, code: str, age: timedelta, verdict: FactVerdict | None
) -> None:
    assert policy.of_outcome(status, code, made=NOW - age, now=NOW) == verdict


@given(tried=st.integers(1, 10_000), chance=st.floats(0, 1), retry_after=st.floats(0, 1e9))
def test_a_pause_grows_to_a_minute_and_is_never_less_than_was_asked_for(
    tried: int, chance: float, retry_after: float
) -> None:
    alone = policy.pause(tried, chance=chance)
    assert 0.1 <= alone <= 60
    assert alone <= policy.pause(tried + 1, chance=chance) + 1e-9
    assert policy.pause(tried, chance=chance, retry_after=retry_after) >= min(
        retry_after, policy.LONGEST_ASKED
    )
