"""What a reviewer did last: shown with the way back, or with the reason that there is none."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from nlu_shared.kit.access.auth import Caller
from nlu_shared.kit.errors import Conflict, Invalid
from nlu_shared.schemas.labels import like
from nlu_shared.schemas.reviews import CorrectionStatus
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_logger.dashboard.inbox import extraction, queries, service
from nlu_logger.dashboard.inbox.forms import LabelIn, Place
from nlu_logger.dashboard.inbox.memory import Memory, Step, StepKind
from nlu_logger.dashboard.inbox.queries import Act, SettledText
from nlu_logger.dashboard.inbox.service import Shown
from nlu_logger.label_sets import service as label_sets
from nlu_logger.reviews import decisions
from nlu_logger.reviews.models import CorrectionRow

SCOPES = ("corrections:write", decisions.DECIDE)
"""Who has one of these has something to take back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Latest:
    """`act` is the label or decision, with so many `more` of the same press; `near` are labels that
    its label nearly is; `about` is what was settled for good, where its text is still known."""

    kind: StepKind
    act: Act | None = None
    more: int = 0
    near: Sequence[str] = ()
    about: SettledText | None = None


@dataclass(frozen=True, slots=True)
class Undone:
    """How many wait again, and the label that was added for them, which stays."""

    count: int
    stays: str | None = None


async def latest(session: AsyncSession, memory: Memory, *, caller: Caller) -> Latest | None:
    """None where nothing was done, and where what was labelled is gone."""
    step = memory.steps[-1] if memory.steps else None
    if step is None:
        return None
    if step.kind is StepKind.SKIP:
        return Latest(kind=step.kind)
    if step.kind is not StepKind.CORRECTION:
        about = await queries.settled_text(session, step.id, caller=caller)
        return Latest(kind=step.kind, about=about)
    act = await queries.latest(session, step.id)
    if act is None:
        return None
    known = await label_sets.current(session, act.task, caller=caller)
    ids = await queries.together(session, act, caller=caller)
    near = like(act.truth, known.names)
    return Latest(kind=step.kind, act=act, more=max(0, len(ids) - 1), near=near)


async def undo(session: AsyncSession, step: Step, place: Place, *, caller: Caller) -> Undone:
    """The latest step is taken back, with all that it settled at once; what it was about is in
    focus again. Raises Conflict for what is settled for good, and NotFound where it is gone."""
    if not step.kind.is_undoable:
        detail = "That cannot be undone, and nothing else was touched."
        raise Conflict(detail, code="settled")
    if step.kind is StepKind.SKIP:
        await service.hold(session, step.id, place, caller=caller)
        return Undone(0)
    act = await queries.latest(session, step.id)
    if act is None:
        raise Invalid("It is gone, and there is nothing to take back.", code="gone")
    if act.status == CorrectionStatus.APPROVED and not caller.has(decisions.DECIDE):
        raise Conflict("It was approved meanwhile: who may decide can take that back.")
    ids = await queries.together(session, act, caller=caller)
    added = await queries.added(session, act, caller=caller)
    await decisions.locked(session, ids, caller=caller)
    for one in ids:
        await _take_back(session, one, is_own=act.author == caller.subject, caller=caller)
    is_own = act.author == caller.subject and place.queue.is_of_predictions
    item = act.prediction_id if is_own else act.id
    await service.hold(session, item, place, caller=caller)
    return Undone(len(ids), act.truth if added else None)


async def fill_in(
    session: AsyncSession, memory: Memory, shown: Shown, place: Place, *, caller: Caller
) -> LabelIn | None:
    """What the caller had answered of the item in focus before they took it back, for its form;
    the rows of an extraction stand in `shown`. None where the item is another."""
    if memory.taken_back is None or shown.item is None or not place.queue.is_of_predictions:
        return None
    row = await session.get(CorrectionRow, memory.taken_back)
    if row is None or row.author != caller.subject or row.prediction_id != shown.item.id:
        return None
    output = shown.item.output if row.is_confirmation else row.corrected_output
    corrected = extraction.proposal_of(output)
    if corrected is not None and shown.proposed is not None:
        rows = extraction.refilled(shown.proposed, corrected)
        service.fill_in(shown, shown.item.id, rows)
    written = None if output is None else json.dumps(output, ensure_ascii=False, indent=2)
    return LabelIn.model_construct(
        **place.model_dump(), item=shown.item.id, note=row.correction_notes, output=written
    )


async def take_back(session: AsyncSession, correction: UUID, *, caller: Caller) -> None:
    """One label or decision alone. Raises NotFound, Forbidden and Conflict as `decisions` does."""
    row = await decisions.one(session, correction, caller=caller)
    is_own = row.author == caller.subject
    await _take_back(session, correction, is_own=is_own, caller=caller)


async def _take_back(
    session: AsyncSession, correction: UUID, *, is_own: bool, caller: Caller
) -> None:
    row = await decisions.one(session, correction, caller=caller)
    if row.status != CorrectionStatus.PROPOSED and caller.has(decisions.DECIDE):
        await decisions.reopen(session, correction, caller=caller)
    if is_own:
        await decisions.withdraw(session, correction, caller=caller)
