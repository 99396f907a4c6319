"""The set of a task as it stands or stood, and whether a truth is in it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from nlu_shared.kit.access import audit
from nlu_shared.kit.access.auth import Caller
from nlu_shared.kit.data.pages import cut
from nlu_shared.kit.errors import Forbidden, Invalid, NotFound
from nlu_shared.schemas.base import Page
from nlu_shared.schemas.labels import (
    LabelSet,
    LabelSetVersion,
    LabelSpec,
    LabelWarning,
    NoLabel,
    read_truth,
)
from nlu_shared.schemas.predictions import INTENT
from pydantic import JsonValue
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_logger.label_sets import policy
from nlu_logger.label_sets.models import LabelSetRow

SCOPE = "labels:write"
ADDERS = (SCOPE, "reviews:decide", "ground-truth:write")
"""Who makes truths may add a label for one on purpose."""
VERSIONS = 1_000
# From each label to the next one by the index, however many cases there are.
SEEN = """
WITH RECURSIVE seen AS (
    SELECT min(label_of(truth)) AS label FROM ground_truth
    WHERE task = :task AND label_of(truth) IS NOT NULL
    UNION ALL
    SELECT (
        SELECT min(label_of(g.truth)) FROM ground_truth g
        WHERE g.task = :task AND label_of(g.truth) > seen.label
    )
    FROM seen WHERE seen.label IS NOT NULL
)
SELECT label FROM seen WHERE label IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Truth:
    """A truth as it is stored, and what its giver should look at."""

    value: JsonValue
    warning: LabelWarning | None = None


async def current(session: AsyncSession, task: str, *, caller: Caller) -> LabelSet:
    """As it stands. Where nobody defined it: the labels of approved truths, version 0.

    An end user sees no truths, and so no labels of a set that nobody defined.
    """
    newest = select(LabelSetRow).where(LabelSetRow.task == task)
    newest = newest.order_by(col(LabelSetRow.version).desc()).limit(1)
    # Read again under a lock, it is what stands then.
    row = (await session.exec(newest.execution_options(populate_existing=True))).first()
    if row is not None and row.version:
        # A version never changes, and a file of a thousand truths asks for it as often.
        read: dict[tuple[str, int], LabelSet] = session.info.setdefault("label_sets", {})
        place = (task, row.version)
        return read.get(place) or read.setdefault(place, _set(row))
    aliased = {one.name: one for one in _specs(row)}
    names = {*aliased, *([] if caller.user_id else await seen(session, task))}
    # An old spelling that stands in a truth again is a label, whatever a rename has left.
    labels = tuple(aliased.get(name) or LabelSpec(name=name) for name in sorted(names))
    return LabelSet(
        task=task,
        version=0,
        labels=labels,
        warnings=policy.warnings([one.name for one in labels]),
    )


async def at(session: AsyncSession, task: str, version: int) -> LabelSet:
    """As it stood. Raises NotFound for a version that never was."""
    row = await session.get(LabelSetRow, (task, version))
    if row is None or not version:
        raise NotFound("There is no such version of this label set.")
    return _set(row)


async def versions(
    session: AsyncSession, task: str, *, before: int | None, limit: int
) -> Page[LabelSetVersion]:
    """The newest first."""
    query = select(LabelSetRow).where(LabelSetRow.task == task, col(LabelSetRow.version) > 0)
    if before is not None:
        query = query.where(col(LabelSetRow.version) < before)
    newest = query.order_by(col(LabelSetRow.version).desc()).limit(limit + 1)
    rows = [row.view() for row in (await session.exec(newest)).all()]
    page, cursor = cut(rows, limit, lambda one: one.version)
    return Page(items=list(page), next_cursor=cursor)


async def seen(session: AsyncSession, task: str) -> Sequence[str]:
    """The labels of the task's approved truths."""
    return (await session.execute(text(SEEN), {"task": task})).scalars().all()


async def store(
    session: AsyncSession, task: str, version: int, labels: Sequence[LabelSpec], *, caller: Caller
) -> None:
    """A new version; 0, which nobody defined, is one row that changes."""
    plain = [one.model_dump(mode="json") for one in labels]
    new = insert(LabelSetRow).values(
        task=task, version=version, labels=plain, made_by=caller.subject
    )
    if version == 0:
        new = new.on_conflict_do_update(
            index_elements=["task", "version"], set_={"labels": new.excluded.labels}
        )
    await session.execute(new)


async def check(
    session: AsyncSession,
    task: str,
    value: JsonValue,
    *,
    caller: Caller,
    allow_new: bool,
    choices: Collection[str] | None = None,
) -> Truth:
    """A truth by the one reading, in its set; a new label is added where that is allowed.

    Raises Invalid for what is no truth, UnknownLabel, and Forbidden for a label that the caller
    may not add. For `choices` see `policy.admit`. Under the lock of ground truth the set cannot
    change before the commit.
    """
    known = await current(session, task, caller=caller)
    truth = read(value)
    if not isinstance(truth, str):
        if known.version:
            raise Invalid("The truths of this task are labels of its set.", code="no_label")
        if truth == {} and (task == INTENT or known.labels):
            raise Invalid("An empty object is no label.", code="no_label")
        return Truth(truth)
    admitted = policy.admit(truth, known, allow_new=allow_new, choices=choices)
    if admitted.labels is not None:
        await _add(session, known, admitted, caller=caller)
    return Truth(admitted.label, admitted.warning)


def read(value: JsonValue) -> JsonValue:
    """Raises Invalid for what is no truth, with the reason."""
    try:
        truth = read_truth(value)
    except NoLabel as wrong:
        raise Invalid(f"A truth that cannot be taken: {wrong}.", code=wrong.code) from None
    if truth is None:
        raise Invalid("A truth is neither null nor blank.", code="no_truth")
    return truth


async def _add(
    session: AsyncSession, known: LabelSet, admitted: policy.Admitted, *, caller: Caller
) -> None:
    if not any(map(caller.has, ADDERS)):
        raise Forbidden(f"A new label needs the scope {SCOPE}.", code="may_add_no_label")
    version = known.version + 1
    await store(session, known.task, version, admitted.labels or (), caller=caller)
    await audit.record(
        session,
        actor=caller.subject,
        action="labels.add",
        subject=known.task,
        label=admitted.label,
        version=version,
    )


def _set(row: LabelSetRow) -> LabelSet:
    labels = _specs(row)
    close = policy.warnings([one.name for one in labels if not one.retired])
    return LabelSet(task=row.task, version=row.version, labels=labels, warnings=close)


def _specs(row: LabelSetRow | None) -> tuple[LabelSpec, ...]:
    return tuple(map(LabelSpec.model_validate, row.labels)) if row is not None else ()
