"""The cases of a run in a constant number of statements: those its changes turned, one with all
that was answered to it, and those of its error patterns."""

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from nlu_shared.kit.errors import NotFound
from nlu_shared.kit.pages.tables import Table
from nlu_shared.schemas.events import Split
from nlu_shared.schemas.run_views import RunView
from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.cases import service as cases_of_task
from induction.cases.models import SnapshotCaseRow
from induction.dashboard.runs.answered import Question, QuestionAnswer, answered, key_of
from induction.dashboard.runs.matrix import Turns, ValidatedChange, arranged, table_of, turned
from induction.dashboard.runs.plot import ON_TRAIN
from induction.engine.data.folds import NO_FOLDS, Folds, folds_of
from induction.engine.data.splits import splits_of
from induction.history.models import RunChangeRow
from induction.llm.accounting import answer_rows
from induction.prompts import service as prompts
from induction.prompts.models import PromptScoreRow, PromptVersionRow
from induction.runs import continuing
from induction.runs.models import RunRow
from induction.runs.starting.planning import held_to, usable
from induction.task_kinds.base import Case, Task
from induction.task_kinds.registry import task_of
from induction.tasks import service as tasks

A_PAGE, A_LINE = 100, 160


@dataclass(frozen=True, slots=True)
class CasePage:
    """One case of a run's snapshot with what every prompt of the run that validation measured
    answered to it, the baseline first. Of a case that judges nothing is shown but that."""

    run: RunRow
    case: Case
    split: Split | None
    is_forgotten: bool
    answered: Sequence[QuestionAnswer]


@dataclass(frozen=True, slots=True)
class CasesPage:
    """A page of the cases; `cases` are the rows of all pages by id. `total` are on all pages,
    `after` is how many stand before the next one, None on the last."""

    run: RunRow
    table: Table
    changes: Sequence[ValidatedChange]
    turns: Sequence[Turns]
    cases: dict[UUID, SnapshotCaseRow]
    total: int
    skipped: int
    after: int | None


async def open_blocks(session: AsyncSession, run: RunView) -> list[str]:
    """The blocks of the best prompt of a run that a change may edit."""
    best = run.best_version_id or run.baseline_version_id
    row = None if best is None else await session.get(PromptVersionRow, best)
    if row is None or row.ensemble() is not None:
        return []
    pinned = set(run.pins)
    blocks = row.prompt().instructions
    return [one.name for one in blocks if not one.protected and one.name not in pinned]


async def unheard(session: AsyncSession, row: RunRow) -> list[str]:
    """The hints of a run's start and those sent on its way that no proposal has had yet."""
    left = Counter(one["hint"] for one in row.taken_hints)
    waiting = []
    for hint in await continuing.hints(session, row):
        if left[hint]:
            left[hint] -= 1
        else:
            waiting.append(hint)
    return waiting


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


async def _measured(session: AsyncSession, run_id: UUID) -> list[ValidatedChange]:
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
        ValidatedChange(
            n=row.n,
            version_id=row.version_id,
            version_hash=hashes.get(row.version_id) if row.version_id else None,
            outcome=row.outcome,
            fixed=row.fixed,
            broke=row.broke,
        )
        for row in rows
    ]


async def case_page(session: AsyncSession, run: RunRow, case_id: UUID) -> CasePage:
    """Raises NotFound for a case that is none of the run's."""
    frozen = await cases_of_task.load(session, run.task, run.dataset_hash)
    case = next((one for one in frozen if one.id == case_id), None)
    if case is None:
        raise NotFound("The run has no such case.", code="unknown_case")
    is_forgotten = not case.text
    splits = await cases_of_task.known_splits(session, run.task)
    split = splits.get(case_id)
    if is_forgotten or split is Split.TEST:
        return CasePage(run, case, split, is_forgotten, ())
    task = task_of(held_to((await tasks.get(session, run.task)).spec(), run))
    prompts_of = await _prompts_of(session, run)

    def questions() -> list[Question]:
        folds = _folds(run, usable(run, task, frozen), splits)
        return [_question(run, task, case, folds, *one) for one in prompts_of]

    put = await asyncio.to_thread(questions)
    answers = await answer_rows.by_keys(session, run.id, [one.key for one in put])
    return CasePage(run, case, split, is_forgotten, answered(task, case, put, answers))


def _folds(run: RunRow, own: Sequence[Case], splits: Mapping[UUID, Split]) -> Folds:
    """As the search has them."""
    if any(case.id not in splits for case in own):
        return NO_FOLDS
    return folds_of(splits_of(own, splits).train, seed=run.seed)


def _question(
    run: RunRow,
    task: Task,
    case: Case,
    folds: Folds,
    change: RunChangeRow | None,
    version: PromptVersionRow,
) -> Question:
    turn = None
    if change is not None and case.id in {*change.fixed, *change.broke}:
        turn = case.id in change.fixed
    return Question(
        n=None if change is None else change.n,
        version_id=version.id,
        version_hash=version.version_hash,
        outcome=None if change is None else change.outcome,
        turn=turn,
        key=key_of(task, run.task_model, version.prompt(), case, folds),
    )


async def _prompts_of(
    session: AsyncSession, run: RunRow
) -> list[tuple[RunChangeRow | None, PromptVersionRow]]:
    """The baseline, and each change that was measured on validation."""
    measured = select(RunChangeRow).where(
        RunChangeRow.run_id == run.id, col(RunChangeRow.validation_f1).is_not(None)
    )
    changes = (await session.exec(measured.order_by(col(RunChangeRow.n)))).all()
    ids = {run.baseline_version_id, *(one.version_id for one in changes)}
    stored = select(PromptVersionRow).where(col(PromptVersionRow.id).in_(ids))
    versions = {one.id: one for one in await session.exec(stored) if one.ensemble() is None}
    every = [(None, run.baseline_version_id), *((one, one.version_id) for one in changes)]
    return [(change, versions[id]) for change, id in every if id in versions]


async def texts(session: AsyncSession, run: RunRow, case_ids: Collection[UUID]) -> dict[UUID, str]:
    """The beginnings of cases, by id; an empty one was forgotten."""
    stored = select(SnapshotCaseRow.case_id, func.left(SnapshotCaseRow.text, A_LINE)).where(
        SnapshotCaseRow.task == run.task,
        SnapshotCaseRow.dataset_hash == run.dataset_hash,
        col(SnapshotCaseRow.case_id).in_(case_ids),
    )
    return dict(list(await session.exec(stored)))


async def scores(
    session: AsyncSession, run_id: UUID, version_ids: Sequence[UUID]
) -> list[dict[str, float]]:
    """What the run measured of these versions, in their order, by name: all of it on the cases that
    teach, and each component on validation."""
    measured = select(PromptScoreRow).where(
        PromptScoreRow.run_id == run_id, col(PromptScoreRow.version_id).in_(version_ids)
    )
    by_version: dict[UUID, dict[str, float]] = {id: {} for id in version_ids}
    for row in await session.exec(measured):
        if row.split == Split.TRAIN:
            by_version[row.version_id][ON_TRAIN] = row.objective
        elif row.split == Split.VALIDATION:
            by_version[row.version_id] |= row.components
    return [by_version[id] for id in version_ids]
