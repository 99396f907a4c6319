"""What the inbox shows: one item, held by who looks at it, and all that belongs to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from nlu_shared.kit.access import names
from nlu_shared.kit.access.auth import Authenticator, Caller
from nlu_shared.schemas.extraction import Extraction
from nlu_shared.schemas.labels import LabelSet
from nlu_shared.schemas.predictions import Prediction
from nlu_shared.schemas.queues import ClaimIn, Queue, QueueItem, SuspiciousCase
from nlu_shared.schemas.queues import QueueFilters as Look
from nlu_shared.schemas.reviews import TruthConflict
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_logger.dashboard.inbox import choices, extraction, queries
from nlu_logger.dashboard.inbox.choices import Choice
from nlu_logger.dashboard.inbox.forms import InboxQueue, Place
from nlu_logger.dashboard.inbox.issues import service as issues
from nlu_logger.dashboard.inbox.memory import IssueCount, Memory
from nlu_logger.dashboard.inbox.queries import PendingCorrection
from nlu_logger.dashboard.worth import service as worth
from nlu_logger.dashboard.worth.service import LabelsNeeded
from nlu_logger.label_sets import service as label_sets
from nlu_logger.reviews import claims, conflicts, label_issues, priority, queues
from nlu_logger.settings import Settings

MINUTES = 15.0
"""So long is an item held that is looked at."""
LOOKED_THROUGH = 200


@dataclass(frozen=True, slots=True)
class Alike:
    """The items that say one thing in nearly the same words as what is in focus."""

    text: str
    ids: Sequence[UUID]


@dataclass(slots=True, kw_only=True)
class Offered:
    """What may be answered of a prediction: one of the labels `offered`, or the rows of a form.

    `keys` are those of the labels where nobody has defined them."""

    offered: list[Choice] = field(default_factory=list)
    keys: tuple[str, ...] = ()
    known: LabelSet | None = None
    may_add: bool = False
    alike: Sequence[Alike] = ()
    proposed: Extraction | None = None
    coding_form: extraction.ExtractionForm | None = None


@dataclass(slots=True, kw_only=True)
class Shown(Offered):
    """A page of the inbox. `item` is what is in focus: a prediction, proposal, case or conflict.

    `worth` is told as a session opens.
    """

    counts: Mapping[str, int]
    issues: IssueCount
    own: int
    tasks: Sequence[str]
    item: Any = None
    is_new: bool = False
    before: Sequence[Prediction] = ()
    differences: Sequence[str] | None = None
    worth: LabelsNeeded | None = None
    names: Mapping[str, str] = field(default_factory=dict)


async def show(
    session: AsyncSession,
    place: Place,
    memory: Memory,
    settings: Settings,
    authenticator: Authenticator,
    *,
    caller: Caller,
    named: Sequence[str] = (),
) -> Shown:
    """What is in focus now, held by the caller where they may claim, and all that belongs to it;
    `named` are subjects whose names are shown as well."""
    look = Look(task=place.task, threshold=queues.UNSURE)
    of_queues = await queues.counts(session, look, settings, caller=caller)
    waiting = await queries.waiting(session, place.task, own=place.own, caller=caller)
    doubted = await issues.count(session, memory.issues, place.task, settings, caller=caller)
    shown = Shown(
        counts={
            **{str(queue): count for queue, count in of_queues.items()},
            "proposed": waiting.proposed,
            "conflicts": waiting.conflicts,
            "suspicious-label": doubted.count,
        },
        issues=doubted,
        own=waiting.own,
        tasks=await queries.tasks(session, caller=caller),
    )
    match place.queue:
        case InboxQueue.PROPOSED:
            await _show_proposal(session, shown, place, memory, caller=caller)
        case InboxQueue.SUSPICIOUS_LABEL:
            await _show_doubt(session, shown, place, memory, settings, caller=caller)
        case InboxQueue.CONFLICTS:
            await _show_conflict(session, shown, place, memory, caller=caller)
        case _:
            await _show_prediction(session, shown, place, memory, settings, caller=caller)
    if place.task is not None and not memory.done:
        shown.worth = await worth.of(session, place.task, settings, caller=caller)
    shown.names = await names.of(authenticator, {*named, *_subjects(shown)})
    return shown


def fill_in(shown: Shown, item: UUID, filled_rows: extraction.FilledRows) -> None:
    """What somebody has typed so far stands in the form again, if it is of the item in focus."""
    if shown.proposed is not None and shown.item.id == item:
        shown.coding_form = extraction.form_for(shown.proposed, filled_rows)


async def _show_prediction(
    session: AsyncSession,
    shown: Shown,
    place: Place,
    memory: Memory,
    settings: Settings,
    *,
    caller: Caller,
) -> None:
    queue = Queue(place.queue)
    item = await _next_prediction(session, queue, place, memory, settings, caller=caller)
    if item is None:
        return
    shown.item = item
    hides_answer = queue is Queue.AUDIT
    kept = memory.keys_of(item.task)
    await offer(session, shown, item, kept=kept, hides_answer=hides_answer, caller=caller)
    shown.before = await queries.before(session, item, caller=caller)
    if shown.offered and not hides_answer:
        near = await queues.alike_to(session, item, settings, caller=caller)
        shown.alike = _by_text(near)


async def offer(
    session: AsyncSession,
    shown: Offered,
    item: Prediction,
    *,
    kept: tuple[str, ...] = (),
    hides_answer: bool,
    caller: Caller,
) -> None:
    """Puts into `shown` what a reviewer chooses from; `kept` are the keys as they were."""
    shown.known = known = await label_sets.current(session, item.task, caller=caller)
    shown.may_add = any(map(caller.has, label_sets.ADDERS)) or not known.version
    if item.output is not None and not known.version:
        shown.proposed = extraction.proposal_of(item.output)
        if shown.proposed is not None and hides_answer:
            shown.proposed = Extraction()
        shown.coding_form = None if shown.proposed is None else extraction.form_for(shown.proposed)
    else:
        answered = () if known.version else await queries.answered(session, item.task)
        shown.keys = () if known.version else choices.keys(known, answered, kept)
        shown.offered = choices.offered(
            item, known, answered=answered, kept=shown.keys, hides_answer=hides_answer
        )


async def _next_prediction(
    session: AsyncSession,
    queue: Queue,
    place: Place,
    memory: Memory,
    settings: Settings,
    *,
    caller: Caller,
) -> QueueItem | None:
    asked_for = ClaimIn(task=place.task, threshold=queues.UNSURE, minutes=MINUTES)
    if caller.has("reviews:claim"):
        return await queues.next_one(
            session, queue, asked_for, settings, skipped=memory.skipped, caller=caller
        )
    look = Look(task=place.task, threshold=queues.UNSURE, limit=LOOKED_THROUGH)
    items = await queues.look(session, queue, look, settings, caller=caller)
    return next((one for one in items if not one.claim and one.id not in memory.skipped), None)


async def _show_proposal(
    session: AsyncSession, shown: Shown, place: Place, memory: Memory, *, caller: Caller
) -> None:
    waiting = await queries.proposals(
        session,
        place.task,
        skipped=memory.skipped,
        own=place.own,
        caller=caller,
        limit=queries.PROPOSALS_COMPARED,
    )
    if not waiting:
        return
    shown.item = one = waiting[0]
    await hold(session, one.correction.id, place, caller=caller)
    shown.before = await queries.before(session, one.prediction, caller=caller)
    shown.known = await label_sets.current(session, one.prediction.task, caller=caller)
    shown.is_new = choices.is_new(one.label, shown.known)
    shown.alike = _by_text(_alike(one, waiting[1:]))
    proposed = extraction.proposal_of(one.prediction.output)
    corrected = extraction.proposal_of(one.correction.corrected_output)
    if proposed and corrected:
        shown.differences = extraction.differences(proposed, corrected)


async def _show_doubt(
    session: AsyncSession,
    shown: Shown,
    place: Place,
    memory: Memory,
    settings: Settings,
    *,
    caller: Caller,
) -> None:
    look = Look(task=place.task, limit=LOOKED_THROUGH)
    cases = await label_issues.look(session, look, settings, caller=caller)
    if len(cases) < LOOKED_THROUGH:
        shown.counts = {**shown.counts, place.queue: len(cases)}
        shown.issues = shown.issues.model_copy(update={"count": len(cases)})
    free = [one for one in cases if _is_free(one, caller) and one.id not in memory.skipped]
    if free:
        shown.item = free[0]
        await hold(session, free[0].id, place, caller=caller)


async def _show_conflict(
    session: AsyncSession, shown: Shown, place: Place, memory: Memory, *, caller: Caller
) -> None:
    page = await conflicts.page(
        session, caller=caller, task=place.task, after=None, limit=LOOKED_THROUGH
    )
    held = await claims.of(session, [one.id for one in page.items])
    others = {one for one, claim in held.items() if claim.claimed_by != caller.subject}
    free = [one for one in page.items if one.id not in others and one.id not in memory.skipped]
    if free:
        shown.item = one = free[0]
        await hold(session, one.id, place, caller=caller)
        shown.known = await label_sets.current(session, one.task, caller=caller)
        other = one.other_truth if isinstance(one.other_truth, str) else None
        shown.is_new = choices.is_new(other, shown.known)


async def hold(session: AsyncSession, item: UUID, place: Place, *, caller: Caller) -> None:
    if caller.has("reviews:claim"):
        await claims.take_turns(session)
        lasting = timedelta(minutes=MINUTES)
        await claims.hold(session, [item], place.queue, caller=caller, lasting=lasting)


def _is_free(case: SuspiciousCase, caller: Caller) -> bool:
    return case.claim is None or case.claim.claimed_by == caller.subject


def _alike(
    one: PendingCorrection, others: Sequence[PendingCorrection]
) -> Sequence[tuple[UUID, str]]:
    """Proposals of the same truth for nearly the same words."""
    if one.label is None:
        return []
    same = [
        (other.correction.id, other.prediction.prompt[: queues.COMPARED_CHARACTERS])
        for other in others
        if other.label == one.label and other.prediction.task == one.prediction.task
    ]
    text = one.prediction.prompt[: queues.COMPARED_CHARACTERS]
    return priority.alike(text, same)[: queues.MOST_ALIKE]


def _by_text(near: Sequence[tuple[UUID, str]]) -> list[Alike]:
    texts: dict[str, list[UUID]] = {}
    for one, text in near:
        texts.setdefault(text, []).append(one)
    return [Alike(text, ids) for text, ids in texts.items()]


def _subjects(shown: Shown) -> set[str]:
    match shown.item:
        case PendingCorrection(correction=correction):
            return {correction.author}
        case SuspiciousCase():
            return {shown.item.approved_by}
        case TruthConflict():
            return {shown.item.standing_by, shown.item.other_by}
    return set()
