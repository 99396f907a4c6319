"""Which failed changes still count: a run remembers them by reference, proposers are shown them.

Refusals before the gate are not remembered: they cost no call, and may hold what the leak guard
keeps out of prompts.
"""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID

from nlu_shared.kit.access import audit
from nlu_shared.kit.data.orders import Sorts, ordered
from nlu_shared.kit.data.pages import cut
from nlu_shared.kit.order import NEWEST, Order
from nlu_shared.schemas.base import Page
from nlu_shared.schemas.lineage import FailedIdea
from nlu_shared.schemas.prompts import Aim, Change
from nlu_shared.schemas.tasks import TaskSpec
from sqlalchemy import (
    Boolean,
    DateTime,
    Integer,
    Text,
    Uuid,
    bindparam,
    column,
    not_,
    or_,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.engine.plan import Remembered
from induction.prompts import service as prompts
from induction.settings import Settings
from induction.task_kinds.registry import task_of
from induction.tasks import service as tasks

MOST = 100
"""Failures one run remembers, the newest."""


def is_settled(*, fixed: int, broke: int, vetoed: bool = False) -> bool:
    """A change that broke at least as many cases as it fixed, over all the runs that tried it, is
    not tried again on the same prompt. One that fixed more than it broke failed for want of
    evidence, which may have been noise: a later run is free to try it, unless a person has vetoed
    it."""
    return vetoed or broke >= fixed


# A version that was kept once, or that quotes a case which is to be forgotten, is no failed idea.
_FAILED = text(
    """
    WITH here AS (
        SELECT id FROM runs
        WHERE task = :task AND task_model = :task_model
            AND (provider = :provider OR starts_with(provider, :provider || ': '))
            AND scorer = :scorer AND created_at > now() - make_interval(secs => :seconds)
    ), tried AS (
        SELECT run_changes.* FROM run_changes JOIN here ON here.id = run_id
        WHERE version_id IS NOT NULL
    )
    SELECT DISTINCT ON (failed.version_id)
        failed.version_id, failed.run_id, failed.at, failed.stage, failed.reason, failed.aims,
        failed.change->>'strategy' AS strategy, failed.change->'edits' AS edits,
        count(*) OVER one AS runs,
        sum(cardinality(failed.fixed)) OVER one AS fixed,
        sum(cardinality(failed.broke)) OVER one AS broke,
        bool_or(failed.stage = 'approval') OVER one AS vetoed
    FROM tried AS failed
    LEFT JOIN cleared_ideas AS cleared ON cleared.version_id = failed.version_id
    WHERE failed.outcome = 'rejected'
        AND (cleared_at IS NULL OR failed.at > cleared_at)
        AND failed.version_id NOT IN (SELECT version_id FROM tried WHERE outcome = 'kept')
        AND failed.version_id NOT IN (SELECT unnest(quoted_in) FROM forgotten_cases)
    WINDOW one AS (PARTITION BY failed.version_id)
    ORDER BY failed.version_id DESC, failed.run_id DESC
    """
).columns(
    column("version_id", Uuid),
    column("run_id", Uuid),
    column("at", DateTime(timezone=True)),
    column("stage", Text),
    column("reason", Text),
    column("aims", JSONB),
    column("strategy", Text),
    column("edits", JSONB),
    column("runs", Integer),
    column("fixed", Integer),
    column("broke", Integer),
    column("vetoed", Boolean),
)
_IDEAS = _FAILED.subquery("ideas").c
SORTS: Sorts = {
    "at": _IDEAS.at,
    "strategy": _IDEAS.strategy,
    "stage": _IDEAS.stage,
    "fixed": _IDEAS.fixed,
    "broke": _IDEAS.broke,
    "runs": _IDEAS.runs,
}
"""What failed ideas can be ordered by."""

_REFERRED = (
    text(
        """
        SELECT failed.run_id, failed.change, failed.aims, failed.stage, failed.reason,
            parent.version_hash AS parent_hash
        FROM ROWS FROM (jsonb_to_recordset(:refs) AS (version_id uuid, run_id uuid))
            WITH ORDINALITY AS ref (version_id, run_id, place)
        JOIN run_changes AS failed ON failed.run_id = ref.run_id
            AND failed.version_id = ref.version_id AND failed.outcome = 'rejected'
        JOIN prompt_versions AS parent ON parent.id = failed.parent_id
        ORDER BY place
        """
    )
    .bindparams(bindparam("refs", type_=JSONB))
    .columns(change=JSONB, aims=JSONB)
)

_CLEAR = text(
    """
    INSERT INTO cleared_ideas (version_id) VALUES (:id)
    ON CONFLICT (version_id) DO UPDATE SET cleared_at = now()
    """
)

_OUTCOMES = {
    "gate": "rejected at the gate",
    "validation": "rejected on validation",
    "approval": "vetoed by a person",
}


class Era(NamedTuple):
    """What a failure was measured with: it counts only where all of this is the same. Which model
    answers behind `provider` is known once a run has asked it; see `of_one_server`."""

    task: str
    task_model: str
    provider: str
    scorer: str

    @classmethod
    def now(cls, task: TaskSpec, settings: Settings) -> "Era":
        model = task.task_model or settings.task_model
        return cls(task.slug, model, settings.models_of.identity(model), task_of(task).scorer)


async def page(
    session: AsyncSession,
    settings: Settings,
    slug: str,
    *,
    before: UUID | None,
    limit: int,
    order: Order = NEWEST,
    settled: bool | None = None,
) -> Page[FailedIdea]:
    """What failed lately in the era that is now, the newest version first or in an order; those
    that are `settled` alone, or those that are not. Raises NotFound."""
    era = Era.now((await tasks.get(session, slug)).spec(), settings)
    known = {**era._asdict(), "seconds": 86_400 * settings.remember_days}
    ideas = select(*_IDEAS).params(known)
    if settled is not None:
        is_so = or_(_IDEAS.vetoed, _IDEAS.broke >= _IDEAS.fixed)
        ideas = ideas.where(is_so if settled else not_(is_so))
    arranged = await ordered(session, ideas, SORTS, order, id=_IDEAS.version_id, before=before)
    rows = (await session.execute(arranged.limit(limit + 1))).mappings().all()
    page, cursor = cut(rows, limit, itemgetter("version_id"))
    items = [
        FailedIdea.model_validate(
            {
                **{name: row[name] for name in row if name != "vetoed"},
                "is_settled": is_settled(
                    fixed=row["fixed"], broke=row["broke"], vetoed=row["vetoed"]
                ),
            }
        )
        for row in page
    ]
    return Page(items=items, next_cursor=cursor)


async def to_remember(session: AsyncSession, settings: Settings, slug: str) -> list[dict[str, str]]:
    """What a run that starts now must know, as references for `remembered`."""
    known = await page(session, settings, slug, before=None, limit=MOST)
    return [
        {"version_id": str(one.version_id), "run_id": str(one.run_id)}
        for one in known.items
        if one.is_settled
    ]


async def of_one_server(
    session: AsyncSession, references: Sequence[dict[str, str]], server: str
) -> list[dict[str, str]]:
    """Those that were measured on what is filed under `server`."""
    runs = await session.execute(
        text("SELECT id FROM runs WHERE id = ANY(:ids) AND provider = :server"),
        {"ids": [UUID(one["run_id"]) for one in references], "server": server},
    )
    own = {str(run_id) for run_id in runs.scalars()}
    return [one for one in references if one["run_id"] in own]


async def remembered(
    session: AsyncSession, references: Sequence[dict[str, str]]
) -> tuple[Remembered, ...]:
    """What is referred to, in the order of the references; always the same."""
    if not references:
        return ()
    rows = (await session.execute(_REFERRED, {"refs": list(references)})).mappings().all()
    return tuple(_remembered(row) for row in rows)


def _remembered(row: Any) -> Remembered:
    return Remembered(
        run_id=row["run_id"],
        change=Change.model_validate({**row["change"], "rationale": ""}),
        parent_hash=row["parent_hash"],
        aims=tuple(Aim.model_validate(aim) for aim in row["aims"]),
        outcome=_OUTCOMES[row["stage"]],
        reason=row["reason"],
    )


async def clear(session: AsyncSession, task: str, version_id: UUID, *, by: str) -> None:
    """Later runs may try this change again; a run under way keeps what it was started with.
    Raises NotFound."""
    await prompts.get(session, task, version_id)
    await session.execute(_CLEAR, {"id": version_id})
    await audit.record(session, actor=by, action="ideas.clear", subject=version_id)
