"""What a canary is compared with, and in which epoch of answers a run asks."""

from uuid import UUID

from nlu_shared.schemas.canary import CanaryAnswer
from nlu_shared.schemas.runs import RunKind
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.runs.models import RunRow

_REFERENCE = text(
    """
    SELECT id FROM runs
    WHERE task = :task AND kind = 'canary' AND status = 'completed' AND canary IS NOT NULL
        AND baseline_version_id = :version AND task_model = :model AND scorer = :scorer
        AND labels_version IS NOT DISTINCT FROM :labels_version
    ORDER BY (canary->'drifted')::boolean DESC,
        CASE WHEN (canary->'drifted')::boolean THEN id END DESC, id
    LIMIT 1
    """
)
_EPOCH = text(
    """
    SELECT epoch FROM runs
    WHERE task = :task AND kind = 'canary' AND task_model = :model
        AND (canary->'drifted')::boolean
    ORDER BY id DESC LIMIT 1
    """
)


async def place(session: AsyncSession, row: RunRow) -> None:
    """A canary asks in an epoch of its own, and is compared with the last one that found another
    model, else with the first. Any other run asks in the epoch of the last one that did: what the
    model answered before it changed says nothing of it now."""
    about = {"task": row.task, "model": row.task_model}
    if row.kind != RunKind.CANARY:
        row.epoch = (await session.execute(_EPOCH, about)).scalar_one_or_none() or 0
        return
    row.epoch = (await session.execute(text("SELECT nextval('run_epochs')"))).scalar_one()
    earlier = await session.execute(
        _REFERENCE,
        {
            **about,
            "version": row.baseline_version_id,
            "scorer": row.scorer,
            "labels_version": row.labels_version,
        },
    )
    row.compares_with = earlier.scalar_one_or_none()


async def answers(session: AsyncSession, run_id: UUID | None) -> tuple[CanaryAnswer, ...]:
    """Of a canary that has ended."""
    row = None if run_id is None else await session.get(RunRow, run_id)
    answers = () if row is None else row.canary_answers or ()
    return tuple(map(CanaryAnswer.model_validate, answers))
