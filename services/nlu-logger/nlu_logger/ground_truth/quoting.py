"""Which texts a prompt may quote: what holds where nobody says, and changing it for many cases."""

from typing import Any

from nlu_shared.kit.access import audit
from nlu_shared.kit.access.auth import Caller, own_task
from nlu_shared.kit.errors import NotFound
from nlu_shared.schemas.ground_truth import case_hash
from nlu_shared.schemas.quoting import Quoted, QuotingDefault, QuotingDefaultIn, QuotingIn
from sqlalchemy import ColumnElement, text, type_coerce
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_logger.ground_truth.models import GroundTruthRow, QuotingDefaultRow
from nlu_logger.ground_truth.service import changed, lock
from nlu_logger.label_sets import service as label_sets
from nlu_logger.label_sets.policy import UnknownLabel

UPDATE = """
UPDATE ground_truth SET may_quote = :may_quote, hash = made.hash
FROM unnest(CAST(:ids AS uuid[]), CAST(:hashes AS text[])) AS made (id, hash)
WHERE ground_truth.id = made.id
"""


async def default(session: AsyncSession, task: str, *, caller: Caller) -> QuotingDefault:
    """What holds for a task where nobody says."""
    own_task(caller, task)
    row = await session.get(QuotingDefaultRow, task)
    return QuotingDefault(task=task, may_quote=None if row is None else row.may_quote)


async def set_default(
    session: AsyncSession, task: str, request: QuotingDefaultIn, *, caller: Caller
) -> QuotingDefault:
    """From now on; what is approved already stays as it is."""
    own_task(caller, task)
    values = {"may_quote": request.may_quote, "set_by": caller.subject}
    await session.execute(
        insert(QuotingDefaultRow)
        .values(task=task, **values)
        .on_conflict_do_update(index_elements=["task"], set_=values)
    )
    await audit.record(
        session,
        actor=caller.subject,
        action="quoting.default",
        subject=task,
        may_quote=request.may_quote,
    )
    return QuotingDefault(task=task, may_quote=request.may_quote)


async def decide(session: AsyncSession, request: QuotingIn, *, caller: Caller) -> Quoted:
    """Allows or ends quoting for the approved cases of a filter, or says how many that would be.

    A case that changes has another hash, so its data set is another one: a run that is under way
    keeps its own. Raises NotFound for a task of which there is nothing, and UnknownLabel.
    """
    own_task(caller, request.task)
    request = await _read(session, request, caller=caller)
    if not request.dry_run:
        await lock(session)
    chosen = (await session.exec(select(GroundTruthRow).where(*_filter(request)))).all()
    differing = [row for row in chosen if row.may_quote is not request.may_quote]
    if differing and not request.dry_run:
        await session.execute(
            text(UPDATE),
            {
                "may_quote": request.may_quote,
                "ids": [row.id for row in differing],
                "hashes": [_hash(row, may_quote=request.may_quote) for row in differing],
            },
        )
        await changed(session, request.task)
        await audit.record(
            session,
            actor=caller.subject,
            action="quoting.decide",
            subject=request.task,
            cases=len(differing),
            **request.model_dump(mode="json", exclude={"task", "dry_run"}, by_alias=True),
        )
    counted = select(func.count()).where(GroundTruthRow.task == request.task)
    quotable = (await session.exec(counted.where(col(GroundTruthRow.may_quote)))).one()
    if request.dry_run:
        quotable += len(differing) if request.may_quote else -len(differing)
    return Quoted(
        matched=len(chosen),
        changed=len(differing),
        cases=(await session.exec(counted)).one(),
        quotable=quotable,
        dry_run=request.dry_run,
    )


async def _read(session: AsyncSession, request: QuotingIn, *, caller: Caller) -> QuotingIn:
    """The request with its label as cases have it: a mistyped filter would match nothing."""
    known = await label_sets.current(session, request.task, caller=caller)
    seen = await label_sets.seen(session, request.task)
    counted = select(func.count()).where(GroundTruthRow.task == request.task)
    if not known.labels and not (await session.exec(counted)).one():
        raise NotFound(
            "No task of this name has approved cases or labels: bring some in first.",
            code="unknown_task",
        )
    if request.label is None:
        return request
    label = known.spellings.get(request.label, request.label)
    if label not in known.spellings and label not in seen:
        raise UnknownLabel("The filter's label is none of the task's.", labels=list(known.names))
    return request.model_copy(update={"label": label})


def _filter(request: QuotingIn) -> list[ColumnElement[bool]]:
    conditions: list[Any] = [GroundTruthRow.task == request.task]
    if request.label is not None:
        conditions.append(col(GroundTruthRow.truth) == type_coerce(request.label, JSONB))
    if request.group is not None:
        conditions.append(GroundTruthRow.case_group == request.group)
    if request.since is not None:
        conditions.append(col(GroundTruthRow.created_at) >= request.since)
    if request.until is not None:
        conditions.append(col(GroundTruthRow.created_at) < request.until)
    return conditions


def _hash(row: GroundTruthRow, *, may_quote: bool) -> str:
    return case_hash(
        task=row.task,
        text=row.text,
        truth=row.truth,
        group=row.case_group,
        may_quote=may_quote,
        context=row.context,
    )
