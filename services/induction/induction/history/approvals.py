"""Changes that wait for a person: until when, and what was decided."""

from collections.abc import Collection
from uuid import UUID

from nlu_shared.schemas.events import ApprovalAwaited
from nlu_shared.schemas.steering import Decision
from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.history.models import RunApprovalRow


async def begin(session: AsyncSession, run_id: UUID, n: int, event: ApprovalAwaited) -> None:
    """From now on, by the database's clock, change `n` waits."""
    await session.execute(
        text(
            """
            INSERT INTO run_approvals (run_id, n, until, unanswered)
            VALUES (:run_id, :n, now() + make_interval(secs => :seconds), :unanswered)
            """
        ),
        {
            "run_id": run_id,
            "n": n,
            "seconds": 60 * event.minutes,
            "unanswered": event.unanswered.value,
        },
    )


async def current(session: AsyncSession, run_id: UUID) -> RunApprovalRow | None:
    """The one that the run has not heard the end of."""
    rows = await session.exec(
        select(RunApprovalRow).where(
            RunApprovalRow.run_id == run_id, col(RunApprovalRow.taken_at_step).is_(None)
        )
    )
    return rows.one_or_none()


async def undecided(session: AsyncSession, run_ids: Collection[UUID]) -> dict[UUID, RunApprovalRow]:
    """What each of these runs waits for, by run."""
    rows = await session.exec(
        select(RunApprovalRow).where(
            col(RunApprovalRow.run_id).in_(run_ids), col(RunApprovalRow.decision).is_(None)
        )
    )
    return {row.run_id: row for row in rows}


async def decide(
    session: AsyncSession, run_id: UUID, n: int, decision: Decision, *, by: str, reason: str | None
) -> bool:
    """False where change `n` does not wait for it, or no longer does."""
    decided = await session.execute(
        text(
            """
            UPDATE run_approvals SET decision = :decision, decided_by = :by, reason = :reason,
                decided_at = now()
            WHERE run_id = :run_id AND n = :n AND decision IS NULL AND until > clock_timestamp()
            RETURNING n
            """
        ),
        {"run_id": run_id, "n": n, "decision": decision.value, "by": by, "reason": reason},
    )
    return decided.scalar_one_or_none() is not None


async def decide_by_time(session: AsyncSession, run_id: UUID, n: int) -> bool:
    """Whether it is decided now: by whom it was before, or because nobody did in time."""
    await session.execute(
        text(
            """
            UPDATE run_approvals SET decided_at = until,
                decision = CASE unanswered WHEN 'keep' THEN 'approved' ELSE 'vetoed' END
            WHERE run_id = :run_id AND n = :n AND decision IS NULL AND until <= clock_timestamp()
            """
        ),
        {"run_id": run_id, "n": n},
    )
    decided = await session.execute(
        text("SELECT decision IS NOT NULL FROM run_approvals WHERE run_id = :run_id AND n = :n"),
        {"run_id": run_id, "n": n},
    )
    return bool(decided.scalar_one())
