"""A real PostgreSQL 18 from a wheel's programs: a foreground child, loopback TCP only.

Not here: databases and roles (each service's `migrate`), where files go (`placement`).
"""

import asyncio
import os
import shutil
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import asyncpg

from deploy.local.placement import Placement, place, wheel_programs
from deploy.local.ports import HOST, bind
from deploy.local.problems import LocalProblem
from deploy.local.process import POLL_SECONDS, Child, fresh_log, spawn, tail
from deploy.local.secrets import keep, open_directory, write_private

ADMIN = "postgres"
MAJOR = "18"
START_SECONDS = 60.0
"""Recovery after a crash is part of a start."""
_ENV = {"LC_ALL": "C", "TZ": "UTC", "PATH": "/usr/bin:/bin"}


@dataclass
class Postgres:
    """`async with Postgres(data)`: running and answering inside, stopped after.

    Durable as shipped: fsync, full_page_writes and synchronous_commit stay on. A second start
    on the same directory finds what was committed. `port` 0 takes a free one and is then set.
    """

    data: Path
    port: int = 0
    _child: Child | None = None

    @property
    def password(self) -> str:
        return keep(self.data / "postgres.password")

    @property
    def admin_url(self) -> str:
        """As the server's administrator, on the database `postgres`."""
        return f"postgresql://{ADMIN}:{self.password}@{HOST}:{self.port}/postgres"

    @property
    def child(self) -> Child:
        if self._child is None:
            raise RuntimeError("PostgreSQL was not started")
        return self._child

    async def start(self) -> None:
        """Raises LocalProblem with one line that says what is missing or in the way."""
        self.data = open_directory(self.data.absolute())
        placement = place(self.data, wheel_programs())
        cluster = placement.home / "cluster"
        if not cluster.exists():
            await self._initialise(placement, cluster)
        _check_version(cluster)
        await _previous_end(cluster)

        async def launch(port: int) -> None:
            self.port = port
            await self._launch(placement, cluster)

        await bind(self.port, launch)

    async def stop(self) -> None:
        """Fast shutdown: open transactions end, everything committed is on disk."""
        if self._child is not None:
            await self._child.stop([signal.SIGINT, signal.SIGQUIT])
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

    async def _initialise(self, placement: Placement, cluster: Path) -> None:
        """Makes the cluster beside its final name, so that a cut attempt leaves nothing half."""
        fresh, password = cluster.with_name("cluster.new"), cluster.with_name("initial.password")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        write_private(password, self.password)
        if placement.account:
            for path in (fresh, password):
                os.chown(path, placement.account.uid, placement.account.gid)
        log = fresh_log(self.data, "initdb")
        try:
            child = await spawn(
                "initdb",
                [
                    placement.programs / "initdb",
                    *("-D", fresh, "-U", ADMIN, "--pwfile", password, "-E", "UTF8"),
                    *("--auth=scram-sha-256", "--locale-provider=builtin", "--locale=C.UTF-8"),
                    "--no-instructions",
                ],
                log=log,
                env=_ENV,
                account=placement.account,
            )
            if await child.process.wait() != 0:
                raise LocalProblem(f"PostgreSQL could not make its files: {_complaint(log)}")
            fresh.rename(cluster)
        except BaseException:
            shutil.rmtree(fresh, ignore_errors=True)
            raise
        finally:
            password.unlink(missing_ok=True)

    async def _launch(self, placement: Placement, cluster: Path) -> None:
        log = fresh_log(self.data, "postgres")
        settings = {
            "listen_addresses": HOST,
            "port": self.port,
            "unix_socket_directories": "",
            "max_connections": 200,
        }
        child = await spawn(
            "PostgreSQL",
            [
                placement.programs / "postgres",
                *("-D", cluster),
                *(part for name, value in settings.items() for part in ("-c", f"{name}={value}")),
            ],
            log=log,
            env=_ENV,
            account=placement.account,
            on_orphaned=signal.SIGINT,
        )
        self._child = child
        try:
            await child.ready(self._answers, seconds=START_SECONDS)
        except BaseException:
            await self.stop()
            raise

    async def _answers(self) -> bool:
        try:
            connection = await asyncpg.connect(self.admin_url, timeout=5)
        except asyncpg.InvalidPasswordError:
            raise LocalProblem(
                f"the password in {self.data / 'postgres.password'} is not that of its cluster"
            ) from None
        except (OSError, asyncpg.PostgresError, TimeoutError):
            return False
        try:
            return bool(await connection.fetchval("SELECT 1") == 1)
        finally:
            await connection.close()


def _check_version(cluster: Path) -> None:
    """Raises LocalProblem for files of another PostgreSQL; none of them is touched."""
    with suppress(FileNotFoundError):
        made_by = (cluster / "PG_VERSION").read_text().strip()
        if made_by != MAJOR:
            raise LocalProblem(
                f"the databases in {cluster} were made by PostgreSQL {made_by} and this is"
                f" {MAJOR}: start the version that made them, dump, and restore here"
                " (docs/restore.md), or set NLU_DATA_DIR to another directory"
            )


async def _previous_end(cluster: Path) -> None:
    """Waits for a server whose supervisor was killed and that is still shutting down."""
    deadline = asyncio.get_running_loop().time() + START_SECONDS
    while True:
        if _holder(cluster) is None or asyncio.get_running_loop().time() > deadline:
            return
        await asyncio.sleep(POLL_SECONDS)


def _holder(cluster: Path) -> int | None:
    """The process that serves this cluster now, if any (Linux; elsewhere PostgreSQL says it)."""
    with suppress(OSError, ValueError, IndexError):
        pid = int((cluster / "postmaster.pid").read_text().splitlines()[0])
        if Path(f"/proc/{pid}/cwd").readlink() == cluster:
            return pid
    return None


def _complaint(log: Path) -> str:
    """The line of initdb's output that says why."""
    lines = tail(log).splitlines()
    errors = [line for line in lines if "error:" in line or "FATAL:" in line]
    return (errors or lines[-1:] or ["initdb said nothing"])[0]
