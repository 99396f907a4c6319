"""Child processes that cannot outlive us, and their end.

Not here: which processes there are and in which order (`stack`).
"""

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from deploy.local.problems import LocalProblem, ProcessDied

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None
POLL_SECONDS = 0.02


@dataclass(frozen=True)
class Account:
    """Another user to run as."""

    name: str
    uid: int
    gid: int


@dataclass
class Child:
    """`start` makes its process, the first and any later one."""

    name: str
    process: asyncio.subprocess.Process
    log: Path
    start: Callable[[], Coroutine[Any, Any, asyncio.subprocess.Process]]

    @property
    def running(self) -> bool:
        return self.process.returncode is None

    def died(self) -> ProcessDied:
        return ProcessDied(self.name, self.process.returncode, tail(self.log))

    async def ready(self, check: Callable[[], Awaitable[bool]], *, seconds: float) -> None:
        """Returns once `check` is true; raises ProcessDied, or LocalProblem after `seconds`."""
        deadline = asyncio.get_running_loop().time() + seconds
        while not await check():
            if not self.running:
                raise self.died()
            if asyncio.get_running_loop().time() > deadline:
                raise LocalProblem(
                    f"{self.name} was not ready after {seconds:.0f} s. Its last words:\n"
                    f"{tail(self.log)}"
                )
            await asyncio.sleep(POLL_SECONDS)

    async def answers(self, url: str, *, seconds: float) -> None:
        """Returns once a GET is answered with 200; raises as `ready` does."""
        async with httpx2.AsyncClient(trust_env=False, timeout=5) as http:

            async def is_ok() -> bool:
                try:
                    return (await http.get(url)).status_code == httpx2.codes.OK
                except httpx2.HTTPError:
                    return False

            await self.ready(is_ok, seconds=seconds)

    async def restart(self) -> None:
        """The same command again, its output after what the last one said. Cancelled meanwhile, it
        still knows its process, so that `stop` ends the right one."""
        starting = asyncio.create_task(self.start())
        try:
            self.process = await asyncio.shield(starting)
        except asyncio.CancelledError:
            self.process = await starting
            raise

    async def stop(self, asks: Sequence[signal.Signals], *, seconds: float = 8.0) -> None:
        """Sends each signal in turn, `seconds` apart, then SIGKILL; returns once it is gone."""
        for ask in (*asks, signal.SIGKILL):
            with suppress(ProcessLookupError):
                self.process.send_signal(ask)
            with suppress(TimeoutError):
                await asyncio.wait_for(self.process.wait(), seconds)
                return
        await self.process.wait()


async def spawn(
    name: str,
    command: Sequence[str | Path],
    *,
    log: Path,
    env: Mapping[str, str],
    account: Account | None = None,
    on_orphaned: signal.Signals = signal.SIGKILL,
    inherited: Sequence[int] = (),
) -> Child:
    """Starts `command` in a session of its own, so that Ctrl-C reaches us alone, its output
    appended to `log`. When we die by whatever signal, the kernel sends it `on_orphaned`. Of our
    file descriptors it has the `inherited`.
    """

    async def start() -> asyncio.subprocess.Process:
        with log.open("ab") as output:
            return await asyncio.create_subprocess_exec(
                *(os.fspath(part) for part in command),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
                env=dict(env),
                start_new_session=True,
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
                pass_fds=inherited,
                preexec_fn=die_with(os.getpid(), on_orphaned),
            )

    return Child(name, await start(), log, start)


def die_with(parent: int, with_signal: signal.Signals) -> Callable[[], None]:
    """What a new child does before its program starts (Linux; elsewhere nothing).

    It runs after the change of user, which would clear the setting. The kernel watches the
    thread that started the child, so children are started from the main thread only.
    """

    def bind() -> None:
        if _libc is None:
            return
        _libc.prctl(_PR_SET_PDEATHSIG, int(with_signal))
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)

    return bind


def fresh_log(data: Path, name: str) -> Path:
    """`logs/NAME.log` in the data directory; the one before becomes `logs/NAME.previous.log`."""
    logs = data / "logs"
    logs.mkdir(mode=0o700, exist_ok=True)
    log = logs / f"{name}.log"
    if log.exists():
        log.replace(logs / f"{name}.previous.log")
    return log


def tail(log: Path, lines: int = 20) -> str:
    with suppress(OSError):
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    return ""
