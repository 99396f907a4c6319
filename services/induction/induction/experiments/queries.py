"""What is known of experiments from rows."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from nlu_shared.kit.access import names
from nlu_shared.kit.data.orders import Sorts, ordered
from nlu_shared.kit.data.pages import cut
from nlu_shared.kit.errors import NotFound
from nlu_shared.kit.order import NEWEST, Order
from nlu_shared.schemas.base import Page
from nlu_shared.schemas.experiments import (
    SHORT_HOURS,
    Arm,
    ArmCount,
    Experiment,
    ExperimentEvidence,
    ExperimentIn,
    ExperimentStatus,
    ExperimentStep,
)
from nlu_shared.schemas.prompts import ServingAlias
from sqlalchemy import Float, Integer, case, cast, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.experiments.evidence import UnitCount, difference
from induction.experiments.models import ExperimentRow, ExperimentStepRow
from induction.prompts.models import PromptMoveRow
from induction.tasks import service as tasks

NO_TIME = (
    "Units have less than a minute for their outcome: one without it when it is looked at, nearly"
    " every one, counts as a failure."
)
_COUNT = text(
    """
    INSERT INTO experiment_counts AS held
        (experiment_id, n, arm, predicted_intent, units, ended, successes)
    VALUES (:id, :n, :arm, :intent, :units, :ended, :successes)
    ON CONFLICT (experiment_id, n, arm, predicted_intent) DO UPDATE SET
        units = held.units + excluded.units, ended = held.ended + excluded.ended,
        successes = held.successes + excluded.successes
    """
)
_COUNTED = text(
    """
    SELECT n, share, arm, predicted_intent, units, ended, successes
    FROM experiment_counts JOIN experiment_steps USING (experiment_id, n)
    WHERE experiment_id = :id ORDER BY n, arm, predicted_intent
    """
)


async def now(session: AsyncSession) -> datetime:
    """By the clock that steps are stamped by."""
    moment: datetime = (await session.exec(select(func.now()))).one()
    return moment


async def get(
    session: AsyncSession, task: str, experiment_id: UUID, *, hold: bool = False
) -> ExperimentRow:
    """Raises NotFound. `hold`: until the commit nobody else changes it."""
    row = await session.get(
        ExperimentRow, experiment_id, populate_existing=True, with_for_update=hold or None
    )
    if row is None or row.task != task:
        raise NotFound("There is no such experiment.", code="unknown_experiment")
    return row


async def running(session: AsyncSession) -> list[tuple[str, UUID]]:
    """Task and id, the oldest first."""
    chosen = select(ExperimentRow.task, ExperimentRow.id).where(
        ExperimentRow.status == ExperimentStatus.RUNNING.value
    )
    return list((await session.exec(chosen.order_by(col(ExperimentRow.id)))).all())


async def overtaken(session: AsyncSession, task: str) -> list[tuple[ExperimentRow, datetime]]:
    """The task's that is running, where production has moved since it was looked at, and when."""
    running = ExperimentRow.status == ExperimentStatus.RUNNING.value
    chosen = select(ExperimentRow, moved_at()).where(ExperimentRow.task == task, running)
    return list((await session.exec(chosen.where(moved_at().is_not(None)))).all())


async def giving(session: AsyncSession, task: str) -> ExperimentRow | None:
    """The task's experiment that gives units its b now; there is one at most."""
    chosen = select(ExperimentRow).where(
        ExperimentRow.task == task,
        col(ExperimentRow.over_at_move).is_(None),
        moved_at().is_(None),
    )
    return (await session.exec(chosen)).one_or_none()


async def steps(session: AsyncSession, experiment_id: UUID) -> list[ExperimentStepRow]:
    """The oldest first; there is one at least."""
    chosen = select(ExperimentStepRow).where(ExperimentStepRow.experiment_id == experiment_id)
    return list((await session.exec(chosen.order_by(col(ExperimentStepRow.n)))).all())


async def add_counts(
    session: AsyncSession, experiment_id: UUID, counts: Iterable[ArmCount], guarded: set[str]
) -> None:
    """To those that are held. Intents that nobody guards are one, without a name."""
    for one in counts:
        params = one.model_dump(include={"units", "ended", "successes"})
        intent = one.predicted_intent if one.predicted_intent in guarded else ""
        params |= {"id": experiment_id, "n": one.step + 1, "arm": one.arm.value, "intent": intent}
        await session.execute(_COUNT, params)


async def counted(session: AsyncSession, experiment_id: UUID) -> list[tuple[int, UnitCount]]:
    """Step and units, in order."""
    rows = await session.execute(_COUNTED, {"id": experiment_id})
    return [
        (
            row.n,
            UnitCount(
                share=row.share,
                arm=Arm(row.arm),
                intent=row.predicted_intent,
                units=row.units,
                ended=row.ended,
                successes=row.successes,
            ),
        )
        for row in rows
    ]


def moved_at() -> Any:
    """When production moved to another version than the one the experiment began with; null where
    that was over before. Told by the numbers of moves: a clock may step back."""
    n = col(PromptMoveRow.n)
    moves = select(PromptMoveRow.moved_at).where(
        PromptMoveRow.task == ExperimentRow.task,
        PromptMoveRow.alias == ServingAlias.PRODUCTION.value,
        n == ExperimentRow.began_at_move + 1,
        n <= func.coalesce(ExperimentRow.over_at_move, n),
    )
    return moves.correlate(ExperimentRow).scalar_subquery()


def gives_b_until() -> Any:
    """Since when the experiment gives nobody its b any more; null while it does."""
    is_won = col(ExperimentRow.status) == ExperimentStatus.WON.value
    decided = case((~is_won, col(ExperimentRow.ended_at)))
    return func.coalesce(moved_at(), ExperimentRow.stopped_at, decided)


async def moved(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, datetime]:
    """When production moved away from experiments; those it has not are left out. What has is over:
    it gives nobody its b any more, whatever serves later."""
    chosen = select(ExperimentRow.id, moved_at()).where(col(ExperimentRow.id).in_(ids))
    return {row[0]: row[1] for row in await session.exec(chosen) if row[1] is not None}


async def left_at(session: AsyncSession, row: ExperimentRow) -> datetime | None:
    """When production moved away from the experiment; None: it has not."""
    return (await moved(session, [row.id])).get(row.id)


async def view(session: AsyncSession, row: ExperimentRow) -> Experiment:
    moved_since = await left_at(session, row)
    return _view(row, await steps(session, row.id), await _names(session, [row]), moved_since)


async def _names(session: AsyncSession, rows: Sequence[ExperimentRow]) -> Mapping[str, str]:
    """Of whoever began, ended or stopped them."""
    subjects = {one for row in rows for one in (row.by, row.ended_by, row.stopped_by) if one}
    return await names.within(session, subjects)


def _view(
    row: ExperimentRow,
    taken: Sequence[ExperimentStepRow],
    named: Mapping[str, str],
    production_moved_at: datetime | None,
) -> Experiment:
    """
    row: the experiment.
    taken: its steps, one at least.
    named: what people call those it names.
    production_moved_at: None: it has not moved since, or not before the experiment was over.
    """
    status = ExperimentStatus(row.status)
    fields = {"id", "task", "a_version_id", "b_version_id", "centre", "conclusion", "proposal_id"}
    ends = {"by", "created_at", "ended_at", "ended_by", "stopped_at", "stopped_by"}
    return Experiment(
        **row.model_dump(include=fields | ends | {"stopped_because"}),
        status=status,
        share=taken[-1].share if row.gives_b and production_moved_at is None else 0.0,
        plan=row.planned(),
        notes=_notes(row.planned()),
        steps=[
            ExperimentStep(n=one.n, share=one.share, since=one.since, reason=one.reason)
            for one in taken
        ],
        evidence=_observed(row.observed()),
        by_name=named[row.by],
        ended_by_name=named[row.ended_by] if row.ended_by else None,
        stopped_by_name=named[row.stopped_by] if row.stopped_by else None,
        production_moved_at=production_moved_at,
    )


def _notes(plan: ExperimentIn) -> list[str]:
    return [NO_TIME] if plan.outcome_within_hours < SHORT_HOURS else []


def _observed(evidence: ExperimentEvidence | None) -> ExperimentEvidence | None:
    """An old look was stored with an estimate in the place of the difference of its rates."""
    if evidence is None:
        return None
    return evidence.model_copy(update={"difference": difference(evidence.arms)})


def _of_evidence(name: str) -> Any:
    return cast(col(ExperimentRow.evidence)[name].astext, Float)


def _share() -> Any:
    """Of units that get the candidate now."""
    newest = (
        select(ExperimentStepRow.share)
        .where(ExperimentStepRow.experiment_id == col(ExperimentRow.id))
        .order_by(col(ExperimentStepRow.n).desc())
        .limit(1)
    )
    gives = col(ExperimentRow.over_at_move).is_(None) & moved_at().is_(None)
    return case((gives, newest.scalar_subquery()), else_=0.0)


def _units() -> Any:
    """That have settled, of both versions."""
    arms = func.jsonb_array_elements(col(ExperimentRow.evidence)["arms"]).table_valued("value")
    units = cast(cast(arms.c.value, JSONB)["units"].astext, Integer)
    return select(func.sum(units)).select_from(arms).scalar_subquery()


SORTS: Sorts = {
    "began": col(ExperimentRow.id),
    "candidate": col(ExperimentRow.b_version_id),
    "against": col(ExperimentRow.a_version_id),
    "status": col(ExperimentRow.status),
    "share": _share(),
    "units": _units(),
    "difference": _of_evidence("difference"),
    "better": _of_evidence("better"),
    "worse": _of_evidence("worse"),
    "by": col(ExperimentRow.by),
}
"""What experiments can be ordered by."""


async def page(
    session: AsyncSession, task: str, *, before: UUID | None, limit: int, order: Order = NEWEST
) -> Page[Experiment]:
    """Of a task, the newest first or in an order, without the course of their evidence. Raises
    NotFound."""
    await tasks.get(session, task)
    chosen = select(ExperimentRow).where(ExperimentRow.task == task)
    key = ExperimentRow.id
    arranged = await ordered(session, chosen, SORTS, order, id=key, before=before)
    page, cursor = cut((await session.execute(arranged.limit(limit + 1))).scalars().all(), limit)
    taken = await _steps_of(session, [one.id for one in page])
    named = await _names(session, page)
    moves = await moved(session, [one.id for one in page])
    items = [_brief(_view(one, taken[one.id], named, moves.get(one.id))) for one in page]
    return Page(items=items, next_cursor=cursor)


async def _steps_of(
    session: AsyncSession, experiment_ids: Collection[UUID]
) -> dict[UUID, list[ExperimentStepRow]]:
    chosen = select(ExperimentStepRow).where(
        col(ExperimentStepRow.experiment_id).in_(experiment_ids)
    )
    by_experiment: dict[UUID, list[ExperimentStepRow]] = defaultdict(list)
    for one in await session.exec(chosen.order_by(col(ExperimentStepRow.n))):
        by_experiment[one.experiment_id].append(one)
    return by_experiment


def _brief(shown: Experiment) -> Experiment:
    if shown.evidence is None:
        return shown
    return shown.model_copy(update={"evidence": shown.evidence.model_copy(update={"course": []})})
