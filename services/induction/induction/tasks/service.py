"""Making, finding and changing tasks. Their labels are nlu-logger's: a row holds a copy.

nlu-logger is asked while no connection is held.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import httpx2
from nlu_shared.kit.access import audit
from nlu_shared.kit.data.db import Database, Identity, session_scope
from nlu_shared.kit.errors import Conflict, Invalid, NotFound
from nlu_shared.schemas.labels import LabelSet, LabelSpec, nearly_one
from nlu_shared.schemas.promotions import PromotionRules
from nlu_shared.schemas.prompts import TaskKind
from nlu_shared.schemas.steering import Approvals
from nlu_shared.schemas.tasks import (
    TOO_FEW_LABELS,
    TaskChange,
    TaskIn,
    TaskSpec,
    TaskView,
    are_enough,
)
from sqlalchemy import func
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.llm.prices import PriceTable
from induction.pricing import service as pricing
from induction.settings import Settings
from induction.task_kinds.registry import task_of
from induction.tasks.components import UNKNOWN_COMPONENT, unknown_components
from induction.tasks.models import TaskRow, with_aliases
from induction.upstream import UpstreamAway, define_labels, fetch_labels

ROLES = {"task_model", "proposer_model"}
OWN = {
    *ROLES,
    *("objective", "max_prompt_tokens", "retrieval", "batches"),
    *Approvals.model_fields,
    *PromotionRules.model_fields,
}
"""What is changed here alone; labels are nlu-logger's."""


class LabelsDiffer(Conflict):
    code = "labels_differ"
    title = "nlu-logger has another label set for this task"


class Archived(Conflict):
    code = "task_archived"
    title = "The task is archived"


class NoLabelsHere(Invalid):
    code = "no_labels_here"
    title = "An extraction has codes, not labels"

    def __init__(self) -> None:
        super().__init__(
            "An extraction has codes, not labels: leave `labels` out.",
            errors=[{"loc": ["body", "labels"], "type": self.code}],
        )


class TooFewLabels(Invalid):
    code = TOO_FEW_LABELS
    title = "An intent task needs at least two labels"


Looking = Callable[[str, PriceTable], Awaitable[list[str]]]
"""What is to be known about a model that is named: `llm.trial.remarks_on` of it."""


async def create(
    database: Database,
    identity: Identity,
    logger: httpx2.AsyncClient,
    settings: Settings,
    spec: TaskIn,
    *,
    looking: Looking,
) -> tuple[TaskView, bool]:
    """The task and whether it is new, with notes on the models it names. The same task again is no
    error; another is.

    Labels define nlu-logger's set where there is none, and have to be the set that stands. Raises
    Conflict, NoPrice, LabelsDiffer, LabelInUse, NoLabelsHere, TooFewLabels, LabelsNotWritable,
    UpstreamAway; then nothing was made here.
    """
    if spec.labels and spec.kind is not TaskKind.INTENT:
        raise NoLabelsHere
    async with session_scope(database, identity) as session:
        known = await session.get(TaskRow, spec.slug)
        if known is not None:
            _require_same(known.spec(), spec)
        else:
            await pricing.require(session, settings, spec.model_dump(include=ROLES))
    labels = await _labels(logger, spec, known.spec() if known is not None else None)
    async with session_scope(database, identity) as session:
        row = await session.get(TaskRow, spec.slug, with_for_update=True)
        if row is not None:
            _require_same(row.spec(), spec)
            row.copy_labels(labels)
            return row.view(), False
        row = TaskRow(**spec.model_dump(mode="json"))
        row.copy_labels(labels)
        _require_components(row)
        try:
            async with session.begin_nested():
                session.add(row)
        except IntegrityError:
            raise Conflict("Somebody else made it just now; look again.") from None
        view = row.view()
        table = await pricing.table(session, settings)
    return await _noted(view, (spec.task_model, spec.proposer_model), table, looking), True


async def _noted(
    view: TaskView, named: Iterable[str | None], table: PriceTable, looking: Looking
) -> TaskView:
    """With labels that are nearly one, and what is to be known about the models that are named; no
    connection is held meanwhile."""
    models = dict.fromkeys(model for model in named if model is not None)
    names = [one.name for one in view.labels if not one.retired]
    notes = [
        *nearly_one(names),
        *[note for model in models for note in await looking(model, table)],
    ]
    return view.model_copy(update={"notes": notes})


def _require_same(known: TaskSpec, spec: TaskIn) -> None:
    if known.model_copy(update={"labels": spec.labels}) != TaskSpec.model_validate(
        spec.model_dump()
    ):
        raise Conflict("A different task has this slug; PATCH /v1/tasks/{slug} changes it.")


async def _labels(logger: httpx2.AsyncClient, spec: TaskIn, known: TaskSpec | None) -> LabelSet:
    current = await fetch_labels(logger, spec.slug)
    if spec.kind is not TaskKind.INTENT or (known is not None and not spec.labels):
        return current
    if current.version:
        if spec.labels and not _is_same_set(spec.labels, current.labels):
            raise LabelsDiffer(
                f"Version {current.version} stands: leave `labels` out to take it, or change it"
                " with PATCH /v1/tasks/{slug}."
            )
        require_enough(spec.model_copy(update={"labels": current.labels}))
        return current
    require_enough(spec)
    return await define_labels(
        logger, spec.slug, with_aliases(spec.labels, current), replaces=current.version
    )


def _is_same_set(specs: Sequence[LabelSpec], known: Sequence[LabelSpec]) -> bool:
    """In any order; aliases that are not mentioned are no contradiction."""
    standing = {one.name: one for one in known}
    return len(specs) == len(known) and all(
        (other := standing.get(one.name)) is not None
        and (one.description, one.retired) == (other.description, other.retired)
        and set(one.aliases) <= set(other.aliases)
        for one in specs
    )


def require_enough(spec: TaskSpec) -> None:
    """Raises TooFewLabels."""
    if spec.kind is TaskKind.INTENT and not are_enough(spec.labels):
        raise TooFewLabels(
            "Give `labels`, at least two that are not retired, or define them in nlu-logger.",
            errors=[{"loc": ["body", "labels"], "type": TOO_FEW_LABELS}],
        )


async def change(
    database: Database,
    identity: Identity,
    logger: httpx2.AsyncClient,
    settings: Settings,
    slug: str,
    body: TaskChange,
    *,
    by: str,
    looking: Looking,
) -> TaskView:
    """Changes what the body names; with notes on the models it names. Raises NotFound, NoPrice,
    NoLabelsHere, Invalid for an objective on what is not there, and what `upstream.define_labels`
    raises; then nothing was changed."""
    changes = body.model_dump(include=body.model_fields_set)
    async with session_scope(database, identity) as session:
        kind = (await get(session, slug)).kind
        models = {role: changes[role] for role in ROLES & changes.keys()}
        await pricing.require(session, settings, models)
    labels = None
    if "labels" in changes:
        if kind != TaskKind.INTENT:
            raise NoLabelsHere
        current = await fetch_labels(logger, slug)
        labels = await define_labels(logger, slug, body.labels, replaces=current.version)
    async with session_scope(database, identity) as session:
        view = await _changed(session, slug, changes, labels, by=by)
        table = await pricing.table(session, settings)
    return await _noted(view, (body.task_model, body.proposer_model), table, looking)


async def _changed(
    session: AsyncSession,
    slug: str,
    changes: Mapping[str, Any],
    labels: LabelSet | None,
    *,
    by: str,
) -> TaskView:
    row = await session.get(TaskRow, slug, with_for_update=True)
    if row is None:
        raise _unknown()
    if labels is not None:
        row.copy_labels(labels)
    for name in OWN & changes.keys():
        setattr(row, name, changes[name])
    if "objective" in changes:
        _require_components(row)
    if "archived" in changes and changes["archived"] != (row.archived_at is not None):
        now = (await session.exec(select(func.now()))).one()
        row.archived_at = now if changes["archived"] else None
    await audit.record(
        session, actor=by, action="tasks.change", subject=slug, fields=sorted(changes)
    )
    await session.flush()
    return row.view()


def _require_components(row: TaskRow) -> None:
    """Raises Invalid where the objective names what the task does not have."""
    spec = row.spec()
    faults = unknown_components(task_of(spec), spec.objective, ["body", "objective"])
    if faults:
        raise Invalid(
            "The objective names what the task does not have.",
            code=UNKNOWN_COMPONENT,
            errors=faults,
        )


async def fresh(
    database: Database, identity: Identity, logger: httpx2.AsyncClient, slug: str
) -> TaskView:
    """The task with nlu-logger's labels as they stand, or as they were last seen where it is away.
    Raises NotFound."""
    async with session_scope(database, identity) as session:
        row = await get(session, slug)
    with suppress(UpstreamAway):
        row.copy_labels(await fetch_labels(logger, slug))
    return row.view()


async def get(session: AsyncSession, slug: str) -> TaskRow:
    row = await session.get(TaskRow, slug)
    if row is None:
        raise _unknown()
    return row


async def held(session: AsyncSession, slug: str) -> TaskRow:
    """The task, until the commit held against others who do the same; references to it may still
    be made. Raises NotFound."""
    row = await session.get(
        TaskRow, slug, populate_existing=True, with_for_update={"key_share": True}
    )
    if row is None:
        raise _unknown()
    return row


def _unknown() -> NotFound:
    return NotFound("There is no such task.", code="unknown_task")


def require_current(row: TaskRow) -> None:
    """Raises Archived."""
    if row.archived_at is not None:
        raise Archived(
            'The task is archived. PATCH /v1/tasks/{slug} with {"archived": false} brings it back.'
        )


async def list_all(session: AsyncSession, *, archived: bool = False) -> list[TaskRow]:
    """By slug; archived ones only where they are asked for."""
    statement = select(TaskRow).order_by(col(TaskRow.slug))
    if not archived:
        statement = statement.where(col(TaskRow.archived_at).is_(None))
    return list((await session.exec(statement)).all())
