"""The cases that changes of a run turned, in three statements however many there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from nlu_shared.kit.pages.tables import Table
from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.cases.models import SnapshotCaseRow
from induction.dashboard.runs.matrix import Measured, Turns, arranged, table_of, turned
from induction.history.models import RunChangeRow
from induction.prompts import service as prompts
from induction.runs.models import RunRow

A_PAGE = 100


@dataclass(frozen=True, slots=True)
class CasesPage:
    """A page of the cases; `cases` are the rows of all pages by id. `total` are on all pages,
    `after` is how many stand before the next one, None on the last."""

    run: RunRow
    table: Table
    changes: Sequence[Measured]
    turns: Sequence[Turns]
    cases: dict[UUID, SnapshotCaseRow]
    total: int
    skipped: int
    after: int | None


async def cases_page(
    session: AsyncSession, run: RunRow, *, sort: str | None, skipped: int, limit: int = A_PAGE
) -> CasesPage:
    changes = await _measured(session, run.id)
    every = turned(changes)
    stored = select(SnapshotCaseRow).where(
        SnapshotCaseRow.task == run.task,
        SnapshotCaseRow.dataset_hash == run.dataset_hash,
        col(SnapshotCaseRow.case_id).in_([one.case_id for one in every]),
    )
    cases = {row.case_id: row for row in await session.exec(stored)}
    table = table_of(run.id, changes, sort)
    turns = arranged(every, cases, table.order)[skipped : skipped + limit]
    after = skipped + len(turns)
    return CasesPage(
        run=run,
        table=table,
        changes=changes,
        turns=turns,
        cases=cases,
        total=len(every),
        skipped=skipped,
        after=after if after < len(every) else None,
    )


async def _measured(session: AsyncSession, run_id: UUID) -> list[Measured]:
    rows = (
        await session.exec(
            select(RunChangeRow)
            .where(
                RunChangeRow.run_id == run_id,
                func.cardinality(RunChangeRow.fixed) + func.cardinality(RunChangeRow.broke) > 0,
            )
            .order_by(col(RunChangeRow.n))
        )
    ).all()
    hashes = await prompts.hashes(session, {row.version_id for row in rows if row.version_id})
    return [
        Measured(
            n=row.n,
            version_id=row.version_id,
            version_hash=hashes.get(row.version_id) if row.version_id else None,
            outcome=row.outcome,
            fixed=row.fixed,
            broke=row.broke,
        )
        for row in rows
    ]
