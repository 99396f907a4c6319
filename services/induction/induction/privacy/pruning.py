"""Old answers, which are most of what a run leaves behind: their hashes stay."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

# The key holds the question's hash, so both sides of an archived call can still be told apart.
PRUNE = text(
    """
    WITH due AS (
        SELECT id FROM runs
        WHERE completed_at < clock_timestamp() - make_interval(secs => :seconds)
            AND answers_pruned_at IS NULL
        ORDER BY completed_at LIMIT 1 FOR UPDATE SKIP LOCKED
    ), pruned AS (
        UPDATE llm_calls SET text_hash = encode(sha256(convert_to(text, 'UTF8')), 'hex'),
            text = NULL
        FROM due WHERE run_id = due.id AND text IS NOT NULL
        RETURNING 1
    )
    UPDATE runs SET answers_pruned_at = clock_timestamp() FROM due WHERE runs.id = due.id
    RETURNING runs.id AS run_id, (SELECT count(*) FROM pruned) AS answers
    """
)


@dataclass(frozen=True, slots=True)
class Pruned:
    run_id: UUID
    answers: int


async def prune(session: AsyncSession, *, days: float) -> Pruned | None:
    """Of the run that ended longest ago, more than `days` ago; None where there is none."""
    row = (await session.execute(PRUNE, {"seconds": days * 86_400})).one_or_none()
    return None if row is None else Pruned(row.run_id, row.answers)
