"""The history of runs that may repeat a case, and blanking what does; answers kept no longer."""

import asyncio
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from nlu_shared.schemas.privacy import ForgottenCase
from nlu_shared.schemas.runs import RunStatus
from pydantic import JsonValue
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.privacy.repeating import Repeats, blanked

RUNS_QUOTING = """
SELECT id FROM runs WHERE status = ANY(:over) AND (baseline_version_id = ANY(:quoted_in)
    OR id IN (SELECT run_id FROM prompt_versions WHERE id = ANY(:quoted_in)))
"""
ENSEMBLES = """
SELECT version.id FROM prompt_versions AS version
CROSS JOIN LATERAL jsonb_array_elements(version.content->'members') AS member
WHERE CAST(member->>'version_id' AS uuid) = ANY(:members)
"""
# What people and models said in the course of runs: how it is read as JSON, and written back.
HISTORY = (
    (
        "SELECT run_id AS id, n, body AS content FROM run_events WHERE run_id = ANY(:runs)",
        "UPDATE run_events SET body = CAST(:content AS jsonb) WHERE run_id = :id AND n = :n",
    ),
    (
        """
        SELECT run_id AS id, n, jsonb_build_object('change', change, 'reason', reason) AS content
        FROM run_changes WHERE run_id = ANY(:runs)
        """,
        """
        UPDATE run_changes SET change = nullif(CAST(:content AS jsonb)->'change', 'null'),
            reason = CAST(:content AS jsonb)->>'reason' WHERE run_id = :id AND n = :n
        """,
    ),
    (
        "SELECT run_id AS id, step AS n, body AS content FROM run_inbox WHERE run_id = ANY(:runs)",
        "UPDATE run_inbox SET body = CAST(:content AS jsonb) WHERE run_id = :id AND step = :n",
    ),
    (
        """
        SELECT run_id AS id, n, jsonb_build_object('reason', reason) AS content
        FROM run_approvals WHERE run_id = ANY(:runs) AND reason IS NOT NULL
        """,
        """
        UPDATE run_approvals SET reason = CAST(:content AS jsonb)->>'reason'
        WHERE run_id = :id AND n = :n
        """,
    ),
    (
        """
        SELECT run_id AS id, 0 AS n, difference AS content FROM run_verifications
        WHERE run_id = ANY(:runs) AND difference IS NOT NULL
        """,
        """
        UPDATE run_verifications SET difference = CAST(:content AS jsonb)
        WHERE run_id = :id AND :n = 0
        """,
    ),
    (
        """
        SELECT id, 0 AS n, jsonb_build_object('hint', hint) AS content FROM run_hints
        WHERE run_id = ANY(:runs)
        """,
        "UPDATE run_hints SET hint = CAST(:content AS jsonb)->>'hint' WHERE id = :id AND :n = 0",
    ),
    (
        """
        SELECT id, 0 AS n, jsonb_build_object('hints', hints, 'reason', reason, 'notes', notes,
            'left_out', left_out, 'taken', taken_hints, 'patterns', patterns) AS content
        FROM runs WHERE id = ANY(:runs)
        """,
        """
        UPDATE runs SET hints = CAST(:content AS jsonb)->'hints',
            reason = CAST(:content AS jsonb)->>'reason', notes = CAST(:content AS jsonb)->'notes',
            left_out = CAST(:content AS jsonb)->'left_out',
            taken_hints = CAST(:content AS jsonb)->'taken',
            patterns = nullif(CAST(:content AS jsonb)->'patterns', 'null')
        WHERE id = :id AND :n = 0
        """,
    ),
    (
        """
        SELECT id, 0 AS n, jsonb_build_object('notes', notes) AS content FROM prompt_versions
        WHERE task = :task AND notes IS NOT NULL
        """,
        """
        UPDATE prompt_versions SET notes = CAST(:content AS jsonb)->>'notes'
        WHERE id = :id AND :n = 0
        """,
    ),
    (
        """
        SELECT id, 0 AS n, jsonb_build_object('reason', reason) AS content FROM prompt_proposals
        WHERE task = :task AND reason IS NOT NULL
        """,
        """
        UPDATE prompt_proposals SET reason = CAST(:content AS jsonb)->>'reason'
        WHERE id = :id AND :n = 0
        """,
    ),
    (
        """
        SELECT id, 0 AS n, jsonb_build_object('reason', reason, 'notes', conclusion,
            'text', stopped_because) AS content FROM experiments WHERE task = :task
        """,
        """
        UPDATE experiments SET reason = CAST(:content AS jsonb)->>'reason',
            conclusion = CAST(:content AS jsonb)->>'notes',
            stopped_because = CAST(:content AS jsonb)->>'text' WHERE id = :id AND :n = 0
        """,
    ),
    (
        """
        SELECT proposal_id AS id, n, jsonb_build_object('reason', vote.reason) AS content
        FROM prompt_votes AS vote JOIN prompt_proposals ON id = proposal_id
        WHERE task = :task AND vote.reason IS NOT NULL
        """,
        """
        UPDATE prompt_votes SET reason = CAST(:content AS jsonb)->>'reason'
        WHERE proposal_id = :id AND n = :n
        """,
    ),
)


async def is_forgotten(session: AsyncSession, mark: UUID | None) -> bool:
    """By somebody, meanwhile; to be asked under the lock of all who forget."""
    rows = await session.execute(
        text("SELECT 1 FROM forgotten_cases WHERE mark = :mark AND forgotten_at IS NOT NULL"),
        {"mark": mark},
    )
    return rows.first() is not None


async def ensembles_of(session: AsyncSession, members: Collection[UUID]) -> set[UUID]:
    """Those that ask one of these versions."""
    return set((await session.execute(text(ENSEMBLES), {"members": list(members)})).scalars())


async def blank_history(
    session: AsyncSession,
    case: ForgottenCase,
    users: Sequence[UUID],
    quoted_in: Sequence[UUID],
    repeats: Repeats,
) -> None:
    """Of the runs that used the case, and of those that are over and made or began with a version
    that quotes it."""
    rows = await session.execute(
        text(RUNS_QUOTING), {"quoted_in": quoted_in, "over": [one for one in RunStatus if one.over]}
    )
    runs_of = sorted({*users, *(row.id for row in rows)})
    for read, write in HISTORY:
        rows = await session.execute(
            text(read).columns(content=JSONB), {"runs": runs_of, "task": case.task}
        )
        held = rows.mappings().all()
        after = await asyncio.to_thread(
            _blanked, [row["content"] for row in held], repeats, str(case.case_id)
        )
        for row, body in zip(held, after, strict=True):
            if body != row["content"]:
                params = {"id": row["id"], "n": row["n"], "content": json.dumps(body)}
                await session.execute(text(write), params)


def _blanked(bodies: list[JsonValue], repeats: Repeats, case_id: str) -> list[JsonValue]:
    return [blanked(one, repeats, case_id) for one in bodies]


# The key holds the question's hash, so both sides of an archived call can still be told apart. What
# a call of a batch came to and cost stands in the ledger; the batch's own row stays.
PRUNE = """
WITH due AS MATERIALIZED (
    SELECT id FROM runs
    WHERE completed_at < clock_timestamp() - make_interval(secs => :seconds)
        AND answers_pruned_at IS NULL AND NOT EXISTS (
            SELECT FROM llm_batches WHERE run_id = runs.id AND ended_at IS NULL
        )
    ORDER BY completed_at LIMIT 1 FOR UPDATE SKIP LOCKED
), pruned AS (
    UPDATE llm_calls SET text_hash = encode(sha256(convert_to(text, 'UTF8')), 'hex'),
        text = NULL
    FROM due WHERE run_id = due.id AND text IS NOT NULL
    RETURNING 1
), batched AS (
    DELETE FROM llm_batch_calls USING due, llm_batches AS batch
    WHERE batch.run_id = due.id AND batch_id = batch.id
)
UPDATE runs SET answers_pruned_at = clock_timestamp() FROM due WHERE runs.id = due.id
RETURNING runs.id AS run_id, (SELECT count(*) FROM pruned) AS answers
"""


@dataclass(frozen=True, slots=True)
class Pruned:
    run_id: UUID
    answers: int


async def prune(session: AsyncSession, *, days: float) -> Pruned | None:
    """Of the run that ended longest ago, more than `days` ago; None where there is none."""
    row = (await session.execute(text(PRUNE), {"seconds": days * 86_400})).one_or_none()
    return None if row is None else Pruned(row.run_id, row.answers)
