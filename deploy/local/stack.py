"""The whole stack in its order: servers, schemas, model, APIs, workers; stopped in reverse.

Not here: signals and the terminal (`supervisor`), what each process is told (`environments`).
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from socket import socket
from typing import Any

from induction.settings import Settings as OfInduction
from nlu_logger.settings import Settings as OfLogger
from nlu_shared.kit.environment import UnusableSettings, require_readable
from nlu_shared.kit.errors import ServiceError

from deploy.local import environments, ports
from deploy.local.environments import Environment, Secrets, World
from deploy.local.external import check_database, check_redis
from deploy.local.ownership import Addresses
from deploy.local.ports import HOST
from deploy.local.postgres import Postgres
from deploy.local.problems import LocalProblem, ProcessDied
from deploy.local.process import Child, fresh_log, spawn, tail
from deploy.local.redis import Redis
from deploy.local.restarts import keep
from deploy.local.secrets import keep as keep_secret
from deploy.local.settings import LocalSettings
from deploy.local.waiting import Say, waiting
from deploy.smollm2 import server as smollm2

READY_SECONDS = 60.0
USUAL_PORTS = {"nlu_logger": 8001, "induction": 8002}


@dataclass
class Stack:
    addresses: Addresses
    ports: dict[str, int]
    admin_key: str
    models: Environment
    """How a program reaches the models that induction uses."""
    children: list[Child] = field(default_factory=list)

    async def keep(self, say: Say) -> ProcessDied:
        """Starts again what ends by itself, and says so; returns when one will not stay."""
        keeping = [asyncio.create_task(keep(child, say)) for child in self.children]
        try:
            done, _ = await asyncio.wait(keeping, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in keeping:
                task.cancel()
            await asyncio.gather(*keeping, return_exceptions=True)
        return done.pop().result()


@asynccontextmanager
async def running_stack(settings: LocalSettings, data: Path, say: Say) -> AsyncIterator[Stack]:
    """Everything up and ready inside, everything stopped after; says what takes long. Raises
    LocalProblem."""
    _require_readable()
    secrets = _secrets(data)
    async with AsyncExitStack() as undo:
        listening = _listening(settings, undo)
        at = {service: _port(one) for service, one in listening.items()}
        urls = {service: f"http://{HOST}:{port}" for service, port in at.items()}
        start = _Start(settings, data, undo)
        async with waiting("PostgreSQL and Redis", say):
            world = World(
                admin_database=await start.database(),
                redis=await start.redis(),
                nlu_logger=urls["nlu_logger"],
                induction=urls["induction"],
                models=await start.models(),
            )
        by_service = {
            "nlu_logger": {"NLU_LOGGER_ERASURE_JOURNAL": str(data / "erasures.jsonl")}
            | environments.of_notices("nlu_logger", urls["nlu_logger"], data)
            | environments.nlu_logger(os.environ, world, secrets),
            "induction": environments.of_notices("induction", urls["induction"], data)
            | environments.induction(os.environ, world, secrets),
        }
        async with waiting("the databases to be made or upgraded", say):
            await _all(
                start.migrate(service, environments.migration(service, env, world, secrets))
                for service, env in by_service.items()
            )
        apis = await start.programs("serve", by_service, listening)
        await start.programs("work", by_service, {})
        async with waiting("nlu-logger and induction to answer", say):
            await _all(
                api.answers(f"{url}/readyz", seconds=READY_SECONDS)
                for api, url in zip(apis, urls.values(), strict=True)
            )
        owner = environments.database_url(
            world.admin_database, service="nlu_logger", role="owner", password=secrets.owner
        )
        inherited = os.environ.items()
        own = {service: dict(env.items() - inherited) for service, env in by_service.items()}
        addresses = Addresses(urls["nlu_logger"], urls["induction"], owner, own)
        addresses.publish(data)
        yield Stack(addresses, at, secrets.admin_key, world.models, start.children)


@dataclass
class _Start:
    """Starts one thing at a time, and notes how to stop it and whom to watch."""

    settings: LocalSettings
    data: Path
    undo: AsyncExitStack
    children: list[Child] = field(default_factory=list)

    async def database(self) -> str:
        if self.settings.database_url is not None:
            return await check_database(self.settings.database_url.get_secret_value())
        server = await self.undo.enter_async_context(Postgres(self.data))
        self.children.append(server.child)
        return server.admin_url

    async def redis(self) -> str:
        if self.settings.redis_url is not None:
            return await check_redis(self.settings.redis_url.get_secret_value())
        server = await self.undo.enter_async_context(Redis(self.data))
        self.children.append(server.child)
        return server.url

    async def models(self) -> Environment:
        """Which models induction has: the small one of this machine where it is wanted, those that
        the environment names, else the offline model."""
        if self.settings.model == smollm2.NAME:
            child, url = await self.undo.enter_async_context(smollm2.serving(self.data))
            self.children.append(child)
            return environments.smollm2(url)
        named = environments.models(os.environ, self.settings.anthropic_api_key)
        if named is not None:
            return named
        at = self.undo.enter_context(ports.listen("", None, default=0))
        self._watch([await self._spawn("offline model", "offline_model", at=at)])
        return environments.offline(f"http://{HOST}:{_port(at)}")

    async def migrate(self, service: str, env: Environment) -> None:
        child = await self._spawn(f"{service} migrate", f"{service}.cli", "migrate", env=env)
        try:
            code = await child.process.wait()
        finally:
            await child.stop([])
        if code != 0:
            raise LocalProblem(f"{child.name} failed. Its last words:\n{tail(child.log)}")

    async def programs(
        self, verb: str, environments: Mapping[str, Environment], listening: Mapping[str, socket]
    ) -> list[Child]:
        """The same lasting command of each service; they are stopped together."""
        group = []
        for service, env in environments.items():
            at = listening.get(service)
            group.append(
                await self._spawn(f"{service} {verb}", f"{service}.cli", verb, env=env, at=at)
            )
        self._watch(group)
        return group

    def _watch(self, group: Sequence[Child]) -> None:
        self.undo.push_async_callback(_stop, group)
        self.children += group

    async def _spawn(
        self,
        name: str,
        module: str,
        *arguments: str,
        env: Environment | None = None,
        at: socket | None = None,
    ) -> Child:
        name = name.replace("_", "-")
        inherited = [] if at is None else [at.fileno()]
        return await spawn(
            name,
            [sys.executable, "-m", module, *arguments, *(f"--fd={one}" for one in inherited)],
            log=fresh_log(self.data, name.replace(" ", "-")),
            env=os.environ if env is None else env,
            inherited=inherited,
        )


def _port(at: socket) -> int:
    return int(at.getsockname()[1])


async def _stop(group: Sequence[Child]) -> None:
    await _all(child.stop([signal.SIGTERM]) for child in group)


async def _all(steps: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Side by side; all of them end before the first error is raised."""
    for outcome in await asyncio.gather(*steps, return_exceptions=True):
        if outcome is not None:
            raise outcome


def _listening(settings: LocalSettings, undo: AsyncExitStack) -> dict[str, socket]:
    ports_of = {"nlu_logger": settings.nlu_logger_port, "induction": settings.induction_port}
    if None not in ports_of.values() and len(set(ports_of.values())) == 1:
        raise LocalProblem("NLU_LOGGER_PORT and INDUCTION_PORT must differ")
    return {
        service: undo.enter_context(
            ports.listen(f"{service.upper()}_PORT", port, default=USUAL_PORTS[service])
        )
        for service, port in ports_of.items()
    }


def _require_readable() -> None:
    """Before anything is made: what the services could not read would end them after it was."""
    for kind in (OfLogger, OfInduction):
        try:
            require_readable(kind)
        except (UnusableSettings, ServiceError) as wrong:
            raise LocalProblem(str(wrong)) from None


def _secrets(data: Path) -> Secrets:
    return Secrets(
        admin_key=keep_secret(data / "admin.key", prefix="nlk_"),
        induction_key=keep_secret(data / "induction.key", prefix="nlk_"),
        jwt=keep_secret(data / "jwt.secret"),
        owner=keep_secret(data / "owner.password"),
        app=keep_secret(data / "app.password"),
    )
