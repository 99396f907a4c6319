"""The versions that a run of a task can begin with: one statement."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

MOST = 100
_BEGINNINGS = text(
    """
    SELECT id, version_hash, created_at,
        jsonb_path_query_array(content, '$.instructions[*].name') AS blocks,
        jsonb_path_query_array(content, '$.instructions[*] ? (@.protected == true).name')
            AS protected
    FROM prompt_versions
    WHERE task = :task AND NOT content ? 'members'
    ORDER BY id = ANY(:first) DESC, id DESC LIMIT :most
    """
)


@dataclass(frozen=True, slots=True)
class Beginning:
    """A version and the names of its blocks; those that are `protected` no change may edit."""

    id: UUID
    version_hash: str
    created_at: datetime
    blocks: list[str]
    protected: list[str]


async def beginnings(
    session: AsyncSession, task: str, *, first: Collection[UUID]
) -> list[Beginning]:
    """The newest MOST with one text, after those that are named. A vote has none."""
    params = {"task": task, "first": list(first), "most": MOST}
    rows = await session.execute(_BEGINNINGS, params)
    return [Beginning(**row) for row in rows.mappings()]
