"""What runs say of a version, and where it served: one statement each."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from nlu_shared.schemas.promotions import PromotionProposal
from nlu_shared.schemas.prompts import Aim
from nlu_shared.schemas.verdicts import Verdict
from pydantic import TypeAdapter
from sqlalchemy import Uuid, cast, desc, func, literal, null, text, union_all
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.cases.models import SnapshotCaseRow
from induction.dashboard.versions.trials import Beaten, Trials, TriedVersion
from induction.experiments.models import ExperimentRow
from induction.experiments.queries import gives_b_until
from induction.prompts.models import PromptMoveRow

MOST_CASES = 5
_MADE = text(
    """
    SELECT made.run_id, made.n, made.change->>'rationale' AS rationale, made.aims, made.fixed,
        made.broke, run.dataset_hash
    FROM run_changes AS made JOIN runs AS run ON run.id = made.run_id
    WHERE made.version_id = :version_id AND made.parent_id = :parent_id
    ORDER BY made.outcome = 'kept' DESC, made.outcome = 'rejected' DESC, made.run_id DESC LIMIT 1
    """
)
_COUNTED = text(
    """
    SELECT run.id AS run_id, (point->>'tokens')::int AS tokens
    FROM runs AS run, jsonb_array_elements(run.front) AS point
    WHERE run.task = :task AND point->>'version_id' = :version_id
    ORDER BY run.id DESC LIMIT 1
    """
)
_COMPARED = text(
    """
    SELECT run.id AS run_id, run.created_at, run.verdict,
        run.baseline_version_id = :version_id AS is_baseline,
        CASE WHEN run.baseline_version_id = :version_id THEN run.best_version_id
            ELSE run.baseline_version_id END AS other_id
    FROM runs AS run
    WHERE run.task = :task AND run.verdict IS NOT NULL
        AND :version_id IN (run.baseline_version_id, run.best_version_id)
    ORDER BY run.id DESC LIMIT :most
    """
)
_REJECTED = text(
    """
    SELECT vote.by, vote.reason, vote.decided_at
    FROM prompt_proposals AS proposal
    JOIN prompt_votes AS vote ON vote.proposal_id = proposal.id AND vote.decision = 'rejected'
    WHERE proposal.task = :task AND proposal.version_id = :version_id
        AND proposal.alias = 'production' AND proposal.status = 'rejected'
    ORDER BY vote.decided_at DESC LIMIT 1
    """
)
_TRIALS = text(
    """
    SELECT version.id, to_jsonb(tried) AS tried, to_jsonb(beaten) AS beaten
    FROM prompt_versions AS version
    LEFT JOIN LATERAL (
        SELECT made.run_id, made.parent_id, made.outcome, made.stage, made.reason,
            made.validation_f1 AS after, coalesce(
                scored.objective,
                CASE WHEN made.parent_id = run.baseline_version_id THEN run.baseline_f1 END
            ) AS before, cardinality(made.fixed) AS fixed, cardinality(made.broke) AS broke
        FROM run_changes AS made
        JOIN runs AS run ON run.id = made.run_id
        LEFT JOIN prompt_scores AS scored ON scored.version_id = made.parent_id
            AND scored.run_id = made.run_id AND scored.split = 'validation'
        WHERE made.version_id = version.id AND made.outcome <> 'open'
        ORDER BY made.run_id DESC, made.n DESC LIMIT 1
    ) AS tried ON true
    LEFT JOIN LATERAL (
        SELECT run.id AS run_id, run.best_version_id AS by_version_id, run.verdict
        FROM runs AS run
        WHERE run.task = :task AND run.baseline_version_id = version.id
            AND run.best_version_id <> version.id AND run.verdict->>'kind' = 'proven'
        ORDER BY run.id DESC LIMIT 1
    ) AS beaten ON true
    WHERE version.task = :task AND version.id = ANY(:ids)
    """
)
MOST_TOLD = 20
_TRIED, _BEATEN = TypeAdapter(TriedVersion), TypeAdapter(Beaten)


@dataclass(frozen=True, slots=True)
class Served:
    """Under an alias or in an experiment, since when; `until` is None while it goes on."""

    alias: str
    since: datetime
    until: datetime | None
    experiment_id: UUID | None


@dataclass(frozen=True, slots=True)
class Rejected:
    """Who would not have it in production, why, and when."""

    by: str
    reason: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Compared:
    """A run with a verdict on the version, which it began with where the version `is_baseline`;
    `other_id` is what it was compared with, None where nothing else was found."""

    run_id: UUID
    at: datetime
    verdict: Verdict
    is_baseline: bool
    other_id: UUID | None

    @property
    def own_f1(self) -> float:
        return self.verdict.before if self.is_baseline else self.verdict.after

    @property
    def other_f1(self) -> float | None:
        if self.other_id is None:
            return None
        return self.verdict.after if self.is_baseline else self.verdict.before


@dataclass(frozen=True, slots=True)
class MadeBy:
    """The change that made a version out of its parent: `aims` are the patterns it was to correct;
    of the cases it turned, `texts` has the first of either kind by id."""

    run_id: UUID
    n: int
    rationale: str | None
    aims: list[Aim]
    fixed: Sequence[UUID]
    broke: Sequence[UUID]
    texts: dict[UUID, str]

    def shown(self, cases: Sequence[UUID]) -> list[str]:
        return [self.texts[one] for one in cases[:MOST_CASES] if one in self.texts]


@dataclass(frozen=True, slots=True)
class VersionTokens:
    """The tokens of a version as the model of a run counts them."""

    run_id: UUID
    tokens: int


async def made_by(
    session: AsyncSession, task: str, version_id: UUID, parent_id: UUID
) -> MadeBy | None:
    """None where no run made it so."""
    params = {"version_id": version_id, "parent_id": parent_id}
    made = (await session.execute(_MADE, params)).one_or_none()
    if made is None:
        return None
    stored = select(SnapshotCaseRow.case_id, SnapshotCaseRow.text).where(
        SnapshotCaseRow.task == task,
        SnapshotCaseRow.dataset_hash == made.dataset_hash,
        col(SnapshotCaseRow.case_id).in_([*made.fixed[:MOST_CASES], *made.broke[:MOST_CASES]]),
    )
    return MadeBy(
        run_id=made.run_id,
        n=made.n,
        rationale=made.rationale,
        aims=[Aim.model_validate(one) for one in made.aims],
        fixed=made.fixed,
        broke=made.broke,
        texts=dict(list(await session.exec(stored))),
    )


async def counted(session: AsyncSession, task: str, version_id: UUID) -> VersionTokens | None:
    """By the newest run that tells what its F1 costs in tokens; None where none does."""
    params = {"task": task, "version_id": str(version_id)}
    row = (await session.execute(_COUNTED, params)).one_or_none()
    return None if row is None else VersionTokens(row.run_id, row.tokens)


async def served(session: AsyncSession, task: str, version_id: UUID) -> list[Served]:
    """The newest MOST_TOLD times, the newest first."""
    alias, since, n = col(PromptMoveRow.alias), col(PromptMoveRow.moved_at), col(PromptMoveRow.n)
    until = func.lead(since).over(partition_by=alias, order_by=n).label("until")
    moves = (
        select(PromptMoveRow.version_id, alias, since.label("since"), until)
        .where(PromptMoveRow.task == task)
        .subquery()
        .c
    )
    as_alias = select(moves.alias, moves.since, moves.until, cast(null(), Uuid)).where(
        moves.version_id == version_id
    )
    in_experiments = select(
        literal("experiment"), ExperimentRow.created_at, gives_b_until(), ExperimentRow.id
    ).where(ExperimentRow.task == task, ExperimentRow.b_version_id == version_id)
    both = union_all(as_alias, in_experiments).order_by(desc("since")).limit(MOST_TOLD)
    return [Served(*row) for row in await session.execute(both)]


async def rejected(session: AsyncSession, task: str, version_id: UUID) -> Rejected | None:
    """Its newest promotion that was rejected or withdrawn; None where none was."""
    params = {"task": task, "version_id": version_id}
    row = (await session.execute(_REJECTED, params)).one_or_none()
    return None if row is None else Rejected(*row)


async def compared(session: AsyncSession, task: str, version_id: UUID) -> list[Compared]:
    """By the newest MOST_TOLD runs."""
    params = {"task": task, "version_id": version_id, "most": MOST_TOLD}
    rows = await session.execute(_COMPARED, params)
    return [
        Compared(
            run_id=row.run_id,
            at=row.created_at,
            verdict=Verdict.model_validate(row.verdict),
            is_baseline=row.is_baseline,
            other_id=None if row.other_id == version_id else row.other_id,
        )
        for row in rows
    ]


async def trials(session: AsyncSession, task: str, ids: Collection[UUID]) -> Trials:
    """In one statement."""
    known = Trials({}, {})
    for row in await session.execute(_TRIALS, {"task": task, "ids": list(ids)}):
        if row.tried is not None:
            known.tried[row.id] = _TRIED.validate_python(row.tried)
        if row.beaten is not None:
            known.beaten[row.id] = _BEATEN.validate_python(row.beaten)
    return known


async def trials_of(
    session: AsyncSession, task: str, proposals: Iterable[PromotionProposal], *more: UUID
) -> Trials:
    """Of what is proposed, and of more versions."""
    return await trials(session, task, {*(one.version_id for one in proposals), *more})
