"""A spool before a real nlu-logger, and what that has in the end."""

import asyncio
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
from nlu_shared.client.spool import Spool
from nlu_shared.ids import uuid7
from nlu_shared.schemas.predictions import OutcomeIn, PredictionIn

from tests.fixtures.databases import BOOTSTRAP_KEY
from tests.fixtures.stack import Stack

NOWHERE = "http://127.0.0.1:9"


def said(task: str, text: str = "hello", log_id: UUID | None = None) -> PredictionIn:
    return PredictionIn(
        id=log_id or uuid7(), task=task, prompt=text, predicted_intent="greet", confidence=0.5
    )


def ended(was_successful: bool) -> OutcomeIn:
    return OutcomeIn(was_successful=was_successful)


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
