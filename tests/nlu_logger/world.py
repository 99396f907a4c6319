"""nlu-logger behind a real port on a fresh database, and the people who call it."""

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx2
import jwt
import nlu_logger.app
import pytest
from nlu_logger.settings import Settings

from tests.fixtures.databases import Clone, Databases
from tests.fixtures.servers import Servers
from tests.fixtures.stack import JWT_SECRET, client, serving

HELLO = {"prompt": "hello", "predicted_intent": "greet", "confidence": 0.5}


@dataclass(frozen=True)
class World:
    url: str
    database: Clone
    admin: httpx2.AsyncClient

    @property
    def superuser_url(self) -> str:
        """The same database, above row-level security."""
        return f"{self.database.admin_url.rpartition('/')[0]}/{self.database.name}"

    def user(self, user_id: UUID) -> httpx2.AsyncClient:
        """An end user, signed in."""
        claims = {"sub": str(user_id), "aud": "authenticated", "exp": time.time() + 600}
        return client(self.url, jwt.encode(claims, JWT_SECRET, algorithm="HS256"))

    async def key(self, *scopes: str, tasks: list[str] | None = None) -> httpx2.AsyncClient:
        body = {"name": "a key", "scopes": scopes, "tasks": tasks}
        made = await self.admin.post("/v1/admin/keys", json=body)
        assert made.status_code == 201, made.text
        return client(self.url, made.json()["key"])

    async def log(self, **fields: Any) -> str:
        """A stored prediction's id."""
        answer = await self.admin.post("/v1/predictions", json=HELLO | fields)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["log_id"])

    async def correct(self, log_id: str, intent: str) -> str:
        """A proposed correction's id."""
        path = f"/v1/predictions/{log_id}/corrections"
        answer = await self.admin.post(path, json={"corrected_intent": intent})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def approve(self, correction: str, *, may_quote: bool = False) -> httpx2.Response:
        path = f"/v1/corrections/{correction}/approve"
        return await self.admin.post(path, json={"may_quote": may_quote})

    async def release(self, item: str) -> None:
        """As if the time of its claim were over."""
        async with connected(self.superuser_url) as database:
            await database.execute("UPDATE claims SET until = now() WHERE item_id = $1", UUID(item))

    async def truth(self, task: str) -> list[dict[str, Any]]:
        """Every line of the task's stream, the last one too."""
        answer = await self.admin.get("/v1/ground-truth", params={"task": task})
        assert answer.status_code == 200, answer.text
        return [json.loads(line) for line in answer.text.splitlines()]


@asynccontextmanager
async def opened(databases: Databases, servers: Servers, **changed: Any) -> AsyncIterator[World]:
    database = await databases.clone("nlu_logger")
    values: dict[str, Any] = {
        "database_url": database.app_url,
        "redis_url": servers.redis_url,
        "jwt_secret": JWT_SECRET,
        "key_cache_seconds": 0,
        **changed,
    }
    async with serving(nlu_logger.app.build(Settings(**values))) as url, client(url) as admin:
        yield World(url, database, admin)


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


@pytest.fixture(scope="module")
async def world(databases: Databases, servers: Servers) -> AsyncIterator[World]:
    async with opened(databases, servers) as made:
        yield made


@pytest.fixture
def task() -> str:
    """A task that no other test uses."""
    return f"task-{uuid4().hex[:12]}"
