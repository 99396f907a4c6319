"""`nlu-logger` as an operator types it, where nothing is set but what is given."""

import os
from collections.abc import Mapping
from pathlib import Path

from tests.fixtures import commands


async def typed(
    *arguments: str | Path, env: Mapping[str, str] | None = None
) -> tuple[int | None, str, str]:
    """How the program ended, what it printed, what it told on standard error."""
    ended = await commands.typed(
        "nlu-logger", *arguments, env={"PATH": os.environ["PATH"], **(env or {})}
    )
    return ended.code, ended.printed, ended.complained.strip()
