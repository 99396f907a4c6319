"""The embedded servers by themselves: what they keep, where they live, how they end."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from deploy.local import placement, ports
from deploy.local.ownership import owned
from deploy.local.placement import POINTER
from deploy.local.ports import HOST
from deploy.local.postgres import Postgres
from deploy.local.problems import LocalProblem, PortTaken, ProcessDied
from deploy.local.secrets import make_temporary
from tests.local.processes import descendants, gone

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as another")
SERVERS = """
import asyncio, sys
from pathlib import Path
from deploy.local.postgres import Postgres
from deploy.local.redis import Redis

async def main():
    async with Postgres(Path(sys.argv[1])), Redis(Path(sys.argv[1])):
        print("ready", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture
def data() -> Iterator[Path]:
    path = make_temporary("nlu-test-")
    yield path
    placement.remove(path)


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    return tmp_path


def named_in(data: Path) -> Path:
    return Path((data / POINTER).read_text().splitlines()[0])


def holds_a_cluster(home: Path) -> bool:
    return (home / "cluster" / "PG_VERSION").exists()


@pytest.mark.law
async def test_a_second_start_finds_what_was_committed(data: Path) -> None:
    async with Postgres(data) as first:
        admin = await asyncpg.connect(first.admin_url)
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            assert await admin.fetchval(f"SHOW {setting}") == "on"
        await admin.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        await admin.close()
    async with Postgres(data) as second:
        admin = await asyncpg.connect(second.admin_url)
        assert await admin.fetchval("SELECT answer FROM kept") == 42
        await admin.close()


@pytest.mark.law
async def test_a_parent_killed_outright_leaves_no_server_behind_and_starts_again(
    data: Path,
) -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SERVERS, data, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    assert await parent.stdout.readline() == b"ready\n"
    below = descendants(parent.pid)
    assert len(below) > 2

    parent.send_signal(signal.SIGKILL)
    await parent.wait()
    async with Postgres(data) as again:
        admin = await asyncpg.connect(again.admin_url)
        assert await admin.fetchval("SELECT 1") == 1
        await admin.close()
    assert not await gone(below)


@pytest.mark.law
@as_root
async def test_a_data_directory_nobody_can_enter_says_where_its_cluster_is(closed: Path) -> None:
    data = closed / "data"
    async with Postgres(data):
        elsewhere = named_in(data)
        assert holds_a_cluster(elsewhere)
    placement.remove(data)
    assert not holds_a_cluster(elsewhere)


@pytest.mark.law
@as_root
def test_programs_nobody_can_enter_are_copied_next_to_the_cluster(data: Path, closed: Path) -> None:
    installed = placement.wheel_programs()
    for name in (placement.PACKAGE, f"{placement.PACKAGE}.libs"):
        (closed / name).symlink_to(installed.parents[2] / name)

    placed = placement.place(data, closed / installed.relative_to(installed.parents[2]))
    assert placed.programs.is_relative_to(data)
    assert placed.account is not None
    version = subprocess.run(
        [placed.programs / "initdb", "--version"], user=placed.account.uid, check=False
    )
    assert version.returncode == 0


async def test_a_directory_that_cannot_be_written_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LocalProblem, match=r"^cannot write to .*NLU_DATA_DIR.*$"):
        await Postgres(tmp_path / "file" / "data").start()


def test_a_data_directory_has_one_stack(data: Path) -> None:
    with owned(data), pytest.raises(LocalProblem, match="another stack runs on"), owned(data):
        pass
    with owned(data):
        pass


def test_a_port_asked_for_must_be_free_and_a_usual_one_gives_way() -> None:
    with socket.create_server((HOST, 0)) as holder:
        taken = holder.getsockname()[1]
        with pytest.raises(PortTaken, match=f"port {taken} is in use.*THE_PORT"):
            ports.listen("THE_PORT", taken, default=1)
        with ports.listen("THE_PORT", None, default=taken) as other:
            assert other.getsockname()[1] != taken


def test_a_port_is_held_from_the_moment_it_is_chosen() -> None:
    with ports.listen("", None, default=0) as first:
        port = first.getsockname()[1]
        with ports.listen("", None, default=port) as second:
            assert second.getsockname()[1] != port


async def test_a_port_lost_between_choosing_and_binding_is_chosen_again() -> None:
    tried: list[int] = []
    with socket.socket() as thief:

        async def launch(port: int) -> None:
            tried.append(port)
            if len(tried) == 1:
                thief.bind((HOST, port))
                raise ProcessDied("server", 1, "address in use")

        assert await ports.bind(0, launch) == tried[1]
