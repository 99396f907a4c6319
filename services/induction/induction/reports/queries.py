"""The evidence of a run, put together from its typed rows."""

from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

from nlu_shared.kit.access.auth import Caller, own_task
from nlu_shared.kit.errors import NotFound
from nlu_shared.schemas.events import Split
from nlu_shared.schemas.prompts import Change
from nlu_shared.schemas.reports import (
    ReportedChange,
    ReportedComponent,
    ReportedVersion,
    RunReport,
)
from nlu_shared.schemas.run_views import RunView
from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.history.models import RunChangeRow
from induction.prompts import service as prompts
from induction.prompts.models import PromptScoreRow
from induction.reports.document import OBJECTIVE
from induction.reports.words import tried, words
from induction.run_kinds import SEEK_BETTER
from induction.runs import queries as runs
from induction.runs import service
from induction.runs.models import RunRow
from induction.sentences import described

SPLITS = (Split.TEST.value, Split.VALIDATION.value)
WHOLE = (OBJECTIVE, "accuracy")
"""Components that every case has a part in."""
_WHOM = text(
    """
    SELECT bool_or(purpose IN ('task', 'comparison')) AS answered,
        bool_or(purpose = 'proposer') AS proposed
    FROM llm_calls
    WHERE run_id = :run_id AND outcome IN ('ok', 'cut', 'refused', 'malformed', 'forgotten')
    """
)
Scores = Mapping[tuple[str, UUID], PromptScoreRow]
"""By split and version."""


async def report(session: AsyncSession, run_id: UUID, *, caller: Caller) -> RunReport:
    """Raises NotFound, and what `own_task` raises for a task that is not the caller's."""
    row = await service.get(session, run_id)
    own_task(caller, row.task)
    return await of_row(session, row)


async def of_version(
    session: AsyncSession, task: str, version_id: UUID, *, caller: Caller
) -> RunReport:
    """Of the run that made a version: all that it found where that is what it chose, else what
    became of the version. Raises NotFound, also where no run made it."""
    version = await prompts.get(session, task, version_id)
    if version.run_id is None:
        raise NotFound("No run made this version: it was brought in.", code="no_report")
    row = await service.get(session, version.run_id)
    own_task(caller, row.task)
    view = await runs.view(session, row)
    if version_id in _chosen(view):
        return await _of(session, row, view)
    whole = await _of(session, row, view, after=version_id)
    return whole.model_copy(
        update={
            "is_chosen": False,
            "verdict": None,
            "words": tried(view, version_id, whole.changes),
            "comparisons": [],
            "ensemble": None,
            "changes": [one for one in whole.changes if one.version_id == version_id],
        }
    )


async def of_row(session: AsyncSession, row: RunRow) -> RunReport:
    """The same for who may see every task's."""
    return await _of(session, row, await runs.view(session, row))


async def _of(
    session: AsyncSession, row: RunRow, view: RunView, *, after: UUID | None = None
) -> RunReport:
    run_id, before = row.id, row.baseline_version_id
    after = after or _by_vote(view) or row.best_version_id or before
    scores = await _scores(session, run_id, (before, after))
    hashes = await prompts.hashes(session, {before, after})
    return RunReport.model_validate(
        view.model_dump(include=set(RunReport.model_fields))
        | {
            "run_id": run_id,
            "words": words(view),
            "comparisons": view.migration.comparisons if view.migration else [],
            "before": _version(before, hashes, scores),
            "after": _version(after, hashes, scores),
            **await _whom(session, row),
            "components": list(
                _components(scores, before, after if view.kind in SEEK_BETTER else None)
            ),
            "changes": await _changes(session, view),
            "roll_back": _roll_back(view, None if after == before else hashes[after]),
        }
    )


def _chosen(view: RunView) -> set[UUID | None]:
    """The versions that the findings of a run are about."""
    compared = view.migration.comparisons if view.migration else []
    return {view.best_version_id, _by_vote(view), *(one.version_id for one in compared)}


def _by_vote(view: RunView) -> UUID | None:
    """What an ensemble is measured for, also where its baseline stays the best."""
    return view.ensemble.version_id if view.ensemble else None


async def _whom(session: AsyncSession, row: RunRow) -> dict[str, str | None]:
    """Who answered cases, and who proposed; None where nobody did."""
    them = (await session.execute(_WHOM, {"run_id": row.id})).one()
    return {
        f"{did}_by": (row.server_of(model) or model) if has_been else None
        for did, model, has_been in (
            ("answered", row.task_model, them.answered),
            ("proposed", row.proposer_model, them.proposed),
        )
    }


async def _scores(session: AsyncSession, run_id: UUID, version_ids: Sequence[UUID]) -> Scores:
    rows = await session.exec(
        select(PromptScoreRow).where(
            PromptScoreRow.run_id == run_id, col(PromptScoreRow.version_id).in_(version_ids)
        )
    )
    return {(row.split, row.version_id): row for row in rows}


def _version(version_id: UUID, hashes: Mapping[UUID, str], scores: Scores) -> ReportedVersion:
    measured = (scores.get((split, version_id)) for split in SPLITS)
    return ReportedVersion(
        id=version_id,
        version_hash=hashes[version_id],
        rendered_hash=next((one.rendered_hash for one in measured if one), None),
    )


def _components(scores: Scores, before: UUID, after: UUID | None) -> Iterator[ReportedComponent]:
    """The objective of each split that both answered, then its components by name; those of
    `before` alone where nothing was sought that could be better."""
    for split in SPLITS:
        old, new = scores.get((split, before)), scores.get((split, after or before))
        if old is None or new is None:
            continue
        olds, news = ({OBJECTIVE: one.objective, **one.components} for one in (old, new))
        for name in [OBJECTIVE, *sorted({*olds, *news} - {OBJECTIVE})]:
            yield ReportedComponent(
                split=split,
                component=name,
                before=olds.get(name),
                after=None if after is None else news.get(name),
                cases=_cases(new, name),
            )


def _cases(score: PromptScoreRow, component: str) -> int | None:
    """None of a label: runs keep no count by label."""
    return score.cases if component in WHOLE else score.support.get(component)


async def _changes(session: AsyncSession, view: RunView) -> list[ReportedChange]:
    chosen = select(RunChangeRow).where(RunChangeRow.run_id == view.id)
    rows = {row.n: row for row in await session.exec(chosen)}
    return [
        ReportedChange(
            n=one.n,
            strategy=one.strategy,
            outcome=one.outcome,
            validation_f1=one.validation_f1,
            version_id=one.version_id,
            fixed=rows[one.n].fixed,
            broke=rows[one.n].broke,
            what=_what(rows[one.n]),
        )
        for one in view.changes
    ]


def _what(row: RunChangeRow) -> str | None:
    return None if row.change is None else described(Change.model_validate(row.change))


def _roll_back(view: RunView, version_hash: str | None) -> str | None:
    """With the hash of what is to stop, a command that undoes nothing else."""
    by_hash = "" if version_hash is None else f" --version-hash {version_hash}"
    may_serve = _chosen(view) - {None, view.baseline_version_id}
    return (
        f"induction prompts rollback --task {view.task}{by_hash}" if may_serve or by_hash else None
    )
