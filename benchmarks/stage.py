"""Where services are measured: as processes of their own, on tables that are full already."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import httpx2
import uvloop

from deploy.local.ports import free_port
from tests.fixtures.databases import Clone, Databases
from tests.fixtures.servers import Servers, running_servers
from tests.fixtures.stack import client, until

SERVICE = (str(Path(sys.executable).parent / "nlu-logger"), "serve")
INDUCTION = (str(Path(sys.executable).parent / "induction"), "serve")
BARE = (sys.executable, "-m", "benchmarks.bare")
"""The same service, which validates, authenticates and stores nothing."""
_FILL = """
INSERT INTO nlu_prompt_logs (id, prompt, predicted_intent, confidence, body_hash)
SELECT (lpad(to_hex((extract(epoch FROM now()) * 1000)::bigint - n), 12, '0') || '7000'
        || '8' || lpad(to_hex(n), 15, '0'))::uuid,
    'schedule time for math homework, number ' || n, 'scheduling', {confidence}, ''
FROM generate_series(1, $1::int) AS n
"""


@dataclass(frozen=True)
class Process:
    url: str
    process: asyncio.subprocess.Process

    @property
    def pid(self) -> int:
        return self.process.pid

    def cpu_seconds(self) -> float:
        return _cpu_seconds(self.pid)


@asynccontextmanager
async def serving(
    database: Clone, servers: Servers, *, program: tuple[str, ...] = SERVICE, port: int = 0
) -> AsyncIterator[Process]:
    """Answering inside, and told to stop after, unless it has ended by then."""
    port = port or free_port()
    process = await asyncio.create_subprocess_exec(
        *program,
        *("--port", str(port)),
        env=os.environ
        | {
            "NLU_LOGGER_DATABASE_URL": database.app_url,
            "NLU_LOGGER_REDIS_URL": servers.redis_url,
        },
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        await ready_at(url)
        yield Process(url, process)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


@asynccontextmanager
async def program(*command: str, environment: dict[str, str], path: str = "") -> AsyncIterator[str]:
    """Any program that takes `--port`, answering at the URL of `path` inside."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        *command,
        *("--port", str(port)),
        env=os.environ | environment,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        await ready_at(url)
        yield url + path
    finally:
        process.terminate()
        await process.wait()


async def ready_at(url: str) -> None:
    """Returns once a service answers there that it can serve."""

    async def ready() -> bool:
        try:
            async with client(url) as http:
                return (await http.get("/readyz")).status_code == 200
        except httpx2.TransportError:
            return False

    await until(ready)


def alone(run: Callable[[Databases, Servers], Awaitable[None]]) -> None:
    """One benchmark by itself, on servers and databases of its own."""

    async def measured(servers: Servers) -> None:
        databases = Databases(servers)
        try:
            await run(databases, servers)
        finally:
            await databases.drop_all()

    with running_servers() as servers:
        uvloop.run(measured(servers))


async def fill(database: Clone, rows: int, *, confidence: str = "0.9") -> None:
    """`rows` predictions of the last hours; `confidence` is SQL."""
    administrator = await asyncpg.connect(administrator_url(database))
    await administrator.execute(_FILL.format(confidence=confidence), rows, timeout=3600)
    await administrator.execute("VACUUM ANALYZE nlu_prompt_logs", timeout=3600)
    await administrator.execute("CHECKPOINT", timeout=3600)
    await administrator.close()


def administrator_url(database: Clone) -> str:
    """Above row-level security, which COPY and a server-side fill would not pass."""
    return urlunsplit(urlsplit(database.admin_url)._replace(path=f"/{database.name}"))


async def postgres_cpu_seconds(servers: Servers) -> float:
    """Of the server and all its processes so far."""
    administrator = await asyncpg.connect(servers.admin_url)
    content = await administrator.fetchval("SELECT pg_read_file('postmaster.pid')")
    await administrator.close()
    postmaster = int(content.split()[0])
    return _cpu_seconds(postmaster) + sum(map(_cpu_seconds, _children(postmaster)))


def _children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _cpu_seconds(pid: int) -> float:
    """Its own and its ended children's, user and system."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:  # ended meanwhile: its parent has it now
        return 0.0
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
