"""Exports on a schedule: written whole, once, and again after whatever went wrong."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from nlu_logger.exports.destinations import Destination, Folder, destinations
from nlu_logger.exports.jobs import write_due
from nlu_shared.kit.data.db import Database, open_database
from nlu_shared.schemas.exports import Manifest

from tests.fixtures.databases import Databases
from tests.fixtures.servers import Servers
from tests.fixtures.stack import DEADLINE_SECONDS
from tests.nlu_logger.world import World, connected, opened

PATH = "/v1/admin/schedules"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("exports")


@pytest.fixture(scope="module")
async def world(databases: Databases, servers: Servers, root: Path) -> AsyncIterator[World]:
    store = root / "store"
    store.mkdir()
    async with opened(
        databases, servers, export_dir=root / "folder", export_store=store.as_uri()
    ) as made:
        yield made


@pytest.fixture(scope="module")
async def database(world: World) -> AsyncIterator[Database]:
    async with open_database(world.database.app_url) as made:
        yield made


async def schedule(world: World, task: str, target: str = "folder", **what: Any) -> str:
    """The id of a schedule whose export came three weeks ago."""
    body = {"name": task, "target": target, "what": {"task": task, **what}}
    answer = await world.admin.post(PATH, json=body)
    assert answer.status_code == 201, answer.text
    made: str = answer.json()["id"]
    async with connected(world.database.owner_url) as owner:
        await owner.execute(
            "UPDATE export_schedules SET next_scheduled_at = next_scheduled_at - interval '3 weeks'"
            " WHERE id = $1",
            UUID(made),
        )
    return made


async def runs(world: World, schedule_id: str) -> list[dict[str, Any]]:
    answer = await world.admin.get(f"{PATH}/{schedule_id}/runs")
    assert answer.status_code == 200, answer.text
    schedules: list[dict[str, Any]] = answer.json()
    return schedules


def check(export: Path) -> Manifest:
    """The manifest, once it is seen to be true of every file beside it."""
    manifest = Manifest.model_validate_json((export / "manifest.json").read_bytes())
    for file in manifest.files:
        held = (export / file.name).read_bytes()
        assert (file.bytes, file.sha256) == (len(held), hashlib.sha256(held).hexdigest())
    return manifest


@pytest.mark.parametrize("target", ["folder", "store"])
async def test_a_due_export_is_written_with_its_manifest(
    world: World, database: Database, root: Path, task: str, target: str
) -> None:
    await world.log(task=task, prompt="hello", confidence=0.9)
    made = await schedule(world, task, target)
    targets = destinations(root / "folder", (root / "store").as_uri())
    assert await write_due(database, targets) == 1
    assert await write_due(database, targets) == 0
    (run,) = await runs(world, made)
    assert (run["missed"], run["rows"]) == (2, 1)
    (export,) = (root / target / task).iterdir()
    manifest = check(export)
    assert [file.name for file in manifest.files] == ["retraining.jsonl"]
    assert run["sha256"] == hashlib.sha256((export / "manifest.json").read_bytes()).hexdigest()
    params = {"task": task}
    exported = await world.admin.get("/v1/exports/retraining", params=params)
    assert (export / "retraining.jsonl").read_bytes() == exported.content
    async with connected(world.database.owner_url) as owner:
        handed = await owner.fetchrow(
            "SELECT kind, destination FROM disclosures WHERE recipient = $1", f"schedule:{made}"
        )
    assert tuple(handed) == ("retraining", run["destination"])
    assert run["destination"].endswith(str(export.relative_to(root)))


async def test_a_export_can_be_a_data_set_folder(
    world: World, database: Database, root: Path, task: str
) -> None:
    for number in range(10):
        await world.log(task=task, prompt=f"text {number}", confidence=0.9)
    await schedule(world, task, splits="50/25/25")
    assert await write_due(database, destinations(root / "folder", None)) == 1
    (export,) = (root / "folder" / task).iterdir()
    manifest = check(export)
    assert sum(file.rows for file in manifest.files) == 10
    assert {path.name for path in export.iterdir()} == {
        "README.md", "manifest.json", "train.jsonl", "validation.jsonl", "test.jsonl",
    }  # fmt: skip


async def test_many_workers_write_a_export_once(
    world: World, database: Database, root: Path, task: str
) -> None:
    made = await schedule(world, task)
    targets = destinations(root / "folder", None)
    written = await asyncio.gather(*(write_due(database, targets) for _ in range(3)))
    assert sorted(written) == [0, 0, 1]
    assert len(await runs(world, made)) == 1


@dataclass(frozen=True)
class Dying(Folder):
    """A folder whose worker dies at publishing; `late`: after the rename, not before."""

    late: bool
    reached: asyncio.Event

    async def publish(self, prepared: Path, name: str) -> bytes:
        if self.late:
            await super().publish(prepared, name)
        self.reached.set()
        await asyncio.Event().wait()
        raise AssertionError


@pytest.mark.parametrize("late", [False, True])
async def test_a_worker_that_dies_leaves_no_half_export_and_the_next_completes_it(
    world: World, database: Database, root: Path, task: str, late: bool
) -> None:
    await world.log(task=task, confidence=0.9)
    made = await schedule(world, task)
    folder = root / "folder"
    dying: Destination = Dying(folder, late, asyncio.Event())
    worker = asyncio.create_task(write_due(database, {"folder": lambda: dying}))
    async with asyncio.timeout(DEADLINE_SECONDS):
        await dying.reached.wait()
    assert bool(list(folder.glob(f"{task}/*"))) is late
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)
    assert not await runs(world, made)
    # A kill, unlike a cancellation, leaves the scratch folder.
    left = folder / f".writing-{made}-killed"
    left.mkdir()
    await world.log(task=task, confidence=0.9)
    assert await write_due(database, destinations(folder, None)) == 1
    (export,) = (folder / task).iterdir()
    check(export)
    (run,) = await runs(world, made)
    assert run["rows"] == (1 if late else 2)
    assert left.exists() is late


async def test_a_target_that_fails_is_told_and_tried_again(
    world: World, database: Database, root: Path, task: str
) -> None:
    made = await schedule(world, task)
    blocked = root / f"{task}-blocked"
    blocked.write_text("a file where a folder should be")
    assert await write_due(database, destinations(blocked, None)) == 0
    listed = {one["id"]: one for one in (await world.admin.get(PATH)).json()}
    assert listed[made]["failed"] in {"FileExistsError", "NotADirectoryError"}
    assert await write_due(database, destinations(root / "folder", None)) == 1
    listed = {one["id"]: one for one in (await world.admin.get(PATH)).json()}
    assert listed[made]["failed"] is None


async def test_a_clock_that_was_ahead_keeps_no_schedule_waiting(
    world: World, database: Database, root: Path, task: str
) -> None:
    made = await schedule(world, task)
    targets = destinations(root / "folder", None)
    assert await write_due(database, targets) == 1
    shown = "SELECT next_scheduled_at FROM export_schedules WHERE id = $1"
    async with connected(world.database.owner_url) as owner:
        before = await owner.fetchval(shown, UUID(made))
        await owner.execute(
            "UPDATE export_schedules"
            " SET next_scheduled_at = next_scheduled_at + interval '120 days' WHERE id = $1",
            UUID(made),
        )
        assert await write_due(database, targets) == 0
        assert await owner.fetchval(shown, UUID(made)) == before


async def test_an_export_that_a_restore_forgot_is_told_again(
    world: World, database: Database, root: Path, task: str
) -> None:
    """An erasure's receipt lists who may hold the rows."""
    made = await schedule(world, task)
    targets = destinations(root / "folder", None)
    handed = "SELECT count(*) FROM disclosures WHERE recipient = $1"
    assert await write_due(database, targets) == 1
    async with connected(world.database.owner_url) as owner:
        await owner.execute("DELETE FROM disclosures")
        await owner.execute("DELETE FROM export_runs")
        await owner.execute(
            "UPDATE export_schedules SET next_scheduled_at = next_scheduled_at - interval '1 week'"
            " WHERE id = $1",
            UUID(made),
        )
        assert await write_due(database, targets) == 1
        assert await owner.fetchval(handed, f"schedule:{made}") == 1
        assert len(await runs(world, made)) == 1


async def test_a_removed_schedule_is_gone_and_its_files_stay(
    world: World, database: Database, root: Path, task: str
) -> None:
    made = await schedule(world, task)
    await write_due(database, destinations(root / "folder", None))
    assert (await world.admin.delete(f"{PATH}/{made}")).status_code == 204
    assert (await world.admin.delete(f"{PATH}/{made}")).status_code == 404
    assert await runs(world, made) == []
    assert len(list((root / "folder" / task).iterdir())) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "../up"},
        {"name": "/etc"},
        {"name": "a/b"},
        {"name": ""},
        {"target": "s3://other"},
        {"cron": "0 0 31 2 *"},
        {"cron": "often"},
        {"what": {"splits": "80/80/80"}},
        {"what": {"splits": "80/10/10", "format": "csv"}},
        {"what": {"output": "/etc/x"}},
    ],
    ids=json.dumps,
)
async def test_what_is_no_schedule_is_refused(world: World, wrong: dict[str, Any]) -> None:
    answer = await world.admin.post(PATH, json={"name": "fine"} | wrong)
    assert answer.status_code == 422


async def test_names_are_taken_once_and_only_administrators_schedule(
    world: World, task: str
) -> None:
    assert (await world.admin.post(PATH, json={"name": task})).status_code == 201
    assert (await world.admin.post(PATH, json={"name": task})).status_code == 409
    async with await world.key("exports:read") as reader:
        assert (await reader.post(PATH, json={"name": f"{task}-2"})).status_code == 403


async def test_a_target_nobody_configured_is_refused(
    databases: Databases, servers: Servers
) -> None:
    async with opened(databases, servers) as bare:
        answer = await bare.admin.post(PATH, json={"name": "weekly"})
    assert (answer.status_code, answer.json()["code"]) == (422, "no_target")
