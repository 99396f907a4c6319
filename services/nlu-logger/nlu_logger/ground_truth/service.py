"""Promoting cases, taking them back, and reading all of them from one snapshot."""

from dataclasses import dataclass, replace
from uuid import UUID

from nlu_shared.ids import uuid7, uuid8
from nlu_shared.kit.access import audit
from nlu_shared.kit.access.auth import Caller, own_task
from nlu_shared.kit.errors import Conflict, Invalid, NotFound
from nlu_shared.kit.process.jobs import enqueue
from nlu_shared.nfkc import nfkc
from nlu_shared.schemas.base import digest
from nlu_shared.schemas.ground_truth import (
    GroundTruthIn,
    case_hash,
)
from nlu_shared.schemas.jobs import CONSIDER_RUN, INDUCTION_QUEUE, JobOrder
from nlu_shared.schemas.labels import LabelWarning
from nlu_shared.schemas.privacy import Why
from pydantic import JsonValue
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_logger.ground_truth.models import ConflictRow, GroundTruthRow, QuotingDefaultRow
from nlu_logger.label_sets import service as label_sets

LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('ground_truth', 0))"


# The sum of schemas.ground_truth.dataset_hash, taken where the hashes are.
class ConflictingTruth(Conflict):
    code = "conflicting_truth"
    title = "Another truth is approved for this text"
    commit_on_error = True


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCase:
    task: str
    text: str
    truth: JsonValue
    group: str | None
    may_quote: bool
    context: JsonValue = None
    correction_id: UUID | None = None

    @property
    def hash(self) -> str:
        return case_hash(
            task=self.task,
            text=self.text,
            truth=self.truth,
            group=self.group,
            may_quote=self.may_quote,
            context=self.context,
        )


def text_key(text: str, context: JsonValue = None) -> str:
    """Texts that differ in case, spaces or Unicode form only are one text, unless something else
    stands before them. Hex SHA-256."""
    plain = " ".join(nfkc(text).casefold().split())
    return digest(plain if context is None else [plain, context])


async def lock(session: AsyncSession) -> None:
    """Until the commit nobody else changes ground truth: approvals of one text meet in order."""
    await session.execute(text(LOCK))


@dataclass(frozen=True, slots=True)
class Promoted:
    """The approved case, and what to look at."""

    id: UUID
    warning: LabelWarning | None = None


async def promote(
    session: AsyncSession, case: NewCase, *, caller: Caller, allow_new: bool
) -> Promoted:
    """The approved case; the same truth for the same text is one case.

    The id is made of task and text: the same cases have the same ids and the same data-set hash
    in every database, so a run on them is the same run. Quoting, once allowed, stays allowed.
    Raises ConflictingTruth where another truth stands for this text, and stores the conflict:
    somebody must settle it; and what `label_sets.check` raises for a truth that may not be one.
    """
    await lock(session)
    key = text_key(case.text, case.context)
    standing = (
        await session.exec(
            select(GroundTruthRow).where(
                GroundTruthRow.task == case.task, GroundTruthRow.text_key == key
            )
        )
    ).first()
    # What stands already is no new truth: its label may have been retired since.
    if standing is not None and _read(standing.truth) == label_sets.read(case.truth):
        await _allow_quoting(session, standing, case)
        return Promoted(standing.id)
    truth = await label_sets.check(
        session, case.task, case.truth, caller=caller, allow_new=allow_new
    )
    case = replace(case, truth=truth.value)
    if standing is None:
        return Promoted(await _add(session, key, case, by=caller.subject), truth.warning)
    if _read(standing.truth) != case.truth:
        await _dispute(session, standing, case, by=caller.subject)
        raise ConflictingTruth("It waits under /v1/reviews/conflicts to be settled.")
    await _allow_quoting(session, standing, case)
    return Promoted(standing.id, truth.warning)


def _read(stored: JsonValue) -> JsonValue:
    """As it would be stored today; what was taken before there was one reading, as it is."""
    try:
        return label_sets.read(stored)
    except Invalid:
        return stored


async def _add(session: AsyncSession, key: str, case: NewCase, *, by: str) -> UUID:
    row = GroundTruthRow(
        id=uuid8(case.task, key),
        task=case.task,
        text=case.text,
        text_key=key,
        context=case.context,
        truth=case.truth,
        case_group=case.group,
        may_quote=case.may_quote,
        hash=case.hash,
        correction_id=case.correction_id,
        approved_by=by,
    )
    session.add(row)
    await changed(session, case.task)
    return row.id


async def _allow_quoting(session: AsyncSession, standing: GroundTruthRow, case: NewCase) -> None:
    if case.may_quote and not standing.may_quote:
        standing.may_quote = True
        standing.hash = replace(
            case, text=standing.text, truth=standing.truth, group=standing.case_group
        ).hash
        await changed(session, case.task)


async def may_quote(
    session: AsyncSession, task: str, decision: bool | None, *, otherwise: bool
) -> bool:
    """What somebody says, else what holds for the task, else `otherwise`."""
    if decision is not None:
        return decision
    row = await session.get(QuotingDefaultRow, task)
    return otherwise if row is None else row.may_quote


async def _dispute(
    session: AsyncSession, standing: GroundTruthRow, case: NewCase, *, by: str
) -> None:
    """The same contradiction twice is one conflict."""
    await session.execute(
        insert(ConflictRow)
        .values(
            id=uuid7(),
            ground_truth_id=standing.id,
            correction_id=case.correction_id,
            truth=case.truth,
            truth_hash=digest(case.truth),
            case_group=case.group,
            may_quote=case.may_quote,
            raised_by=by,
        )
        .on_conflict_do_nothing()
    )


async def add(session: AsyncSession, body: GroundTruthIn, *, caller: Caller) -> Promoted:
    """A case that never was a prediction. Raises what `promote` raises."""
    own_task(caller, body.task)
    new = NewCase(
        task=body.task,
        text=body.text,
        context=body.stored_context,
        truth=body.truth,
        group=body.group,
        may_quote=await may_quote(session, body.task, body.may_quote, otherwise=True),
    )
    made = await promote(session, new, caller=caller, allow_new=body.allow_new)
    await audit.record(session, actor=caller.subject, action="truth.add", subject=made.id)
    return made


async def withdraw(session: AsyncSession, case_id: UUID) -> None:
    """Forgets a case that a review made; an imported one stands for itself."""
    row = await session.get(GroundTruthRow, case_id)
    if row is not None and row.correction_id is not None:
        await forget(session, row)


async def remove(session: AsyncSession, case_id: UUID, *, caller: Caller) -> None:
    """Takes a case out, and tells those who hold a copy to forget it. Raises NotFound."""
    row = await session.get(GroundTruthRow, case_id)
    if row is None or not caller.may_touch(row.task):
        raise NotFound("There is no such case.")
    await lock(session)
    await forget(session, row)
    await publish(session, row.id, task=row.task, why=Why.REMOVED)
    await audit.record(session, actor=caller.subject, action="truth.remove", subject=row.id)


async def forget(session: AsyncSession, row: GroundTruthRow) -> None:
    """The case goes, with the conflicts and findings about it."""
    await session.delete(row)
    await changed(session, row.task)


async def publish(session: AsyncSession, case_id: UUID, *, task: str, why: Why) -> None:
    """Copies of the case's text are to be forgotten. The caller holds the lock: numbers that are
    seen out of order would be missed."""
    await session.execute(
        text("INSERT INTO erased_cases (case_id, task, why) VALUES (:case_id, :task, :why)"),
        {"case_id": case_id, "task": task, "why": why.value},
    )


async def changed(session: AsyncSession, task: str) -> None:
    """Hands over one consideration of a run; a burst of changes is one, while it waits."""
    await session.flush()
    await enqueue(
        session,
        JobOrder(
            name=CONSIDER_RUN,
            queue=INDUCTION_QUEUE,
            job_id=f"consider:{task}",
            arguments=(task,),
        ),
    )
