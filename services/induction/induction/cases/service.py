"""Freezing ground truth, forgetting what was erased, and remembering for ever which split a case
belongs to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import httpx2
from nlu_shared.kit.data.db import Database, Identity, session_scope
from nlu_shared.kit.errors import Unavailable
from nlu_shared.schemas.events import Split
from nlu_shared.schemas.ground_truth import Context, GroundTruthCase, case_hash
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.cases.models import CaseSplitRow, SnapshotCaseRow, SnapshotRow
from induction.task_kinds.base import Case
from induction.upstream import GroundTruth, fetch

ROWS_PER_STATEMENT = 1_000


def case_of(truth: GroundTruthCase) -> Case:
    """A case stands alone in its group unless a conversation holds it to others."""
    return Case(
        id=truth.id,
        text=truth.text,
        truth=truth.truth,
        group=truth.group or str(truth.id),
        may_quote=truth.may_quote,
        context=truth.context,
    )


def context_of(row: SnapshotCaseRow) -> Context | None:
    return None if row.context is None else Context.model_validate(row.context)


@dataclass(frozen=True, slots=True)
class TruthRead:
    """Ground truth as it was at some moment after `since`, the database's time."""

    truth: GroundTruth
    since: datetime


class ForgottenMeanwhile(Unavailable):
    code = "forgotten_meanwhile"
    title = "A case was forgotten while the ground truth was read"


async def read(
    database: Database, identity: Identity, logger: httpx2.AsyncClient, task: str
) -> TruthRead:
    """Reads nlu-logger while no connection is held. Raises UpstreamAway, Unavailable."""
    async with session_scope(database, identity) as session:
        since: datetime = (await session.execute(text("SELECT clock_timestamp()"))).scalar_one()
    return TruthRead(await fetch(logger, task), since)


async def hold_alone(session: AsyncSession) -> None:
    """Until the commit nobody freezes what they have read."""
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtext('cases'))"))


async def _hold(session: AsyncSession, task: str, read: TruthRead) -> None:
    """Until the commit nothing is forgotten. What was forgotten since the reading began may be in
    it: raises ForgottenMeanwhile. What is yet to be forgotten finds it frozen."""
    await session.execute(text("SELECT pg_advisory_xact_lock_shared(hashtext('cases'))"))
    forgotten = await session.execute(
        text("SELECT case_id FROM forgotten_cases WHERE task = :task AND forgotten_at >= :since"),
        {"task": task, "since": read.since},
    )
    if {case.id for case in read.truth.cases} & set(forgotten.scalars()):
        raise ForgottenMeanwhile


async def freeze(session: AsyncSession, task: str, read: TruthRead) -> None:
    """Keeps these cases as they are now; freezing the same data set again only brings back what
    was forgotten of it and is approved anew. Raises ForgottenMeanwhile."""
    truth = read.truth
    await _hold(session, task, read)
    fresh = await session.exec(
        insert(SnapshotRow)
        .values(task=task, dataset_hash=truth.dataset_hash, size=len(truth.cases))
        .on_conflict_do_nothing()
        .returning(col(SnapshotRow.size))
    )
    if fresh.first() is None and not await _has_gaps(session, task, truth.dataset_hash):
        return
    rows = [
        {
            "task": task,
            "dataset_hash": truth.dataset_hash,
            "case_id": case.id,
            "text": case.text,
            "context": case.context.short if case.context else None,
            "truth": case.truth,
            "case_group": case.group,
            "may_quote": case.may_quote,
        }
        for case in truth.cases
    ]
    for start in range(0, len(rows), ROWS_PER_STATEMENT):
        insertion = insert(SnapshotCaseRow).values(rows[start : start + ROWS_PER_STATEMENT])
        await session.exec(
            insertion.on_conflict_do_update(
                index_elements=["task", "dataset_hash", "case_id"],
                set_={
                    "text": insertion.excluded.text,
                    "context": insertion.excluded.context,
                    "truth": insertion.excluded.truth,
                    "forgotten_hash": None,
                },
            )
        )


async def _has_gaps(session: AsyncSession, task: str, dataset_hash: str) -> bool:
    forgotten = await session.exec(
        select(SnapshotCaseRow.case_id)
        .where(
            SnapshotCaseRow.task == task,
            SnapshotCaseRow.dataset_hash == dataset_hash,
            col(SnapshotCaseRow.forgotten_hash).is_not(None),
        )
        .limit(1)
    )
    return forgotten.first() is not None


async def copies(session: AsyncSession, task: str, case_id: UUID) -> Sequence[SnapshotCaseRow]:
    """The case in every snapshot that still holds its text."""
    rows = await session.exec(
        select(SnapshotCaseRow).where(
            SnapshotCaseRow.task == task,
            SnapshotCaseRow.case_id == case_id,
            col(SnapshotCaseRow.forgotten_hash).is_(None),
        )
    )
    return rows.all()


async def blank(session: AsyncSession, held: Sequence[SnapshotCaseRow]) -> None:
    """Takes text and truth out; the case's hash stays, so that the snapshot's can be checked."""
    for row in held:
        row.forgotten_hash = case_hash(
            task=row.task,
            text=row.text,
            truth=row.truth,
            group=row.case_group,
            may_quote=row.may_quote,
            context=row.context,
        )
        row.text, row.context, row.truth = "", None, None
    await session.flush()


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
            context=context_of(row),
        )
        for row in rows
    )


async def known_splits(session: AsyncSession, task: str) -> dict[UUID, Split]:
    """Every case of the task that any run has used, and the split it was given."""
    rows = await session.exec(select(CaseSplitRow).where(CaseSplitRow.task == task))
    return {row.case_id: Split(row.split) for row in rows}


async def remember_splits(
    session: AsyncSession, task: str, run_id: UUID, splits: Mapping[UUID, Split]
) -> None:
    """Writes the splits of cases seen for the first time; a split once given stays."""
    rows = [
        {"task": task, "case_id": case_id, "split": split.value, "since_run": run_id}
        for case_id, split in sorted(splits.items())
    ]
    for start in range(0, len(rows), ROWS_PER_STATEMENT):
        await session.exec(
            insert(CaseSplitRow)
            .values(rows[start : start + ROWS_PER_STATEMENT])
            .on_conflict_do_nothing()
        )
