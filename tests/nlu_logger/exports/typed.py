"""A program run as an operator types it."""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path

PROGRAM = Path(sys.executable).parent / "nlu-logger"


async def typed(
    *arguments: str | Path, env: Mapping[str, str] | None = None, program: Path = PROGRAM
) -> tuple[int | None, str, str]:
    """How the program ended, what it printed, what it told on standard error."""
    process = await asyncio.create_subprocess_exec(
        program,
        *arguments,
        env={"PATH": os.environ["PATH"], **(env or {})},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    printed, told = await process.communicate()
    return process.returncode, printed.decode(), told.decode().strip()
