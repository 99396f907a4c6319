"""One caller too many: who is told to wait, and who is not."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from tests.fixtures.databases import Databases
from tests.fixtures.servers import Servers
from tests.fixtures.stack import client
from tests.nlu_logger.world import HELLO, World, opened


@pytest.fixture
async def small(databases: Databases, servers: Servers) -> AsyncIterator[World]:
    limits = {"reads_per_minute": 3, "writes_per_minute": 5, "anonymous_per_minute": 4}
    async with opened(databases, servers, **limits) as made:
        yield made


async def test_a_caller_who_asks_too_much_is_told_when_to_come_back(small: World) -> None:
    async with await small.key("predictions:write", "predictions:read") as eager:
        read = [(await eager.get("/v1/predictions")).status_code for _ in range(4)]
        written = [(await eager.post("/v1/predictions", json=HELLO)).status_code for _ in range(6)]
        refused = await eager.post("/v1/predictions:batch", json=[HELLO])
    assert (read, written) == ([200, 200, 200, 429], [201] * 5 + [429])
    assert refused.json()["code"] == "too_many_requests"
    assert 1 <= int(refused.headers["retry-after"]) <= 12
    assert refused.headers["ratelimit-policy"] == '"minute";q=5;w=60'
    assert refused.headers["ratelimit"] == f'"minute";r=0;t={refused.headers["retry-after"]}'


async def test_one_user_does_not_use_up_anothers_share(small: World) -> None:
    async with small.user(uuid4()) as eager, small.user(uuid4()) as patient:
        for _ in range(4):
            last = await eager.get("/v1/predictions")
        assert last.status_code == 429
        assert (await patient.get("/v1/predictions")).status_code == 200


async def test_an_address_that_keeps_guessing_is_not_looked_up_any_more(small: World) -> None:
    async with client(small.url, "nlk_guessed") as guesser:
        answers = [(await guesser.get("/v1/predictions")).status_code for _ in range(6)]
    assert answers == [401] * 4 + [429] * 2


async def test_a_key_that_was_good_before_works_beside_one_who_guesses(small: World) -> None:
    assert (await small.admin.get("/v1/predictions")).status_code == 200
    async with client(small.url, "nlk_guessed") as guesser:
        for _ in range(6):
            await guesser.get("/v1/predictions")
    assert (await small.admin.get("/v1/predictions")).status_code == 200
    async with small.user(uuid4()) as signed_in:
        assert (await signed_in.get("/v1/predictions")).status_code == 200
