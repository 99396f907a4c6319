"""Data that a newer version has written: one plain sentence, and nothing is touched."""

import asyncio
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from deploy.local import placement
from deploy.local.postgres import Postgres
from deploy.local.problems import LocalProblem
from deploy.local.secrets import make_temporary
from tests.fixtures.databases import Databases, Service
from tests.fixtures.servers import Servers
from tests.fixtures.stack import DEADLINE_SECONDS

pytestmark = pytest.mark.law

NEWER = "the database has the schema 9999, and this version knows none after"


@pytest.fixture
def data() -> Iterator[Path]:
    path = make_temporary("nlu-test-")
    yield path
    placement.remove(path)


@pytest.mark.parametrize("service", ["nlu_logger", "induction"])
@pytest.mark.parametrize("verb", ["migrate", "serve", pytest.param("work", marks=pytest.mark.long)])
async def test_a_database_of_a_newer_version_is_left_alone(
    databases: Databases, servers: Servers, service: Service, verb: str
) -> None:
    clone = await databases.clone(service)
    owner = await asyncpg.connect(clone.owner_url)
    await owner.execute("UPDATE alembic_version SET version_num = '9999'")
    prefix = service.upper()
    variables = {
        f"{prefix}_DATABASE_URL": clone.app_url,
        f"{prefix}_OWNER_DATABASE_URL": clone.owner_url,
        f"{prefix}_REDIS_URL": servers.redis_url,
        f"{prefix}_NLU_LOGGER_URL": "http://127.0.0.1:1",
        f"{prefix}_NLU_LOGGER_KEY": "a-key",
        "ANTHROPIC_API_KEY": "offline",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        f"{service}.cli",
        verb,
        env=os.environ | variables,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(DEADLINE_SECONDS):
        _, complaint = await process.communicate()
    (line,) = complaint.decode().splitlines()
    name = service.replace("_", "-")
    assert (process.returncode, line.startswith(f"{name}: {NEWER}")) == (1, True), line
    assert await owner.fetchval("SELECT version_num FROM alembic_version") == "9999"
    await owner.close()


async def test_a_cluster_of_another_postgresql_is_left_alone(data: Path) -> None:
    home = placement.place(data, placement.wheel_programs()).home
    (home / "cluster").mkdir()
    (home / "cluster" / "PG_VERSION").write_text("19\n")
    with pytest.raises(LocalProblem, match=r"^the databases in .* PostgreSQL 19 and this is 18: "):
        await Postgres(data).start()
