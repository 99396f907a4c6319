"""Workers, PostgreSQL and Redis, the network between them, and what befalls them."""

import asyncio
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import asyncpg
import redis.asyncio
from nlu_shared.kit.settings import asyncpg_url

from deploy.local import placement
from deploy.local.postgres import Postgres
from deploy.local.problems import LocalProblem
from deploy.local.redis import Redis
from deploy.local.secrets import make_temporary
from tests.faults import audit
from tests.faults.cable import laid
from tests.faults.hosts import host
from tests.fixtures.databases import Databases
from tests.fixtures.servers import Servers
from tests.fixtures.stack import Stack, opened, until

PATIENT_SECONDS = 180.0
"""For what waits on a machine that is busy with ten processes."""
MOST_CRASHES = 3
"""Crashes in a row without progress that a run gets; five would rightly fail it."""
SERVERS = (
    "INDUCTION_DATABASE_URL",
    "INDUCTION_REDIS_URL",
    "INDUCTION_NLU_LOGGER_URL",
    "ANTHROPIC_BASE_URL",
)
"""What a worker connects to, by the settings that say where."""
_ENDANGERED = """
SELECT EXISTS (
    SELECT FROM runs WHERE status = 'running' AND crashes >= $1 AND last_event + (
        SELECT count(*) FROM llm_calls WHERE run_id = runs.id AND outcome IS NOT NULL
    ) <= progress_at_claim)
"""
_DRIVING = """
SELECT DISTINCT claim.login FROM runs JOIN storm_claims AS claim
    ON claim.run_id = runs.id AND claim.fence = runs.fence
WHERE runs.status = 'running' AND runs.lease_until > clock_timestamp()
"""


@asynccontextmanager
async def stage(**changed: Any) -> AsyncIterator[tuple[Stack, Postgres, Redis, Path]]:
    """Servers, services and databases that nobody else has."""
    data = make_temporary("nlu-storm-")
    try:
        async with Postgres(data) as postgres, Redis(data) as redis:
            databases = Databases(Servers(postgres.admin_url, redis.url))
            async with opened(
                databases,
                databases.servers,
                provider="anthropic",
                concurrency=4,
                **changed,
            ) as stack:
                yield stack, postgres, redis, data
    finally:
        placement.remove(data)


class Network(Protocol):
    def cut(self) -> None: ...

    def mend(self) -> None: ...


@dataclass
class Worker:
    """A process of its own, with a login and a network of its own for as long as it lives."""

    login: str
    process: asyncio.subprocess.Process
    network: Network

    @property
    def is_alive(self) -> bool:
        return self.process.returncode is None


@dataclass
class Storm:
    """`blows` counts what was done, to workers always to one that drove a run; `left` are workers
    that ended by themselves. Where they are `apart`, each is on a host of its own, and a cut parts
    it from everything; otherwise from PostgreSQL alone."""

    stack: Stack
    postgres: Postgres
    redis: Redis
    logs: Path
    chance: random.Random
    size: int = 3
    apart: bool = False
    workers: list[Worker] = field(default_factory=list)
    blows: Counter[str] = field(default_factory=Counter)
    left: int = 0
    _made: int = 0
    _networks: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def man(self) -> None:
        """Workers up to their number; those that died are replaced."""
        dead = [one for one in self.workers if not one.is_alive]
        self.left += len(dead)
        self.workers = [one for one in self.workers if one.is_alive]
        while len(self.workers) < self.size:
            self.workers.append(await self._worker())

    async def _worker(self) -> Worker:
        self._made += 1
        name = f"storm_worker_{self._made}"
        addresses = dict(self.stack.environment())
        addresses["INDUCTION_DATABASE_URL"] = await audit.login(self.stack.induction_database, name)
        network, command, reached = await self._joined(addresses)
        environment = {
            **os.environ,
            **addresses,
            **reached,
            "INDUCTION_CONCURRENCY": str(self.stack.settings.concurrency),
        }
        with (self.logs / f"{name}.log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *command, sys.executable, "-m", "induction.cli", "work",
                env=environment, stdout=log, stderr=log,
            )  # fmt: skip
        return Worker(name, process, network)

    async def _joined(
        self, addresses: Mapping[str, str]
    ) -> tuple[Network, Sequence[str], Mapping[str, str]]:
        """A network to the servers at these addresses, what begins a command on it, and the
        addresses that differ there."""
        if self.apart:
            servers = {name: addresses[name] for name in SERVERS}
            made = await self._networks.enter_async_context(host(servers))
            return made, made.command, made.urls
        cable, url = await self._networks.enter_async_context(
            laid(addresses["INDUCTION_DATABASE_URL"])
        )
        return cable, (), {"INDUCTION_DATABASE_URL": url}

    async def kill(self) -> None:
        victim = await self._victim("kill")
        victim.process.kill()
        await victim.process.wait()
        self.workers.remove(victim)

    async def freeze(self) -> None:
        """Stopped beyond its lease, and woken where another may have taken its runs."""
        victim = await self._victim("freeze")
        victim.process.send_signal(signal.SIGSTOP)
        await self._lease_runs_out()
        victim.process.send_signal(signal.SIGCONT)

    async def cut(self) -> None:
        """Between a worker and PostgreSQL, until another may have taken its runs; what the worker
        had sent by then comes after."""
        victim = await self._victim("cut")
        victim.network.cut()
        await self._lease_runs_out()
        victim.network.mend()

    async def _lease_runs_out(self) -> None:
        await asyncio.sleep(self.stack.settings.lease_seconds + self.chance.uniform(0.5, 3))

    async def crash(self) -> None:
        """PostgreSQL, without a checkpoint; the second way leaves its children to find out."""
        await until(self._bearable, seconds=PATIENT_SECONDS)
        self.blows["crash"] += 1
        how = self.chance.choice([signal.SIGQUIT, signal.SIGKILL])
        self.postgres.child.process.send_signal(how)
        await self.postgres.child.process.wait()
        await until(self._recovered, seconds=PATIENT_SECONDS)

    async def empty(self) -> None:
        """Redis forgets everything, by a kill or because somebody says so."""
        self.blows["empty"] += 1
        if self.chance.random() < 0.5:
            async with redis.asyncio.from_url(self.redis.url) as client:
                await client.flushall()
            return
        self.redis.child.process.kill()
        await self.redis.child.process.wait()
        await asyncio.sleep(self.chance.uniform(0, 1))
        await self.redis.start()

    async def stop(self) -> None:
        for one in self.workers:
            if one.is_alive:
                one.process.terminate()
        for one in self.workers:
            await one.process.wait()
        await self._networks.aclose()

    async def _victim(self, blow: str) -> Worker:
        """One that drives a run; where one has had its share of crashes without coming any
        further, not before it has."""
        await until(self._bearable, seconds=PATIENT_SECONDS)
        busy: list[Worker] = await until(self._busy, seconds=PATIENT_SECONDS)
        self.blows[blow] += 1
        return self.chance.choice(busy)

    async def _busy(self) -> list[Worker]:
        await self.man()
        driving = {row["login"] for row in await self.fetch(_DRIVING)}
        return [one for one in self.workers if one.login in driving]

    async def _bearable(self) -> bool:
        await self.man()
        ((is_endangered,),) = await self.fetch(_ENDANGERED, MOST_CRASHES)
        return not is_endangered

    async def fetch(self, query: str, *arguments: object) -> list[asyncpg.Record]:
        owner = await asyncpg.connect(asyncpg_url(self.stack.induction_database.owner_url))
        try:
            return list(await owner.fetch(query, *arguments))
        finally:
            await owner.close()

    async def _recovered(self) -> bool:
        with suppress(LocalProblem):  # what it left behind is still ending
            await self.postgres.start()
            return True
        return False
