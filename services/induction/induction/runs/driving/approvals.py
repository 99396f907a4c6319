"""Changes that wait for a person: the run rests meanwhile, and is woken by the answer or the time.

A resting run is held by nobody: `awaiting_approval`, to be claimed when its time is over. Whoever
claims it replays it up to the wait, and hears there what was decided.
"""

from uuid import UUID

from nlu_shared.kit.access import audit
from nlu_shared.kit.errors import Conflict
from nlu_shared.schemas.runs import RunStatus
from nlu_shared.schemas.steering import Decision
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.history import approvals as history
from induction.runs import service
from induction.runs.driving import journal
from induction.runs.models import RunRow

WAITS = "waits for approval of change {} until {:%Y-%m-%d %H:%M:%S} UTC"
ACTIONS = {Decision.APPROVED: "runs.approve", Decision.VETOED: "runs.veto"}
_REST = """
UPDATE runs SET status = 'awaiting_approval', reason = :reason, lease_until = NULL,
    idle_since = now(), not_before = :until
WHERE id = :id
"""


class NotAwaited(Conflict):
    code = "change_not_awaited"
    title = "The run does not wait for approval of this change"


async def rests(session: AsyncSession, run_id: UUID, fence: int) -> bool:
    """Whether the run was let go until somebody decides: not where a pause or a cancellation is to
    be heard first. Raises LeaseLost."""
    row = await journal.held(session, run_id, fence)
    waiting = await history.current(session, run_id)
    if waiting is None or row.pause_requested or row.cancel_requested:
        return False
    if await history.decide_by_time(session, run_id, waiting.n):
        return False
    reason = WAITS.format(waiting.n, waiting.until)
    await session.execute(text(_REST), {"id": run_id, "reason": reason, "until": waiting.until})
    return True


async def approve(session: AsyncSession, run_id: UUID, n: int, *, by: str) -> RunRow:
    """The change is kept. Raises NotFound, NotAwaited, Conflict where the run is over."""
    return await _decide(session, run_id, n, Decision.APPROVED, by=by)


async def veto(session: AsyncSession, run_id: UUID, n: int, *, by: str, reason: str) -> RunRow:
    """It is not, and the next proposals hear why. Raises as `approve` does."""
    return await _decide(session, run_id, n, Decision.VETOED, by=by, reason=reason)


async def _decide(
    session: AsyncSession,
    run_id: UUID,
    n: int,
    decision: Decision,
    *,
    by: str,
    reason: str | None = None,
) -> RunRow:
    # Its row is locked by whoever lets the run go, too: no answer falls between the two.
    row = await service.locked(session, run_id)
    if not await history.decide(session, run_id, n, decision, by=by, reason=reason):
        raise NotAwaited
    if row.status == RunStatus.PAUSED:
        row.reason = None
    if row.status == RunStatus.AWAITING_APPROVAL:
        row.status = RunStatus.WAITING
        row.not_before = row.reason = None
        await service.enqueue_run(session, run_id)
    await audit.record(session, actor=by, action=ACTIONS[decision], subject=run_id, n=n)
    return row
