"""What runs say of the change that made a version, and how long they counted it: one statement
each."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from nlu_shared.schemas.prompts import Aim
from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.cases.models import SnapshotCaseRow

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
class Counted:
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


async def counted(session: AsyncSession, task: str, version_id: UUID) -> Counted | None:
    """By the newest run that tells what its F1 costs in tokens; None where none does."""
    params = {"task": task, "version_id": str(version_id)}
    row = (await session.execute(_COUNTED, params)).one_or_none()
    return None if row is None else Counted(row.run_id, row.tokens)
