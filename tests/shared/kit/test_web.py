"""The frame around an app: request ids, metrics, and a database that is away."""

from collections.abc import AsyncIterator

import httpx2
import induction.app
import pytest
from induction.settings import Settings
from pydantic import SecretStr

from tests.fixtures.lateness import waiting
from tests.fixtures.stack import client, serving

KEY = "nlk_" + "x" * 43


@pytest.fixture(scope="module")
async def alone() -> AsyncIterator[httpx2.AsyncClient]:
    """A service whose database and Redis are away."""
    nowhere = Settings(
        database_url=SecretStr("postgresql://nobody:x@127.0.0.1:1/nowhere"),
        redis_url=SecretStr("redis://127.0.0.1:1"),
        provider="offline",
    )
    async with serving(induction.app.build(nowhere)) as url, client(url, KEY) as caller:
        yield caller


async def test_without_its_database_a_service_lives_and_is_not_ready(
    alone: httpx2.AsyncClient,
) -> None:
    assert (await alone.get("/healthz")).status_code == 200
    assert (await alone.get("/readyz")).status_code == 503


async def test_a_database_that_is_away_is_said_in_time(alone: httpx2.AsyncClient) -> None:
    async with waiting() as wait:
        answer = await alone.get("/v1/tasks")
        assert wait.within(2)
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["retry-after"]) > 0


async def test_a_request_keeps_the_id_it_came_with(alone: httpx2.AsyncClient) -> None:
    answer = await alone.get("/v1/nowhere", headers={"X-Request-ID": "from-the-gateway_7"})
    assert answer.headers["x-request-id"] == answer.json()["request_id"] == "from-the-gateway_7"


@pytest.mark.parametrize("request_id", ["", "two words", "x" * 65, "<script>", "a;b"])
async def test_an_id_that_could_forge_a_log_line_is_replaced(
    alone: httpx2.AsyncClient, request_id: str
) -> None:
    answer = await alone.get("/v1/nowhere", headers={"X-Request-ID": request_id})
    assert answer.headers["x-request-id"] == answer.json()["request_id"]
    assert len(answer.headers["x-request-id"]) == 32


@pytest.mark.parametrize("address", ["/v1/tasks?cursor=%00", "/v1/prompts/%00/versions"])
async def test_an_address_with_a_nul_in_it_reaches_no_database(
    alone: httpx2.AsyncClient, address: str
) -> None:
    answer = await alone.get(address)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_text")


async def test_requests_are_counted_by_route_and_not_by_address(
    alone: httpx2.AsyncClient,
) -> None:
    for number in range(3):
        await alone.get(f"/v1/prompts/task-{number}/active")
    counted = (await alone.get("/metrics")).text
    assert 'method="GET",route="/v1/prompts/{task}/active",status="503"} 3.0' in counted
    assert "task-1" not in counted


async def test_the_documentation_loads_nothing_from_elsewhere(alone: httpx2.AsyncClient) -> None:
    page = (await alone.get("/docs")).text
    assert "https://" not in page
    for asset in ("swagger-ui-bundle.js", "swagger-ui.css"):
        assert f"/docs-assets/{asset}" in page
        assert (await alone.get(f"/docs-assets/{asset}")).status_code == 200
