"""Reading ground truth: the stream of a task's cases, and the list of cases to forget."""

import json
from collections.abc import AsyncGenerator
from operator import attrgetter
from typing import Any
from uuid import UUID

from nlu_shared.kit.access.auth import Caller
from nlu_shared.kit.data.group_commit import Connection
from nlu_shared.kit.data.pages import cut
from nlu_shared.kit.errors import Conflict
from nlu_shared.kit.http.etags import is_held
from nlu_shared.schemas.base import Page
from nlu_shared.schemas.ground_truth import (
    GroundTruthCase,
    StreamEnd,
)
from nlu_shared.schemas.privacy import ErasedCase
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

ROWS_AT_ONCE = 500
SUM = """
SELECT count(*) AS count, encode(sha256(convert_to(
    coalesce(string_agg(hash || E'\n', '' ORDER BY id), ''), 'UTF8')), 'hex') AS sha256
FROM ground_truth WHERE task = $1
"""


class AnotherList(Conflict):
    code = "another_list"
    title = "This is not the list that was read: a backup was set back"


async def erased(
    session: AsyncSession, *, caller: Caller, after: int, mark: UUID | None, limit: int
) -> Page[ErasedCase]:
    """The cases to forget, in the order in which that was decided.

    Raises AnotherList where number `after` never was in this list, or had another mark in it.
    """
    if after and not await _was_read_here(session, after, mark):
        raise AnotherList("Read it again from 0.")
    tasks = caller.task_list
    rows = await session.execute(
        text(
            """
            SELECT n, mark, case_id, task, why, at FROM erased_cases WHERE n > :after
            AND (CAST(:tasks AS text[]) IS NULL OR task = ANY(:tasks))
            ORDER BY n LIMIT :limit
            """
        ),
        {"after": after, "tasks": tasks, "limit": limit + 1},
    )
    cases = [ErasedCase.model_validate(dict(row._mapping)) for row in rows]
    page, cursor = cut(cases, limit, attrgetter("n"))
    return Page(items=list(page), next_cursor=cursor)


async def _was_read_here(session: AsyncSession, after: int, mark: UUID | None) -> bool:
    known = await session.execute(
        text(
            """
            SELECT EXISTS (SELECT FROM erased_cases WHERE n >= :after
            AND (CAST(:mark AS uuid) IS NULL OR n = :after AND mark = :mark))
            """
        ),
        {"after": after, "mark": mark},
    )
    return bool(known.scalar_one())


async def all_of(
    snapshot: Connection, task: str, *, held: str
) -> tuple[StreamEnd, AsyncGenerator[bytes, None]]:
    """How many cases the task has in this snapshot with the hash of the data set they are, and
    the lines of its stream: none for a caller whose If-None-Match is that data set."""
    row = await snapshot.fetchrow(SUM, task)
    end = StreamEnd(count=row["count"], sha256=row["sha256"])
    return end, _nothing() if is_held(f'"{end.sha256}"', held) else _lines(snapshot, task, end)


async def _nothing() -> AsyncGenerator[bytes, None]:
    return
    yield


async def _lines(snapshot: Connection, task: str, end: StreamEnd) -> AsyncGenerator[bytes, None]:
    """The cases in id order as NDJSON, then `end`, by which a cut stream is known."""
    cursor = await snapshot.cursor(
        """
        SELECT id, task, text, context, truth, case_group, may_quote, hash
        FROM ground_truth WHERE task = $1 ORDER BY id
        """,
        task,
    )
    while rows := await cursor.fetch(ROWS_AT_ONCE):
        yield b"".join(_line(row) for row in rows)
    yield end.model_dump_json().encode() + b"\n"


def _line(row: Any) -> bytes:
    case = GroundTruthCase(
        id=row["id"],
        task=row["task"],
        text=row["text"],
        context=json.loads(row["context"]) if row["context"] else None,
        truth=json.loads(row["truth"]),
        group=row["case_group"],
        may_quote=row["may_quote"],
        hash=row["hash"],
    )
    return case.model_dump_json().encode() + b"\n"
