"""Freezing ground truth, and remembering for ever which part a case belongs to."""

from collections.abc import Mapping
from uuid import UUID

from nlu_shared.schemas.events import PartName
from nlu_shared.schemas.ground_truth import GroundTruthCase
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.cases.models import CasePartRow, SnapshotCaseRow, SnapshotRow
from induction.cases.upstream import GroundTruth
from induction.tasks.base import Case

ROWS_PER_STATEMENT = 1_000


def case_of(truth: GroundTruthCase) -> Case:
    """A case stands alone in its group unless a conversation holds it to others."""
    return Case(
        id=truth.id,
        text=truth.text,
        truth=truth.truth,
        group=truth.group or str(truth.id),
        may_quote=truth.may_quote,
    )


async def freeze(session: AsyncSession, task: str, truth: GroundTruth) -> None:
    """Keeps these cases as they are now; freezing the same data set again changes nothing."""
    fresh = await session.exec(
        insert(SnapshotRow)
        .values(task=task, dataset_hash=truth.dataset_hash, size=len(truth.cases))
        .on_conflict_do_nothing()
        .returning(col(SnapshotRow.size))
    )
    if fresh.first() is None:
        return
    rows = [
        {
            "task": task,
            "dataset_hash": truth.dataset_hash,
            "case_id": case.id,
            "text": case.text,
            "truth": case.truth,
            "case_group": case.group,
            "may_quote": case.may_quote,
        }
        for case in truth.cases
    ]
    for start in range(0, len(rows), ROWS_PER_STATEMENT):
        await session.exec(insert(SnapshotCaseRow).values(rows[start : start + ROWS_PER_STATEMENT]))


async def load(session: AsyncSession, task: str, dataset_hash: str) -> tuple[Case, ...]:
    """The cases of a snapshot, in id order."""
    rows = await session.exec(
        select(SnapshotCaseRow)
        .where(SnapshotCaseRow.task == task, SnapshotCaseRow.dataset_hash == dataset_hash)
        .order_by(col(SnapshotCaseRow.case_id))
    )
    return tuple(
        Case(
            id=row.case_id,
            text=row.text,
            truth=row.truth,
            group=row.case_group or str(row.case_id),
            may_quote=row.may_quote,
        )
        for row in rows
    )


async def known_parts(session: AsyncSession, task: str) -> dict[UUID, PartName]:
    """Every case of the task that any run has used, and the part it was given."""
    rows = await session.exec(select(CasePartRow).where(CasePartRow.task == task))
    return {row.case_id: PartName(row.part) for row in rows}


async def remember_parts(
    session: AsyncSession, task: str, run_id: UUID, parts: Mapping[UUID, PartName]
) -> None:
    """Writes the parts of cases seen for the first time; a part once given stays."""
    rows = [
        {"task": task, "case_id": case_id, "part": part.value, "since_run": run_id}
        for case_id, part in sorted(parts.items())
    ]
    for start in range(0, len(rows), ROWS_PER_STATEMENT):
        await session.exec(
            insert(CasePartRow)
            .values(rows[start : start + ROWS_PER_STATEMENT])
            .on_conflict_do_nothing()
        )
