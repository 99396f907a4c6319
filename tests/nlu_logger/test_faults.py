"""When the database is away, hangs, or answers nobody."""

import asyncio

import pytest
from nlu_shared.ids import uuid7

from tests.fixtures.databases import Databases
from tests.fixtures.lateness import waiting
from tests.fixtures.servers import Servers
from tests.nlu_logger.gate import gated
from tests.nlu_logger.world import HELLO, connected, opened

STORED = "SELECT count(*) FROM nlu_prompt_logs WHERE id = $1"
PROMISED_SECONDS = 2


async def test_a_database_that_is_away_is_a_503_within_two_seconds_and_comes_back(
    databases: Databases, servers: Servers
) -> None:
    database = await databases.clone("nlu_logger")
    async with (
        gated(database.app_url) as (gate, through),
        opened(databases, servers, database_url=through) as world,
    ):
        prediction = HELLO | {"id": str(uuid7())}
        assert (await world.admin.get("/v1/predictions")).status_code == 200
        await gate.shut()
        for method, path, body in [
            ("POST", "/v1/predictions", prediction),
            ("POST", "/v1/predictions:batch", [prediction, HELLO]),
            ("GET", "/v1/predictions", None),
            ("GET", "/v1/ground-truth?task=intent", None),
            ("GET", "/readyz", None),
        ]:
            async with waiting() as wait:
                answer = await world.admin.request(method, path, json=body)
                assert wait.within(PROMISED_SECONDS)
            assert answer.status_code == 503, (path, answer.text)
            assert int(answer.headers["retry-after"]) > 0
        assert (await world.admin.get("/healthz")).status_code == 200
        await gate.open()
        assert (await world.admin.post("/v1/predictions", json=prediction)).status_code == 201
        assert (await world.admin.get("/readyz")).status_code == 200


@pytest.mark.law
async def test_a_database_that_hangs_is_a_503_within_two_seconds_and_comes_back(
    databases: Databases, servers: Servers
) -> None:
    database = await databases.clone("nlu_logger")
    async with (
        gated(database.app_url) as (gate, through),
        opened(databases, servers, database_url=through, key_cache_seconds=60) as world,
    ):
        prediction = HELLO | {"id": str(uuid7())}
        await world.log()
        assert (await world.admin.get("/v1/predictions")).status_code == 200
        gate.hang()
        async with waiting() as wait:
            answers = await asyncio.gather(
                *(world.admin.post("/v1/predictions", json=prediction) for _ in range(3)),
                world.admin.post("/v1/predictions:batch", json=[prediction, HELLO]),
                *(world.admin.get("/v1/predictions") for _ in range(12)),
                world.admin.get("/v1/ground-truth?task=intent"),
                world.admin.get("/readyz"),
            )
            assert wait.within(PROMISED_SECONDS)
        assert {answer.status_code for answer in answers} == {503}
        assert all(int(answer.headers["retry-after"]) > 0 for answer in answers)
        gate.resume()
        assert (await world.admin.post("/v1/predictions", json=prediction)).is_success
        assert (await world.admin.get("/v1/predictions")).status_code == 200
        assert (await world.admin.get("/readyz")).status_code == 200
        async with connected(database.owner_url) as owner:
            assert await owner.fetchval(STORED, prediction["id"]) == 1


async def test_a_commit_whose_answer_was_lost_is_a_503_and_its_repeat_a_200(
    databases: Databases, servers: Servers
) -> None:
    database = await databases.clone("nlu_logger")
    async with (
        gated(database.app_url) as (gate, through),
        opened(databases, servers, database_url=through, key_cache_seconds=60) as world,
        connected(database.owner_url) as owner,
    ):
        prediction = HELLO | {"id": str(uuid7())}
        for _ in range(2):  # the two writers take turns: both are connected now
            await world.log()
        gate.hang(answers_only=True)
        assert (await world.admin.post("/v1/predictions", json=prediction)).status_code == 503
        assert await owner.fetchval(STORED, prediction["id"]) == 1
        gate.resume()
        assert (await world.admin.post("/v1/predictions", json=prediction)).status_code == 200
        assert await owner.fetchval(STORED, prediction["id"]) == 1
