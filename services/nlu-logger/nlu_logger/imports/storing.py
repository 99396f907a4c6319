"""Rows of history as rows of ours, in one statement."""

import json
from collections.abc import Sequence

from nlu_shared.schemas.imports import LineResult
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_logger.imports.history import Record
from nlu_logger.imports.results import CREATED, REPEATED, refused
from nlu_logger.predictions.ingest import IdConflict

STORE = """
INSERT INTO nlu_prompt_logs (id, source_id, user_id, task, prompt, predicted_intent, confidence,
    secondary_intents, correction_notes, was_successful, workflow_type, execution_error,
    conversation_id, message_index, created_at, body_hash)
SELECT id, source_id, user_id, task, prompt, predicted_intent, confidence,
    secondary_intents, correction_notes, was_successful, workflow_type, execution_error,
    conversation_id, message_index, created_at, body_hash
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS new (id uuid, source_id text, user_id uuid,
    task text, prompt text, predicted_intent text, confidence float8, secondary_intents jsonb,
    correction_notes text, was_successful boolean, workflow_type text, execution_error text,
    conversation_id uuid, message_index int, created_at timestamptz, body_hash text)
ORDER BY id
ON CONFLICT (id) DO NOTHING
RETURNING id
"""


async def store(session: AsyncSession, records: Sequence[Record]) -> dict[int, LineResult]:
    """By line: new, there already, or in conflict with what has its old id and its time."""
    rows = json.dumps([one.columns() for one in records])
    made = set((await session.execute(text(STORE), {"rows": rows})).scalars())
    stored = await session.execute(
        text("SELECT id, body_hash FROM nlu_prompt_logs WHERE id = ANY(:ids)"),
        {"ids": [one.id for one in records]},
    )
    hashes = {row.id: row.body_hash for row in stored}
    results = {}
    for one in records:
        if hashes[one.id] != one.hash:
            results[one.line] = refused(one.line, IdConflict())
            continue
        status = CREATED if one.id in made else REPEATED
        made.discard(one.id)
        results[one.line] = LineResult(line=one.line, status=status, id=one.id)
    return results
