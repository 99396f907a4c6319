"""End users whose tokens are signed by a key that somebody else publishes."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from tests.fixtures.databases import Databases
from tests.fixtures.issuer import Issuer, SigningKey, issuing
from tests.fixtures.servers import Servers
from tests.fixtures.stack import client
from tests.nlu_logger.world import HELLO, World, opened


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    async with issuing() as made:
        yield made


@pytest.fixture
async def world(databases: Databases, servers: Servers, issuer: Issuer) -> AsyncIterator[World]:
    async with opened(databases, servers, jwt_secret=None, jwks_url=issuer.url) as made:
        yield made


async def test_two_users_of_a_published_key_never_meet(world: World, issuer: Issuer) -> None:
    key, one, other = issuer.key("RS256"), uuid4(), uuid4()
    async with (
        client(world.url, key.token(one)) as ann,
        client(world.url, key.token(other)) as ben,
        world.user(one) as by_secret,
    ):
        log_id = (await ann.post("/v1/predictions", json=HELLO)).json()["log_id"]
        assert (await ann.get(f"/v1/predictions/{log_id}")).json()["user_id"] == str(one)
        assert (await ben.get(f"/v1/predictions/{log_id}")).status_code == 404
        assert (await ben.get("/v1/predictions")).json()["items"] == []
        assert (await ann.get("/v1/admin/keys")).status_code == 403
        assert (await by_secret.get("/v1/predictions")).status_code == 401


async def test_a_token_nobody_can_judge_now_may_be_sent_again(world: World, issuer: Issuer) -> None:
    issuer.status = 503
    async with client(world.url, SigningKey("ES256").token(uuid4())) as unknown:
        answer = await unknown.post("/v1/predictions", json=HELLO)
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer.headers["retry-after"] == "2"
    assert (await world.admin.post("/v1/predictions", json=HELLO)).status_code == 201
