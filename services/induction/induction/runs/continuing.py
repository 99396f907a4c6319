"""Going on from the best prompt of a run that did not complete, as a new run."""

from uuid import UUID

import httpx2
from nlu_shared.kit.data.db import Database, Identity, session_scope
from nlu_shared.kit.errors import Conflict
from nlu_shared.schemas.continuations import ContinueIn
from nlu_shared.schemas.run_views import RunView
from nlu_shared.schemas.runs import RunRequest, RunStatus, TriggerType
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.cases import service as cases
from induction.runs import service
from induction.runs.models import RunHintRow, RunRow
from induction.runs.queries import pinned_later, view
from induction.settings import Settings

TAKEN_OVER = set(RunRequest.model_fields) & set(RunRow.model_fields) - {"trigger_type"}
MOST_HINTS = 20
COMPLETED = "It has completed: start a run, which begins with the prompt that serves."
ON_TRAFFIC = "Start it anew: the predictions it was started on are not kept."
ACTIVE = "It is not over: it goes on by itself, or once it is resumed."


class NotContinuable(Conflict):
    code = "run_not_continuable"
    title = "The run cannot be continued"


async def continue_run(
    database: Database,
    identity: Identity,
    logger: httpx2.AsyncClient,
    settings: Settings,
    run_id: UUID,
    change: ContinueIn,
) -> RunView:
    """Starts a run as that one was started, from its best prompt, on the ground truth of now.

    Raises NotFound, NotContinuable, and what `service.start` raises.
    """
    async with session_scope(database, identity) as session:
        request = await _request(session, run_id, change)
    truth = await cases.read(database, identity, logger, request.task)
    async with session_scope(database, identity) as session:
        row = await service.store(session, settings, request, truth)
        row.continues = run_id
        return await view(session, row)


async def _request(session: AsyncSession, run_id: UUID, change: ContinueIn) -> RunRequest:
    row = await service.get(session, run_id)
    if row.status == RunStatus.COMPLETED:
        raise NotContinuable(COMPLETED)
    if not RunStatus(row.status).over:
        raise NotContinuable(ACTIVE)
    if row.is_on_traffic:
        raise NotContinuable(ON_TRAFFIC)
    changed = change.model_dump(mode="json", exclude_none=True)
    limits = row.promised.model_dump() | changed.pop("limits")
    models = {"task": row.task_model, "proposer": row.proposer_model} | changed.pop("models")
    return RunRequest.model_validate(
        {
            **row.model_dump(mode="json", include=TAKEN_OVER),
            "trigger_type": TriggerType.MANUAL,
            "prompt_version": row.best_version_id or row.baseline_version_id,
            "limits": limits,
            "models": models,
            "hints": (await hints(session, row))[-MOST_HINTS:],
            "pins": [*row.pins, *(await pinned_later(session, [row.id])).get(row.id, [])],
            **changed,
        }
    )


async def hints(session: AsyncSession, row: RunRow) -> list[str]:
    """Those of its start and those on its way."""
    later = await session.exec(
        select(RunHintRow.hint)
        .where(RunHintRow.run_id == row.id, col(RunHintRow.block).is_(None))
        .order_by(col(RunHintRow.id))
    )
    return [*row.hints, *later]
