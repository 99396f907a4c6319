"""Reading what was said and done: how reviewers agree, and the history of one prediction."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from nlu_shared.kit.access.auth import Caller
from nlu_shared.kit.data.pages import cut
from nlu_shared.schemas.audit import AuditLine
from nlu_shared.schemas.base import Page
from nlu_shared.schemas.reviews import Agreement
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_logger.predictions import service as predictions
from nlu_logger.reviews.agreement import by_pair

# What a reviewer said last of a prediction is their code, whatever was decided on it: agreement
# is about the people. A confirmation says the prediction's own answer. Equal jsonb is equal text.
CODED_BY_TWO = """
WITH coded AS (
    SELECT DISTINCT ON (c.prediction_id, c.author) c.prediction_id, c.author,
        CASE WHEN NOT c.is_confirmation
            THEN coalesce(c.corrected_intent, c.corrected_output::text)
            ELSE coalesce(p.output::text, p.predicted_intent) END AS label
    FROM corrections c JOIN nlu_prompt_logs p ON p.id = c.prediction_id
    WHERE c.author NOT LIKE 'user:%'
        AND (cast(:tasks AS text[]) IS NULL OR p.task = ANY(:tasks))
        AND (cast(:task AS text) IS NULL OR p.task = :task)
        AND (cast(:since AS timestamptz) IS NULL OR c.created_at >= :since)
        AND (cast(:until AS timestamptz) IS NULL OR c.created_at < :until)
    ORDER BY c.prediction_id, c.author, c.id DESC
)
SELECT a.author, b.author, a.label, b.label
FROM coded a JOIN coded b ON b.prediction_id = a.prediction_id AND a.author < b.author
"""
HISTORY = """
SELECT id, at, actor, action, subject, details FROM audit_log
WHERE subject IN (
    SELECT cast(cast(:id AS uuid) AS text) UNION ALL
    SELECT c.id::text FROM corrections c WHERE c.prediction_id = cast(:id AS uuid)
) AND (cast(:after AS uuid) IS NULL OR id > :after)
ORDER BY id LIMIT :limit
"""


async def agreement(
    session: AsyncSession,
    *,
    caller: Caller,
    task: str | None,
    since: datetime | None,
    until: datetime | None,
) -> Agreement:
    """Every pair of reviewers who coded the same predictions; said from `since`, before `until`."""
    tasks = caller.task_list
    params = {"tasks": tasks, "task": task, "since": since, "until": until}
    rows = await session.execute(text(CODED_BY_TWO), params)
    return Agreement(pairs=by_pair((a, b, one, other) for a, b, one, other in rows))


async def history(
    session: AsyncSession,
    prediction_id: UUID,
    *,
    caller: Caller,
    after: UUID | None,
    limit: int,
) -> Page[AuditLine]:
    """Who changed what about a prediction and its corrections, the oldest first.

    Raises NotFound for a prediction the caller may not see.
    """
    await predictions.get(session, prediction_id, caller=caller)
    params = {"id": prediction_id, "after": after, "limit": limit + 1}
    rows: Sequence[Any] = (await session.execute(text(HISTORY), params)).all()
    page, cursor = cut(rows, limit)
    return Page(
        items=[AuditLine.model_validate(dict(row._mapping)) for row in page],
        next_cursor=cursor,
    )
