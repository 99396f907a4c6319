"""What runs have found of versions that are no run's best: one statement for all of a page."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from uuid import UUID

from nlu_shared.schemas.promotions import PromotionProposal
from nlu_shared.schemas.verdicts import Verdict
from pydantic import TypeAdapter
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.history.models import Outcome

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


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of a version in the newest run that tried it; `before` is the validation F1 of
    what it was made from, `after` its own, None where validation was not reached."""

    run_id: UUID
    parent_id: UUID | None
    outcome: str
    stage: str | None
    reason: str | None
    after: float | None
    before: float | None
    fixed: int
    broke: int

    @property
    def became(self) -> str:
        is_refused = self.outcome == Outcome.REJECTED and self.stage is not None
        return f"{self.outcome}_at_{self.stage}" if is_refused else self.outcome

    @property
    def is_kept(self) -> bool:
        return self.outcome == Outcome.KEPT


@dataclass(frozen=True, slots=True)
class Beaten:
    """The newest run that has proven another version better than this one."""

    run_id: UUID
    by_version_id: UUID
    verdict: Verdict


_TRIED, _BEATEN = TypeAdapter(Tried), TypeAdapter(Beaten)


@dataclass(frozen=True, slots=True)
class Trials:
    """By version; what no run has found is left out."""

    tried: dict[UUID, Tried]
    beaten: dict[UUID, Beaten]

    @property
    def named(self) -> set[UUID]:
        """The versions that these tell of."""
        parents = {one.parent_id for one in self.tried.values() if one.parent_id is not None}
        return parents | {one.by_version_id for one in self.beaten.values()}

    def speak_against(self, version_id: UUID) -> bool:
        """Does the newest of what is known say that it had better not serve?"""
        tried = self.tried.get(version_id)
        return version_id in self.beaten or (tried is not None and not tried.is_kept)


async def trials(session: AsyncSession, task: str, ids: Collection[UUID]) -> Trials:
    known = Trials({}, {})
    for row in await session.execute(_TRIALS, {"task": task, "ids": list(ids)}):
        if row.tried is not None:
            known.tried[row.id] = _TRIED.validate_python(row.tried)
        if row.beaten is not None:
            known.beaten[row.id] = _BEATEN.validate_python(row.beaten)
    return known


async def of_proposals(
    session: AsyncSession, task: str, proposals: Iterable[PromotionProposal], *more: UUID
) -> Trials:
    """Of what is proposed, and of more versions."""
    return await trials(session, task, {*(one.version_id for one in proposals), *more})
