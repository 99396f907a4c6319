"""A spool before a real nlu-logger, and what that has in the end."""

import asyncio
from pathlib import Path
from typing import Any

import asyncpg
from nlu_shared.client.spool import Spool

from tests.fixtures.databases import BOOTSTRAP_KEY
from tests.fixtures.stack import Stack
from tests.shared.client.spool.words import NOWHERE


def spool_of(folder: Path, url: str, **how: Any) -> Spool:
    return Spool(folder, url=url, key=how.pop("key", BOOTSTRAP_KEY), **how)


def away(folder: Path, **how: Any) -> Spool:
    """Whose service nobody reaches."""
    return spool_of(folder, NOWHERE, closing_seconds=0, **how)


async def stored(stack: Stack, task: str) -> list[dict[str, Any]]:
    """The task's rows, read in SQL."""
    owner = await asyncpg.connect(stack.logger_database.owner_url)
    try:
        rows = await owner.fetch("SELECT * FROM nlu_prompt_logs WHERE task = $1 ORDER BY id", task)
    finally:
        await owner.close()
    return [dict(row) for row in rows]


async def all_of(*calls: Any) -> None:
    await asyncio.gather(*calls)


def files(folder: Path, suffix: str = ".sqlite") -> list[Path]:
    return sorted(folder.glob(f"*{suffix}"))
