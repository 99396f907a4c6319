"""What each press of a key does. What is refused leaves nothing behind."""

import json
from contextlib import suppress
from uuid import UUID

from nlu_shared.kit.access.auth import Caller
from nlu_shared.kit.errors import Conflict, Forbidden, Invalid
from nlu_shared.kit.pages.attempts import attempt
from nlu_shared.schemas.labels import LabelSetIn
from nlu_shared.schemas.reviews import (
    ApprovalIn,
    ConfirmationIn,
    CorrectionIn,
    Settlement,
)
from nlu_shared.schemas.reviews import SettlementIn as Settling
from pydantic import JsonValue
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_logger.dashboard.inbox import choices, extraction, lines, queries, slips
from nlu_logger.dashboard.inbox.forms import (
    DecisionIn,
    DefineIn,
    DoubtIn,
    InboxQueue,
    LabelIn,
    SettlementIn,
    SkipIn,
)
from nlu_logger.dashboard.inbox.memory import Step, StepKind
from nlu_logger.ground_truth import service as ground_truth
from nlu_logger.ground_truth.service import ConflictingTruth
from nlu_logger.label_sets import service as label_sets
from nlu_logger.labels import service as labels
from nlu_logger.predictions import service as predictions
from nlu_logger.reviews import claims, conflicts, decisions, label_issues
from nlu_logger.reviews import service as reviews
from nlu_logger.reviews.service import StoredCorrection
from nlu_logger.settings import Settings


class Done:
    """What came of it: the step that it was, and how many it settled."""

    def __init__(self, of: UUID, kind: StepKind = StepKind.CORRECTION, *, settled: int = 1) -> None:
        self.step, self.settled = Step(id=of, kind=kind), settled


async def label(
    session: AsyncSession, submission: LabelIn, settings: Settings, *, caller: Caller
) -> Done:
    """An item is labelled, and approved where the reviewer does both; so is what is alike to it.

    One that is alike and cannot be labelled so stops no other. Raises what `reviews.correct` and
    `decisions.approve` raise, but for a truth that contradicts another: that waits as a conflict.
    """
    await _take_locks(session, submission)
    made = await _label(session, submission.item, submission, settings, caller=caller)
    settled = 1
    for other in submission.alike if submission.queue is not InboxQueue.AUDIT else ():
        done = await attempt(
            session, _one_more(session, other, submission, settings, caller=caller)
        )
        settled += isinstance(done, Done)
    if submission.approves:
        await _approve(session, made.row.id, submission, settings, caller=caller)
    return Done(made.row.id, settled=settled)


async def _take_locks(session: AsyncSession, submission: LabelIn) -> None:
    """As `decisions` takes them: ground truth before the predictions that a label changes."""
    if submission.approves:
        await ground_truth.lock(session)


async def _one_more(
    session: AsyncSession, item: UUID, submission: LabelIn, settings: Settings, *, caller: Caller
) -> Done:
    made = await _label(session, item, submission, settings, caller=caller)
    if submission.approves:
        await _approve(session, made.row.id, submission, settings, caller=caller)
    return Done(made.row.id)


async def _label(
    session: AsyncSession, item: UUID, submission: LabelIn, settings: Settings, *, caller: Caller
) -> StoredCorrection:
    await _check_waits(session, item, submission, caller=caller)
    if submission.is_right:
        right = ConfirmationIn(correction_notes=submission.note, allow_new=submission.allow_new)
        return await reviews.confirm(session, item, right, caller=caller, settings=settings)
    if submission.output is not None:
        return await code(
            session, item, read_json(submission.output), submission, settings, caller=caller
        )
    label = submission.label or submission.typed
    if label is None:
        raise Invalid("Choose a label first, or type one.", code="no_truth")
    row = await predictions.get(session, item, caller=caller)
    known = await label_sets.current(session, row.task, caller=caller)
    answered = () if known.version else await queries.answered(session, row.task)
    about = predictions.view(row)
    offered = choices.offered(about, known, answered=answered, hides_answer=False)
    return await reviews.answer(
        session,
        item,
        label,
        submission.note,
        allow_new=submission.allow_new,
        caller=caller,
        settings=settings,
        choices=[one.label for one in offered],
    )


async def _check_waits(
    session: AsyncSession, item: UUID, submission: LabelIn, *, caller: Caller
) -> None:
    """Whoever looked at it longer than they held it may come late."""
    if not submission.may_be_second and await queries.labelled_by_others(
        session, item, caller=caller
    ):
        detail = "A colleague has labelled it meanwhile. Yours was not saved; here is what is next."
        raise Conflict(detail, code="labelled_meanwhile")


def read_json(text: str) -> JsonValue:
    """Raises Invalid for what is no JSON."""
    try:
        output: JsonValue = json.loads(text)
    except ValueError:
        raise Invalid("This is not JSON.", code="invalid_json") from None
    return output


async def code(
    session: AsyncSession,
    item: UUID,
    output: JsonValue,
    submission: LabelIn,
    settings: Settings,
    *,
    caller: Caller,
) -> StoredCorrection:
    """The right structured answer; the model's own, in whatever form, confirms it."""
    row = await predictions.get(session, item, caller=caller)
    proposed, read = extraction.proposal_of(row.output), extraction.proposal_of(output)
    if output == row.output or (proposed is not None and proposed == read):
        right = ConfirmationIn(correction_notes=submission.note)
        return await reviews.confirm(session, item, right, caller=caller, settings=settings)
    body = CorrectionIn(corrected_output=output, correction_notes=submission.note)
    return await reviews.correct(session, item, body, caller=caller, settings=settings)


async def code_by_form(
    session: AsyncSession,
    submission: LabelIn,
    filled: extraction.FilledRows,
    settings: Settings,
    *,
    caller: Caller,
) -> Done:
    """An extraction as its form gives it. Raises Invalid with the place that cannot be taken."""
    about = await predictions.get(session, submission.item, caller=caller)
    try:
        read = extraction.read(filled)
        slips.check(read, extraction.proposal_of(about.output))
        output: JsonValue = extraction.plain(read)
    except extraction.NoExtraction as wrong:
        raise Invalid(str(wrong), code="no_extraction") from None
    await _take_locks(session, submission)
    await _check_waits(session, submission.item, submission, caller=caller)
    made = await code(session, submission.item, output, submission, settings, caller=caller)
    if submission.approves:
        await _approve(session, made.row.id, submission, settings, caller=caller)
    return Done(made.row.id)


async def define(session: AsyncSession, submission: DefineIn, *, caller: Caller) -> Done:
    """The first set of a task. Raises Invalid, and what `labels.define` raises."""
    body = LabelSetIn(labels=lines.read(submission.lines or ""), replaces=0)
    await labels.define(session, submission.of, body, caller=caller)
    return Done(submission.item, StepKind.DEFINE, settled=0)


async def decide(
    session: AsyncSession, submission: DecisionIn, settings: Settings, *, caller: Caller
) -> Done:
    """A correction is approved or rejected, and so is what is alike."""
    settled = 0
    await decisions.locked(session, [submission.item, *submission.alike], caller=caller)
    for one in (submission.item, *submission.alike):
        act = _decide(session, one, submission, settings, caller=caller)
        done = await (act if one == submission.item else attempt(session, act))
        settled += isinstance(done, Done)
    return Done(submission.item, settled=settled)


async def _decide(
    session: AsyncSession, one: UUID, submission: DecisionIn, settings: Settings, *, caller: Caller
) -> Done:
    if submission.verdict == "approve":
        await _approve(session, one, submission, settings, caller=caller)
    else:
        await decisions.reject(session, one, caller=caller)
    await claims.end(session, one, caller=caller)
    return Done(one)


async def _approve(
    session: AsyncSession,
    correction: UUID,
    submission: LabelIn | DecisionIn,
    settings: Settings,
    *,
    caller: Caller,
) -> None:
    if not caller.has(decisions.DECIDE):
        raise Forbidden(f"The scope {decisions.DECIDE} is needed.")
    request = ApprovalIn(may_quote=submission.quoting.may_quote, allow_new=submission.allow_new)
    # The conflict is stored and waits in its own queue; what was labelled stands beside it.
    with suppress(ConflictingTruth):
        await decisions.approve(session, correction, request, settings, caller=caller)


async def answer_doubt(session: AsyncSession, submission: DoubtIn, *, caller: Caller) -> Done:
    """A doubted case stands, or goes."""
    case = submission.item
    if submission.verdict == "clear":
        await label_issues.clear(session, case, caller=caller)
        return Done(case, StepKind.CLEAR)
    if not caller.has("ground-truth:write"):
        raise Forbidden("The scope ground-truth:write is needed.")
    await claims.guard(session, [case], caller=caller)
    resting = await decisions.behind(session, case)
    await ground_truth.remove(session, case, caller=caller)
    return Done(next(iter(resting), case), StepKind.REMOVE)


async def settle(
    session: AsyncSession, submission: SettlementIn, settings: Settings, *, caller: Caller
) -> Done:
    """One truth of two is left, or none."""
    body = Settling(truth=submission.verdict, allow_new=submission.allow_new)
    of = await conflicts.text_of(session, submission.item)
    settled = await conflicts.settle(session, submission.item, body, settings, caller=caller)
    kind = {
        Settlement.KEEP: StepKind.KEEP,
        Settlement.REPLACE: StepKind.REPLACE,
        Settlement.WITHDRAW: StepKind.NEITHER,
    }[submission.verdict]
    return Done(settled.ground_truth_id or of or submission.item, kind)


async def skip(session: AsyncSession, submission: SkipIn, *, caller: Caller) -> None:
    """Somebody else may look at it from now on."""
    await claims.end(session, submission.item, caller=caller)
