"""Which pages of other origins may call: those that are named, exactly, and none by default."""

import httpx2
import pytest
from nlu_shared.kit.settings import ServiceSettings
from pydantic import ValidationError

from tests.fixtures.databases import Databases
from tests.fixtures.servers import Servers
from tests.fixtures.stack import Stack, opened

PAGE = "https://app.example"
ASKS = {
    "origin": PAGE,
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization,cache-control,content-type,last-event-id",
}


async def test_no_page_of_another_origin_may_call_by_default(stack: Stack) -> None:
    for service in (stack.logger, stack.induction):
        preflight = await service.options("/v1/admin/keys", headers=ASKS)
        read = await service.get("/v1/admin/keys", headers={"origin": PAGE})
        assert "access-control-allow-origin" not in {**preflight.headers, **read.headers}


async def test_a_named_origin_may_and_no_other(databases: Databases, servers: Servers) -> None:
    async with opened(databases, servers, cors_origins=[PAGE]) as stack:
        service = stack.induction
        preflight = await service.options("/v1/stream-tickets", headers=ASKS)
        assert preflight.status_code == 200
        assert preflight.headers["access-control-allow-origin"] == PAGE
        assert "access-control-allow-credentials" not in preflight.headers
        await allowed(service, 201, {})
        await allowed(service, 401, {"authorization": "Bearer nlk_unknown"})
        for other in ("https://app.example.evil", "http://app.example", "null", PAGE + ":8443"):
            refused = await service.options("/v1/tasks", headers=ASKS | {"origin": other})
            assert "access-control-allow-origin" not in refused.headers


async def allowed(service: httpx2.AsyncClient, status: int, headers: dict[str, str]) -> None:
    """Errors too: a page that may not read them only sees that something failed."""
    answer = await service.post("/v1/stream-tickets", headers={"origin": PAGE} | headers)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (status, PAGE)
    assert "X-Request-Id" in answer.headers["access-control-expose-headers"]


@pytest.mark.parametrize("origin", ["*", "app.example", PAGE + "/", "https://*.example", "null"])
def test_only_exact_origins_are_settings(origin: str) -> None:
    with pytest.raises(ValidationError):
        ServiceSettings(database_url="x", redis_url="x", cors_origins=[origin])
