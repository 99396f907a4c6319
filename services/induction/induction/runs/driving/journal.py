"""What a run writes down: each event with the state it changes, and each reading of its inbox.

A replay reads both back: an event already recorded is compared and skipped, a reading already
made is answered as it was.
"""

from typing import Any
from uuid import UUID

from nlu_shared.rendering import AnswerSpace
from nlu_shared.schemas.candidates import FrontView
from nlu_shared.schemas.ensembles import EnsembleMeasured
from nlu_shared.schemas.events import (
    ApprovalAwaited,
    CanaryMeasured,
    ChangeKept,
    ChangeRejected,
    CrossValidated,
    ErrorsAnalysed,
    FrontMeasured,
    HeadroomEstimated,
    HintTaken,
    ModelCompared,
    PatternsFound,
    PromptAdapted,
    PromptEvaluated,
    PromptProposed,
    RunFinished,
    Split,
    StoredEvent,
    TrafficReplayed,
    VerdictReached,
    VotesMeasured,
)
from nlu_shared.schemas.headroom import Headroom
from nlu_shared.schemas.prompts import VersionSource
from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.history import service as history
from induction.history.models import Spent
from induction.llm.accounting import answer_rows
from induction.llm.accounting.entries import LeaseLost
from induction.llm.prices import PriceTable
from induction.pricing import service as pricing
from induction.prompts import service as prompts
from induction.prompts.models import PromptVersionRow
from induction.runs.models import RunEventRow, RunRow
from induction.runs.starting import costs, replayed
from induction.runs.starting.planning import held_to
from induction.task_kinds.registry import task_of
from induction.tasks import service as tasks


class ReplayDiverged(Exception):
    """The engine said something else than it did before: a bug, never to be papered over."""


async def held(session: AsyncSession, run_id: UUID, fence: int) -> RunRow:
    """The run's row, locked; raises LeaseLost where another worker has claimed it since."""
    row = (
        await session.exec(
            select(RunRow)
            .where(RunRow.id == run_id, RunRow.fence == fence, RunRow.status == "running")
            .with_for_update()
        )
    ).one_or_none()
    if row is None:
        raise LeaseLost
    return row


async def events(session: AsyncSession, run_id: UUID, *, after: int = 0) -> list[RunEventRow]:
    """Stored events with a number above `after`, in order."""
    rows = await session.exec(
        select(RunEventRow)
        .where(RunEventRow.run_id == run_id, RunEventRow.n > after)
        .order_by(col(RunEventRow.n))
    )
    return list(rows.all())


def compare(stored: dict[str, Any], event: StoredEvent) -> None:
    """Raises ReplayDiverged unless the event is exactly what was recorded."""
    if stored != event.model_dump(mode="json"):
        raise ReplayDiverged(f"recorded {stored['type']}, replayed {event.type}")


async def record(
    session: AsyncSession,
    run_id: UUID,
    fence: int,
    n: int,
    event: StoredEvent,
    prices: PriceTable | None = None,
) -> None:
    """Stores event number `n` and what it means for the run and the registry.

    session: of one commit for both.
    run_id: of the run.
    fence: under which it is held.
    n: from 1.
    event: holds no price.
    prices: those of the moment, where the event is about what a run would cost.
    """
    row = await held(session, run_id, fence)
    _add(session, row, n, event)
    match event:
        case PromptEvaluated():
            await _evaluated(session, row, event)
            await history.record(session, run_id, event)
        case PatternsFound():
            row.patterns = event.model_dump(mode="json")
        case PromptProposed():
            await _proposed(session, row, event)
        case HintTaken():
            taken = {"iteration": event.iteration, "hint": event.hint}
            row.taken_hints = [*row.taken_hints, taken]
        case ApprovalAwaited():
            await history.record(session, run_id, event)
        case ChangeRejected() | ChangeKept():
            spent = Spent(*await answer_rows.spent(session, run_id))
            await history.record(session, run_id, event, spent=spent)
            if isinstance(event, ChangeKept):
                row.best_version_id = (await _version(session, row, event.version_hash)).id
        case FrontMeasured():
            await _front(session, row, event)
        case CrossValidated():
            row.cross_validation = event.verdict.model_dump(mode="json")
        case VerdictReached():
            row.verdict = event.verdict.model_dump(mode="json")
        case PromptAdapted():
            await _adapted(session, row, event)
        case ModelCompared():
            await _compared(session, row, event)
        case HeadroomEstimated():
            row.headroom = _priced(row, event.headroom, prices).model_dump(mode="json")
        case CanaryMeasured():
            row.canary = event.canary.model_dump(mode="json")
            row.canary_answers = [one.model_dump(mode="json") for one in event.answers]
        case TrafficReplayed():
            row.replay = event.replay.model_dump(mode="json")
        case VotesMeasured():
            row.ensemble = await _voted(session, row, event.ensemble)
        case ErrorsAnalysed():
            row.error_analysis = event.error_analysis.model_dump(mode="json")
        case RunFinished():
            await _finished(session, row, event)
        case _:
            pass
    await session.flush()


async def _answers(session: AsyncSession, row: RunRow) -> AnswerSpace:
    """What the run's prompts can be answered: by the labels it is held to."""
    return task_of(held_to((await tasks.get(session, row.task)).spec(), row)).answers


async def _version(session: AsyncSession, row: RunRow, version_hash: str) -> PromptVersionRow:
    labels = (await _answers(session, row)).labels
    return await prompts.by_hash(
        session, row.task, version_hash, first=row.baseline_version_id, labels=labels
    )


async def _proposed(session: AsyncSession, row: RunRow, event: PromptProposed) -> None:
    parent = await _version(session, row, event.parent_hash)
    version, _ = await prompts.ensure(
        session,
        row.task,
        event.content,
        source=VersionSource.RUN,
        answers=await _answers(session, row),
        model=row.task_model,
        parent_id=parent.id,
        run_id=row.id,
        notes=event.change.rationale,
    )
    await history.record(session, row.id, event, version_id=version.id, parent_id=parent.id)


def _priced(row: RunRow, headroom: Headroom, prices: PriceTable | None) -> Headroom:
    """With the price of an improve run as of today."""
    if prices is None:
        return headroom
    usd = costs.usual(headroom.usual, row, pricing.utc_today(), prices)
    return headroom.model_copy(update={"improve_usd": usd})


async def _adapted(session: AsyncSession, row: RunRow, event: PromptAdapted) -> None:
    parent = await _version(session, row, event.parent_hash)
    await prompts.ensure(
        session,
        row.task,
        event.content,
        source=VersionSource.RUN,
        answers=await _answers(session, row),
        model=event.model,
        parent_id=parent.id,
        run_id=row.id,
        notes=f"Searched for the model {event.model}.",
    )


async def _compared(session: AsyncSession, row: RunRow, event: ModelCompared) -> None:
    version = await _version(session, row, event.comparison.version_hash)
    comparison = event.comparison.model_copy(update={"version_id": version.id})
    row.comparisons = [*row.comparisons, comparison.model_dump(mode="json")]


async def _voted(session: AsyncSession, row: RunRow, measured: EnsembleMeasured) -> dict[str, Any]:
    version, _ = await prompts.ensure(
        session,
        row.task,
        measured.ensemble,
        source=VersionSource.RUN,
        answers=await _answers(session, row),
        model=row.task_model,
        run_id=row.id,
    )
    return measured.model_copy(update={"version_id": version.id}).model_dump(mode="json")


async def _evaluated(session: AsyncSession, row: RunRow, event: PromptEvaluated) -> None:
    if event.iteration == 0 and event.split is Split.VALIDATION:
        row.baseline_f1 = event.objective
    version = await _version(session, row, event.version_hash)
    await prompts.record_score(
        session,
        version,
        event,
        run_id=row.id,
        dataset_hash=row.dataset_hash,
        model=row.task_model,
        answered_by=row.server_of(row.task_model),
        scorer=row.scorer or "",
        labels_version=row.labels_version or 0,
        measured=await _answers(session, row),
    )


async def _front(session: AsyncSession, row: RunRow, event: FrontMeasured) -> None:
    by_hash = {
        one.version_hash: await _version(session, row, one.version_hash) for one in event.points
    }
    row.front = [
        FrontView(
            version_id=by_hash[one.version_hash].id,
            tokens=one.tokens,
            examples=one.examples,
            bank=len(by_hash[one.version_hash].prompt().bank),
            validation_f1=one.objective,
            is_best=one.version_hash == event.best_hash,
            is_winner=one.version_hash == event.chosen_hash,
        ).model_dump(mode="json")
        for one in event.points
    ]
    row.best_version_id = by_hash[event.chosen_hash].id
    await history.record(session, row.id, event, version_id=row.best_version_id)


def _add(session: AsyncSession, row: RunRow, n: int, event: StoredEvent) -> None:
    session.add(RunEventRow(run_id=row.id, n=n, body=event.model_dump(mode="json")))
    row.last_event, row.reason = n, None


async def end(session: AsyncSession, row: RunRow, event: RunFinished) -> None:
    """Of a run that is locked and that nobody drives: whoever drove it last writes no more."""
    row.fence += 1
    _add(session, row, row.last_event + 1, event)
    await _finished(session, row, event)


async def _finished(session: AsyncSession, row: RunRow, event: RunFinished) -> None:
    if event.best_hash is not None:
        row.best_version_id = (await _version(session, row, event.best_hash)).id
    row.final_f1 = event.final_f1
    row.status = event.status
    row.reason = event.reason
    row.lease_until = None
    await session.flush()
    if row.is_on_traffic:
        await replayed.blank(session, row.id)
    await session.execute(
        text("UPDATE runs SET completed_at = now() WHERE id = :id"), {"id": row.id}
    )
