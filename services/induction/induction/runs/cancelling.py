"""A run is ended by an operator: by who drives it, or here where nobody does."""

from uuid import UUID

from nlu_shared.schemas.events import RunFinished
from nlu_shared.schemas.runs import RunStatus
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.engine.runtime import CANCELLED
from induction.runs import service
from induction.runs.driving import journal
from induction.runs.models import RunRow


async def cancel(session: AsyncSession, run_id: UUID) -> RunRow:
    """Ends the run at its next step, keeping its best prompt; the test split stays untouched. A
    parked one ends here: its next step would be to ask again what nobody answers."""
    row = await service.locked(session, run_id)
    row.cancel_requested = True
    row.pause_requested = False
    if row.status == RunStatus.PARKED:
        await journal.end(session, row, RunFinished(status="cancelled", reason=CANCELLED))
        await session.refresh(row)
    elif row.status in {RunStatus.PAUSED, RunStatus.AWAITING_APPROVAL}:
        row.status = RunStatus.WAITING
        row.not_before = None
    await service.enqueue_run(session, run_id)
    return row
