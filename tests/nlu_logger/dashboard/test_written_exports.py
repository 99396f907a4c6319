"""What schedules have written: its history, and the files of it, while they are on this machine."""

import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from nlu_logger.exports.destinations import destinations
from nlu_logger.exports.jobs import write_due
from nlu_shared.kit.data.db import open_database

from tests.fixtures.browsing import browser, shown
from tests.fixtures.databases import Databases
from tests.fixtures.servers import Servers
from tests.nlu_logger.world import World, connected, opened

PAGE = "operations/exports"
DUE = "UPDATE export_schedules SET next_scheduled_at = next_scheduled_at - interval '1 week'"
MORE = """
INSERT INTO export_runs (schedule_id, scheduled_at, missed, destination, rows, bytes, sha256)
SELECT id, now() - n * interval '1 day', 0, '/gone', 1, 1, '' FROM export_schedules,
generate_series(10, 39) n
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "exports"


@pytest.fixture
async def world(databases: Databases, servers: Servers, folder: Path) -> AsyncIterator[World]:
    async with opened(databases, servers, export_dir=folder) as made:
        yield made


async def written(world: World, folder: Path, task: str) -> None:
    await world.log(task=task, prompt="hello", confidence=0.9)
    body = {"name": task, "target": "folder", "what": {"task": task}}
    assert (await world.admin.post("/v1/admin/schedules", json=body)).status_code == 201
    async with connected(world.database.owner_url) as owner:
        await owner.execute(DUE)
    async with open_database(world.database.app_url) as database:
        assert await write_due(database, destinations(folder, None)) == 1


async def test_a_file_that_a_schedule_wrote_is_downloaded_and_noted_while_it_is_there(
    world: World, folder: Path, task: str
) -> None:
    await written(world, folder, task)
    async with browser(world.url) as operator:
        page = await shown(operator, PAGE)
        (link,) = re.findall(r'href="(/dashboard/operations/exports/file\?[^"]*)"', page)
        sent = await operator.get(link)
        assert (sent.status_code, "hello" in sent.text) == (200, True)
        assert re.search(
            rf'filename="{task}-.*-retraining.jsonl"', sent.headers["content-disposition"]
        )
        async with connected(world.superuser_url) as database:
            noted = await database.fetch("SELECT filters, recipient FROM disclosures ORDER BY id")
        assert "retraining.jsonl" in noted[-1]["filters"]
        assert not noted[-1]["recipient"].startswith("schedule:")
        for other in ("manifest.json", "..%2F..%2Fsecret", "no.jsonl"):
            wrong = link.replace("retraining.jsonl", other)
            assert (await operator.get(wrong)).status_code == 404
        made = await world.admin.post(
            "/v1/admin/keys", json={"name": "b", "scopes": ["exports:read", "insights:read"]}
        )
        narrow = {"name": "c", "scopes": ["admin"], "tasks": ["another"]}
        limited = await world.admin.post("/v1/admin/keys", json=narrow)
        for key, status in ((made, 403), (limited, 404)):
            async with browser(world.url, key.json()["key"]) as reader:
                assert (await reader.get(link)).status_code == status
        shutil.rmtree(folder)
        assert "not on this machine, or not any more" in await shown(operator, PAGE)
        assert (await operator.get(link)).status_code == 404


async def test_the_history_of_all_schedules_is_paged_and_narrowed_to_one(
    world: World, folder: Path, task: str
) -> None:
    await written(world, folder, task)
    async with connected(world.database.owner_url) as owner:
        await owner.execute(MORE)
    async with browser(world.url) as operator:
        counts = []
        page = await shown(operator, PAGE)
        while True:
            counts.append(page.partition('id="written"')[2].count('<tr><th scope="row">'))
            following = re.search(r'href="(\?before=[^"]*)" rel="next"', page)
            if following is None:
                break
            page = (
                await operator.get(f"/dashboard/{PAGE}{following[1]}".replace("&amp;", "&"))
            ).text
        assert counts == [25, 6]
        assert "First page" in page
        (schedule,) = (await world.admin.get("/v1/admin/schedules")).json()
        assert f"What {task} has written" in await shown(operator, PAGE, schedule=schedule["id"])


async def test_without_a_place_for_files_the_page_says_what_to_set_and_still_downloads(
    databases: Databases, servers: Servers
) -> None:
    async with opened(databases, servers) as bare, browser(bare.url) as operator:
        page = await shown(operator, PAGE)
    assert "NLU_LOGGER_EXPORT_DIR=/srv/exports make run" in page
    assert 'action="/dashboard/operations/exports/download"' in page
    assert 'id="new"' not in page
