"""Which finished runs still have findings to tell, and telling them.

The run's row is the outbox: its findings are told once it is marked, and marked only after
nlu-logger has answered. Said twice they are the same findings, so a crash in between adds nothing.
"""

from collections.abc import Sequence
from uuid import UUID

from nlu_shared.schemas.queues import FindingIn, FindingsIn
from nlu_shared.schemas.verdicts import ErrorAnalysis, LabelFinding
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

KIND = "always-missed"
DIFFERENCES_TOLD = 10
TO_TELL = """
findings_sent_at IS NULL AND completed_at IS NOT NULL
    AND jsonb_array_length(error_analysis->'labels') > 0
"""
MARK = text("UPDATE runs SET findings_sent_at = now() WHERE id = :id")


async def waiting(session: AsyncSession) -> Sequence[UUID]:
    """Runs with findings to tell, the oldest first, a hundred at most."""
    rows = await session.execute(
        text(f"SELECT id FROM runs WHERE {TO_TELL} ORDER BY completed_at LIMIT 100")  # noqa: S608
    )
    return rows.scalars().all()


async def to_tell(session: AsyncSession, run_id: UUID) -> FindingsIn | None:
    """What is to be told of the run; None where another worker has told it."""
    analysis = await session.scalar(
        text(f"SELECT error_analysis FROM runs WHERE id = :id AND {TO_TELL}"),  # noqa: S608
        {"id": run_id},
    )
    if analysis is None:
        return None
    labels = ErrorAnalysis.model_validate(analysis).labels
    return FindingsIn(findings=[finding_of(one) for one in labels])


async def mark(session: AsyncSession, run_id: UUID) -> None:
    """nlu-logger has answered."""
    await session.execute(MARK, {"id": run_id})


def finding_of(label: LabelFinding) -> FindingIn:
    """The same doubt in the same words, whichever run has it: a case that somebody cleared does
    not come back with every run."""
    differs = "; ".join(label.differs[:DIFFERENCES_TOLD])
    return FindingIn(
        case_id=label.case_id,
        kind=KIND,
        note=f"Prompt versions agree on another answer, time and again: {differs}.",
        suggested=label.predicted,
    )
