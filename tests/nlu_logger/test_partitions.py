"""Months: made ahead of time, and those that began without one."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from nlu_logger.predictions.partitions import months_back
from nlu_shared.ids import uuid7

from tests.fixtures.databases import Databases
from tests.fixtures.servers import Servers
from tests.fixtures.stack import until
from tests.nlu_logger.world import World, connected, opened

MOVED = "SELECT tableoid::regclass::text FROM nlu_prompt_logs WHERE id = $1"


async def astray(world: World, expected: int) -> bool:
    """What anybody may ask for is a moment old: the answers of `/metrics` are shared."""
    metrics = (await world.admin.get("/metrics")).text
    sample = re.search(r"^predictions_without_month (\S+)$", metrics, re.M)
    assert sample, metrics
    return float(sample[1]) == expected


@pytest.mark.law
async def test_a_month_that_began_in_the_default_partition_gets_its_own(
    databases: Databases, servers: Servers
) -> None:
    async with opened(databases, servers) as world, connected(world.database.owner_url) as owner:
        at = datetime.now(UTC) - timedelta(days=60)
        month = f"nlu_prompt_logs_{at:%Y_%m}"
        await owner.execute(f"DROP TABLE {month}")
        await until(lambda: astray(world, 0))
        strays = [await world.log(id=str(uuid7(at))) for _ in range(3)]
        await world.correct(strays[0], "leave")
        before = (await world.admin.get(f"/v1/predictions/{strays[0]}")).json()
        await until(lambda: astray(world, 3))
        assert await owner.fetchval("SELECT ensure_prediction_partitions(0, 0)") == 1
        await until(lambda: astray(world, 0))
        assert await owner.fetchval(MOVED, strays[0]) == month
        assert (await world.admin.get(f"/v1/predictions/{strays[0]}")).json() == before
        assert len((await world.admin.get("/v1/predictions")).json()["items"]) == 3
        indexes = "SELECT count(*) FROM pg_indexes WHERE tablename = $1"
        assert await owner.fetchval(indexes, month) == await owner.fetchval(
            indexes, "nlu_prompt_logs_default"
        )
        assert await owner.fetchval("SELECT ensure_prediction_partitions(0, 0)") == 0


@pytest.mark.parametrize(
    ("day", "kept", "months"),
    [
        (datetime(2026, 11, 23), 90, 3),
        (datetime(2026, 11, 30), 29, 0),
        (datetime(2026, 11, 1), 1, 1),
        (datetime(2026, 1, 15), 365, 12),
        (datetime(2026, 3, 31), 90, 3),
    ],
)
def test_as_many_months_back_as_hold_something_kept(day: datetime, kept: int, months: int) -> None:
    assert months_back(timedelta(days=kept), now=day) == months
