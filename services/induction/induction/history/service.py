"""Writing what became of a run's changes, as its events tell it, and reading it back."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from uuid import UUID

from nlu_shared.schemas.candidates import Cost, IterationView
from nlu_shared.schemas.events import (
    ApprovalAwaited,
    ChangeKept,
    ChangeRejected,
    FrontMeasured,
    PromptEvaluated,
    PromptProposed,
    Split,
    StoredEvent,
)
from nlu_shared.schemas.steering import ApprovalView
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.history import approvals
from induction.history.costs import costs_of
from induction.history.models import Outcome, RunApprovalRow, RunChangeRow, Spent

_SHOWN = set(ApprovalView.model_fields)


async def record(
    session: AsyncSession,
    run_id: UUID,
    event: StoredEvent,
    *,
    version_id: UUID | None = None,
    parent_id: UUID | None = None,
    spent: Spent | None = None,
) -> None:
    """Writes what an event says about a change; events about nothing of the kind write nothing.
    The events of one change follow one another.

    session: of the event's commit.
    run_id: of the run.
    event: as the run tells it.
    version_id: that a proposal names by its hash, of a front the winner.
    parent_id: of a proposal.
    spent: by the run, where the event ends a change.
    """
    match event:
        case PromptProposed():
            session.add(
                RunChangeRow(
                    run_id=run_id,
                    n=await _count(session, run_id) + 1,
                    iteration=event.iteration,
                    change=event.change.model_dump(mode="json"),
                    aims=[aim.model_dump(mode="json") for aim in event.aims],
                    version_id=version_id,
                    parent_id=parent_id,
                )
            )
        case PromptEvaluated(split=Split.VALIDATION):
            if row := await _open(session, run_id):
                row.validation_f1 = event.objective
        case ApprovalAwaited():
            if row := await _open(session, run_id):
                row.fixed, row.broke = event.fixed, event.broke
                await approvals.begin(session, run_id, row.n, event)
        case ChangeKept():
            if row := await _open(session, run_id):
                row.outcome, row.fixed, row.broke = Outcome.KEPT, event.fixed, event.broke
                row.spent_calls, row.spent_usd = spent or (None, None)
        case ChangeRejected():
            row = await _rejected(session, run_id, event)
            row.spent_calls, row.spent_usd = spent or (None, None)
        case FrontMeasured():
            await _chosen(session, run_id, version_id)
        case _:
            pass


async def _rejected(session: AsyncSession, run_id: UUID, event: ChangeRejected) -> RunChangeRow:
    row = await _open(session, run_id)
    if row is None:
        n = await _count(session, run_id) + 1
        row = RunChangeRow(run_id=run_id, n=n, iteration=event.iteration)
        session.add(row)
    failed = row.version_id is None or event.version_hash is not None
    row.outcome = Outcome.REJECTED if failed else Outcome.OUTDONE
    row.stage, row.reason = event.stage.value, event.reason
    row.fixed, row.broke = event.fixed, event.broke
    return row


async def _chosen(session: AsyncSession, run_id: UUID, version_id: UUID | None) -> None:
    """The winner was kept, also where a longer prompt stood before it in the search."""
    rows = await session.exec(
        select(RunChangeRow).where(
            RunChangeRow.run_id == run_id, RunChangeRow.version_id == version_id
        )
    )
    for row in rows:
        row.outcome, row.stage, row.reason = Outcome.KEPT, None, None


async def _open(session: AsyncSession, run_id: UUID) -> RunChangeRow | None:
    rows = await session.exec(
        select(RunChangeRow).where(
            RunChangeRow.run_id == run_id, RunChangeRow.outcome == Outcome.OPEN
        )
    )
    return rows.one_or_none()


async def _count(session: AsyncSession, run_id: UUID) -> int:
    rows = await session.exec(
        select(RunChangeRow.n)
        .where(RunChangeRow.run_id == run_id)
        .order_by(col(RunChangeRow.n).desc())
        .limit(1)
    )
    return rows.first() or 0


async def changes(
    session: AsyncSession, run_ids: Collection[UUID]
) -> dict[UUID, list[IterationView]]:
    """The changes of some runs, in order: what was changed, why, and what became of it."""
    rows = await session.exec(
        select(RunChangeRow, RunApprovalRow)
        .outerjoin(
            RunApprovalRow,
            (col(RunApprovalRow.run_id) == RunChangeRow.run_id)
            & (col(RunApprovalRow.n) == RunChangeRow.n),
        )
        .where(col(RunChangeRow.run_id).in_(run_ids))
        .order_by(col(RunChangeRow.run_id), col(RunChangeRow.n))
    )
    by_run: dict[UUID, list[tuple[RunChangeRow, RunApprovalRow | None]]] = defaultdict(list)
    for row, approval in rows:
        by_run[row.run_id].append((row, approval))
    return {id: _views(some) for id, some in by_run.items()}


def iterations(changes: Sequence[IterationView]) -> list[IterationView]:
    """Those evaluated on validation; of several that share an iteration the last, which is the
    best."""
    by_number = {one.iteration: one for one in changes if one.validation_f1 is not None}
    return list(by_number.values())


def _views(rows: Sequence[tuple[RunChangeRow, RunApprovalRow | None]]) -> list[IterationView]:
    costs = costs_of([row for row, _ in rows])
    return [_view(*one, cost) for one, cost in zip(rows, costs, strict=True)]


def _view(row: RunChangeRow, approval: RunApprovalRow | None, cost: Cost | None) -> IterationView:
    change = row.change or {}
    is_judged = row.outcome != Outcome.OPEN or approval is not None
    return IterationView(
        n=row.n,
        iteration=row.iteration,
        strategy=change.get("strategy"),
        rationale=change.get("rationale"),
        outcome=row.outcome if row.stage is None else f"rejected_at_{row.stage}",
        reason=row.reason,
        validation_f1=row.validation_f1,
        fixed=len(row.fixed) if is_judged else None,
        broke=len(row.broke) if is_judged else None,
        version_id=row.version_id,
        cost=cost,
        approval=approval and ApprovalView.model_validate(approval.model_dump(include=_SHOWN)),
    )
