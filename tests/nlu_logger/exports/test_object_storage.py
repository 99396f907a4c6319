"""Scheduled exports in a bucket, told over S3's protocol: whole, or not there."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from nlu_logger.exports.destinations import destinations
from nlu_logger.exports.jobs import write_due
from nlu_shared.kit.data.db import open_database
from nlu_shared.schemas.exports import Manifest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.fixtures.databases import Databases
from tests.fixtures.servers import Servers
from tests.fixtures.stack import DEADLINE_SECONDS, serving
from tests.nlu_logger.world import World, connected, opened

STORE = "s3://exports/of-ours"
HELD = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
AND pid <> pg_backend_pid() AND state LIKE 'idle in transaction%'
"""


class Bucket:
    """The two requests of S3 that a export takes. It refuses manifests while `refuses`, and answers
    no file that is put while `open` is not set."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.refuses = False
        self.open = asyncio.Event()
        self.open.set()
        self.reached = asyncio.Event()
        self.app = Starlette(
            routes=[
                Route("/{key:path}", self.put, methods=["PUT"]),
                Route("/{key:path}", self.get, methods=["GET"]),
            ]
        )

    async def put(self, request: Request) -> Response:
        key = request.path_params["key"]
        if self.refuses and key.endswith("manifest.json"):
            return Response(status_code=403)
        body = await request.body()
        self.reached.set()
        await self.open.wait()
        self.objects[key] = body
        return Response(headers={"ETag": hashlib.md5(body, usedforsecurity=False).hexdigest()})

    async def get(self, request: Request) -> Response:
        body = self.objects.get(request.path_params["key"])
        if body is None:
            return Response(status_code=404)
        headers = {"ETag": "one", "Last-Modified": "Mon, 23 Nov 2026 00:00:00 GMT"}
        return Response(body, headers=headers)


@pytest.fixture
async def bucket(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bucket]:
    made = Bucket()
    async with serving(made.app) as url:
        for name, value in {
            "AWS_ENDPOINT_URL": url,
            "AWS_ALLOW_HTTP": "true",
            "AWS_REGION": "somewhere",
            "AWS_ACCESS_KEY_ID": "id",
            "AWS_SECRET_ACCESS_KEY": "secret",
        }.items():
            monkeypatch.setenv(name, value)
        yield made


@pytest.fixture(scope="module")
async def world(databases: Databases, servers: Servers) -> AsyncIterator[World]:
    async with opened(databases, servers, export_store=STORE) as made:
        yield made


async def due_export(world: World, task: str) -> UUID:
    """The id of a schedule with one row to write now."""
    await world.log(task=task, prompt="hello", confidence=0.9)
    body = {"name": task, "target": "store", "what": {"task": task}}
    made = UUID((await world.admin.post("/v1/admin/schedules", json=body)).json()["id"])
    async with connected(world.database.owner_url) as owner:
        await owner.execute(
            "UPDATE export_schedules SET next_scheduled_at = next_scheduled_at - interval '1 week'"
            " WHERE id = $1",
            made,
        )
    return made


async def test_a_slow_storage_holds_no_connection_and_its_export_is_one_workers(
    world: World, bucket: Bucket, task: str
) -> None:
    made = await due_export(world, task)
    bucket.open.clear()
    async with open_database(world.database.app_url) as database:
        writing = asyncio.create_task(write_due(database, destinations(None, STORE)))
        async with asyncio.timeout(DEADLINE_SECONDS):
            await bucket.reached.wait()
        async with connected(world.superuser_url) as superuser:
            assert await superuser.fetchval(HELD) == 0
        assert await write_due(database, destinations(None, STORE)) == 0
        # As after the worker's death and its claim's time: another takes the export, and the first,
        # should it live after all, records nothing.
        async with connected(world.database.owner_url) as owner:
            await owner.execute("UPDATE export_schedules SET claimed_until = now()")
        other = asyncio.create_task(write_due(database, destinations(None, STORE)))
        bucket.open.set()
        await asyncio.gather(writing, other)
    runs = await world.admin.get(f"/v1/admin/schedules/{made}/runs")
    assert len(runs.json()) == 1


async def test_a_export_is_in_the_bucket_once_its_manifest_is(
    world: World, bucket: Bucket, task: str
) -> None:
    await due_export(world, task)
    async with open_database(world.database.app_url) as database:
        bucket.refuses = True
        assert await write_due(database, destinations(None, STORE)) == 0
        assert not [key for key in bucket.objects if key.endswith("manifest.json")]
        bucket.refuses = False
        assert await write_due(database, destinations(None, STORE)) == 1
    (manifest,) = [key for key in bucket.objects if key.endswith("manifest.json")]
    assert manifest.startswith(f"exports/of-ours/{task}/")
    (file,) = Manifest.model_validate_json(bucket.objects[manifest]).files
    held = bucket.objects[manifest.replace("manifest.json", file.name)]
    assert (file.rows, file.sha256) == (1, hashlib.sha256(held).hexdigest())
