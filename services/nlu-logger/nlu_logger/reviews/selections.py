"""Which predictions are the audit, and how each reviewed prediction came to be chosen.

The audit is a pure function of (seed, id): a prediction belongs to it when `audit_draw` is below
the share, whatever its confidence. The queue offers the smallest draw first, so at any moment the
part that is worked off is itself a random sample.

Reviewers see hard cases first, in the other queues, and some of those are members of the audit too.
The audit queue hides them as done, so counting only what was reviewed from it would leave the hard
ones out; counting every reviewed member would bring them in before their easy neighbours. So a
member counts once the work has passed its draw: the worked part ends before the first member that
nobody reviewed, and at a draw that the audit itself reached, not another queue. Within it every
reviewed member counts, wherever it was reviewed. A member that was claimed from the audit and given
back, or let lapse, is passed over: that, and what grew older than `review_days` unreviewed, is the
nonresponse. What an end user says of their own prediction is no review.

Each task is worked at its own pace, so each has its own worked part. Lines are only added, never
taken back; `probability` is the share that held when the line was written.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from nlu_shared.kit.access.auth import Caller
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_logger.settings import Settings

# The claim ends with the review; every queue but the audit chooses its items for certain.
END_CLAIM = """
WITH ended AS (
    UPDATE claims SET until = least(until, clock_timestamp())
    WHERE item_id = :id AND held_by = :reviewer
    RETURNING item_id, queue
)
INSERT INTO selections (prediction_id, queue, probability)
SELECT item_id, queue, 1 FROM ended WHERE queue <> 'audit'
ON CONFLICT DO NOTHING
"""
TASKS_OF_MEMBERS = """
SELECT DISTINCT task FROM nlu_prompt_logs
WHERE id = ANY(:ids) AND audit_draw(id, :seed) < cast(:share AS float8)
"""
WORKED_OFF = """
WITH members AS (
    SELECT p.id, audit_draw(p.id, :seed) AS draw,
        EXISTS (
            SELECT FROM corrections c WHERE c.prediction_id = p.id
            AND c.status <> 'rejected' AND c.author NOT LIKE 'user:%'
        ) AS reviewed,
        EXISTS (
            SELECT FROM selections s WHERE s.prediction_id = p.id AND s.queue <> 'audit'
        ) AS elsewhere,
        EXISTS (
            SELECT FROM claims l WHERE l.item_id = p.id AND l.queue = 'audit'
        ) AS passed
    FROM nlu_prompt_logs p
    WHERE p.task = :task AND p.id >= first_id_of(now() - cast(:window AS interval))
        AND audit_draw(p.id, :seed) < cast(:share AS float8)
), worked AS (
    SELECT max(draw) AS draw FROM members
    WHERE reviewed AND NOT elsewhere AND draw < (
        SELECT coalesce(min(draw), 1) FROM members WHERE NOT reviewed AND NOT passed
    )
)
INSERT INTO selections (prediction_id, queue, probability)
SELECT m.id, 'audit', cast(:share AS float8)
FROM members m JOIN worked w ON m.draw <= w.draw WHERE m.reviewed
ORDER BY m.id
ON CONFLICT DO NOTHING
"""


async def reviewed(
    session: AsyncSession, prediction_id: UUID, settings: Settings, *, caller: Caller
) -> None:
    """Ends the caller's claim and writes down how the prediction was chosen."""
    if caller.user_id is not None:
        return
    ended: dict[str, Any] = {"id": prediction_id, "reviewer": caller.subject}
    await session.execute(text(END_CLAIM), ended)
    await audited(session, [prediction_id], settings)


async def audited(
    session: AsyncSession, prediction_ids: Sequence[UUID], settings: Settings
) -> None:
    """Adds the worked part of the audit for the tasks of those predictions that are in it."""
    drawn = {"seed": settings.audit_seed, "share": settings.audit_share}
    tasks = await session.execute(text(TASKS_OF_MEMBERS), {"ids": list(prediction_ids), **drawn})
    for task in sorted(tasks.scalars()):
        window = timedelta(days=settings.review_days)
        await session.execute(text(WORKED_OFF), {"task": task, "window": window, **drawn})
