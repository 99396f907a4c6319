"""What each page shows, put together from the numbers and the queues of the other rooms."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from nlu_shared.kit.access.auth import ADMIN, Caller
from nlu_shared.kit.errors import NotFound
from nlu_shared.schemas.alerts import Alert
from nlu_shared.schemas.insights import (
    Calibration,
    ConfidenceBucket,
    IntentCount,
    IntentOutcome,
    LiveScore,
    Sample,
    TrafficDrift,
)
from nlu_shared.schemas.labels import LabelSet, spelling
from nlu_shared.schemas.predictions import Prediction
from nlu_shared.schemas.queues import Queue, QueueItem, SuspiciousCase
from nlu_shared.schemas.queues import QueueFilters as Look
from nlu_shared.schemas.reviews import Correction, CorrectionStatus, TruthConflict
from pydantic import JsonValue
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_logger.alerts import service as alerts
from nlu_logger.insights import queries
from nlu_logger.insights import service as insights
from nlu_logger.insights.queries import Totals
from nlu_logger.insights.service import Filters
from nlu_logger.label_sets import service as label_sets
from nlu_logger.predictions import service as predictions
from nlu_logger.reviews import conflicts as disputes
from nlu_logger.reviews import label_issues, queues
from nlu_logger.reviews import service as reviews
from nlu_logger.settings import Settings

UNSURE = 0.7
"""The document's threshold of low confidence."""
ITEMS = 20
NAMED_INTENTS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    alerts: list[Alert] | None
    totals: Totals
    tasks: list[str]
    confidence: list[ConfidenceBucket]
    intents: list[IntentCount]
    outcomes: list[IntentOutcome]
    scores: list[LiveScore]
    drift: TrafficDrift
    calibration: Calibration


@dataclass(frozen=True, slots=True)
class Offer:
    """The labels that a prediction's may be, the likeliest first, whether another one may, and
    whether somebody has defined them: then a truth is one of them and no structure."""

    labels: list[str]
    may_be_new: bool
    is_set: bool


@dataclass(frozen=True, slots=True)
class Proposal:
    """A correction that waits for a decision, and what it is about; `is_new`: its label would be
    new in the task's set."""

    correction: Correction
    prediction: Prediction
    is_new: bool


@dataclass(frozen=True, slots=True)
class Dispute:
    """A conflict, and whether the other truth would be new in the task's set."""

    conflict: TruthConflict
    is_new: bool


async def overview(session: AsyncSession, seen: Filters, *, caller: Caller) -> Overview:
    """Alerts are for administrators; None for everybody else."""
    return Overview(
        alerts=await alerts.every(session, caller=caller) if caller.has(ADMIN) else None,
        totals=await queries.totals(session, seen.kept, unsure=UNSURE),
        tasks=await queries.tasks(session, seen.kept),
        confidence=await insights.confidence(session, seen),
        intents=(await insights.intents(session, seen))[:NAMED_INTENTS],
        outcomes=(await insights.outcomes(session, seen))[:NAMED_INTENTS],
        scores=await insights.live_f1(session, seen, None),
        drift=await insights.drifted(session, seen, None),
        calibration=await insights.calibration(session, seen, Sample.AUDIT),
    )


async def waiting(
    session: AsyncSession, queue: Queue, task: str | None, settings: Settings, *, caller: Caller
) -> list[QueueItem]:
    """The first items of a queue, the caller's own claims before the others."""
    look = Look(limit=ITEMS, task=task, threshold=UNSURE)
    items = await queues.look(session, queue, look, settings, caller=caller)
    return sorted(items, key=lambda item: _turn(item, caller))


async def offers(
    session: AsyncSession, items: Iterable[QueueItem], *, caller: Caller
) -> dict[UUID, Offer]:
    """For each item what a reviewer may choose from."""
    sets = await _sets(session, {item.task for item in items}, caller=caller)
    may_add = any(map(caller.has, label_sets.ADDERS))
    return {
        item.id: Offer(
            labels=_offered(item, sets[item.task]),
            may_be_new=may_add or not sets[item.task].version,
            is_set=sets[item.task].version > 0,
        )
        for item in items
    }


async def choices(session: AsyncSession, prediction_id: UUID, *, caller: Caller) -> list[str]:
    """The labels that were offered for one prediction: another one is new, or a slip."""
    row = await predictions.get(session, prediction_id, caller=caller)
    known = await label_sets.current(session, row.task, caller=caller)
    return _offered(predictions.view(row), known)


async def proposals(
    session: AsyncSession, task: str | None, *, caller: Caller
) -> Sequence[Proposal]:
    """The newest corrections that nobody has decided on."""
    page = await reviews.page(
        session,
        caller=caller,
        prediction_id=None,
        status=CorrectionStatus.PROPOSED,
        before=None,
        limit=ITEMS,
        task=task,
    )
    shown = []
    for correction in page.items:
        with suppress(NotFound):  # it grew older than the retention
            row = await predictions.get(session, correction.prediction_id, caller=caller)
            truth = (
                row.predicted_intent if correction.is_confirmation else correction.corrected_intent
            )
            known = await label_sets.current(session, row.task, caller=caller)
            shown.append(Proposal(correction, predictions.view(row), _is_new(truth, known)))
    return shown


async def suspicious_labels(
    session: AsyncSession, task: str | None, settings: Settings, *, caller: Caller
) -> list[SuspiciousCase]:
    """The approved cases that may be wrong, the most doubted first."""
    look = Look(limit=ITEMS, task=task)
    return await label_issues.look(session, look, settings, caller=caller)


async def conflicts(
    session: AsyncSession, task: str | None, *, caller: Caller
) -> Sequence[Dispute]:
    """The oldest that nobody has settled."""
    page = await disputes.page(session, caller=caller, task=task, after=None, limit=ITEMS)
    sets = await _sets(session, {one.task for one in page.items}, caller=caller)
    return [Dispute(one, _is_new(one.other_truth, sets[one.task])) for one in page.items]


async def _sets(
    session: AsyncSession, tasks: Iterable[str], *, caller: Caller
) -> dict[str, LabelSet]:
    return {task: await label_sets.current(session, task, caller=caller) for task in tasks}


def _is_new(truth: JsonValue, known: LabelSet) -> bool:
    if not known.version or not isinstance(truth, str):
        return False
    return known.spellings.get(spelling(truth)) not in known.names


def _offered(prediction: Prediction, known: LabelSet) -> list[str]:
    """The task's labels; where nobody defined them, the model's guesses are as good."""
    guesses = [prediction.predicted_intent]
    guesses += [one.intent for one in prediction.secondary_intents]
    named = [known.spellings.get(one, one) for one in map(spelling, guesses)]
    likely = [one for one in named if one in known.names or (one and not known.version)]
    return list(dict.fromkeys((*likely, *known.names)))


def _turn(item: QueueItem, caller: Caller) -> int:
    if item.claim is None:
        return 1
    return 0 if item.claim.claimed_by == caller.subject else 2
