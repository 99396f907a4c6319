"""The evidence of a run, put together from its typed rows."""

from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

from nlu_shared.kit.access.auth import Caller, own_task
from nlu_shared.kit.errors import NotFound
from nlu_shared.schemas.events import Split
from nlu_shared.schemas.prompts import caution_of
from nlu_shared.schemas.reports import (
    ReportedChange,
    ReportedComponent,
    ReportedVersion,
    RunReport,
)
from nlu_shared.schemas.runs import RunView
from nlu_shared.schemas.verdicts import VerdictKind
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.history.models import RunChangeRow
from induction.prompts import service as prompts
from induction.prompts.models import PromptScoreRow
from induction.reports.document import OBJECTIVE
from induction.runs import queries as runs
from induction.runs import service
from induction.runs.models import RunRow
from induction.sentences import readable

SPLITS = (Split.TEST.value, Split.VALIDATION.value)
CLAIMS = {
    VerdictKind.PROVEN: "Proven.",
    VerdictKind.PROMISING: "Promising, not proven.",
    VerdictKind.NOISE: "Noise.",
    VerdictKind.NO_CHANGE: "No change.",
}
Scores = Mapping[tuple[str, UUID], PromptScoreRow]
"""By split and version."""


async def report(session: AsyncSession, run_id: UUID, *, caller: Caller) -> RunReport:
    """Raises NotFound, and what `own_task` raises for a task that is not the caller's."""
    row = await service.get(session, run_id)
    own_task(caller, row.task)
    return await of_row(session, row)


async def of_row(session: AsyncSession, row: RunRow) -> RunReport:
    """The same for who may see every task's."""
    run_id, view = row.id, await runs.view(session, row)
    before, after = row.baseline_version_id, row.best_version_id or row.baseline_version_id
    scores = await _scores(session, run_id, (before, after))
    hashes = await prompts.hashes(session, {before, after})
    return RunReport.model_validate(
        view.model_dump(include=set(RunReport.model_fields))
        | {
            "run_id": run_id,
            "words": _words(view),
            "comparisons": view.migration.comparisons if view.migration else [],
            "before": _version(before, hashes, scores),
            "after": _version(after, hashes, scores),
            "components": list(_components(scores, before, after)),
            "changes": await _changes(session, view),
            "roll_back": _roll_back(row, before) if after != before else None,
        }
    )


async def run_of(session: AsyncSession, task: str, version_id: UUID) -> UUID:
    """The run that made a version. Raises NotFound."""
    row = await prompts.get(session, task, version_id)
    if row.run_id is None:
        raise NotFound("No run made this version: it was brought in.", code="no_report")
    return row.run_id


def _words(view: RunView) -> list[str]:
    verdict = view.verdict
    if view.replay is not None:
        sentences = ["A replay: what the version would change of logged traffic."]
    elif verdict is None:
        sentences = [f"There is no verdict: the run is {view.status.value}."]
    else:
        sentences = [CLAIMS[verdict.kind], readable(verdict.summary)]
    if view.cross_validation is not None:
        sentences.append(
            f"The search itself, by cross-validation: {readable(view.cross_validation.summary)}"
        )
    if view.misses is not None:
        sentences.append(view.misses.summary)
    caution = caution_of(view.made_on)
    return [*sentences, *([caution] if caution else [])]


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


def _components(scores: Scores, before: UUID, after: UUID) -> Iterator[ReportedComponent]:
    """The objective of each split that both answered, then its components by name."""
    for split in SPLITS:
        old, new = scores.get((split, before)), scores.get((split, after))
        if old is None or new is None:
            continue
        olds, news = ({OBJECTIVE: one.objective, **one.components} for one in (old, new))
        for name in [OBJECTIVE, *sorted({*old.components, *new.components})]:
            cases = new.cases if name == OBJECTIVE else new.support.get(name)
            yield ReportedComponent(
                split=split,
                component=name,
                before=olds.get(name),
                after=news.get(name),
                cases=cases,
            )


async def _changes(session: AsyncSession, view: RunView) -> list[ReportedChange]:
    chosen = (RunChangeRow.n, RunChangeRow.fixed, RunChangeRow.broke)
    rows = await session.exec(select(*chosen).where(RunChangeRow.run_id == view.id))
    turned = {n: (fixed, broke) for n, fixed, broke in rows}
    return [
        ReportedChange(
            n=one.n,
            strategy=one.strategy,
            outcome=one.outcome,
            validation_f1=one.validation_f1,
            version_id=one.version_id,
            fixed=turned[one.n][0],
            broke=turned[one.n][1],
        )
        for one in view.changes
    ]


def _roll_back(row: RunRow, before: UUID) -> str:
    return f"induction prompts promote --task {row.task} --version {before}"
