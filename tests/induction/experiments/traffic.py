"""Live traffic of an experiment, written past nlu-logger, and time that has passed."""

import asyncpg

from tests.fixtures.stack import Stack
from tests.induction.runs.driving import sql

LOGGED = """
INSERT INTO nlu_prompt_logs (id, task, prompt, predicted_intent, confidence, prompt_version,
    conversation_id, was_successful, created_at, body_hash)
SELECT id, $1, 'a text', $2, 0.9, $3, $6::uuid, n <= $5, uuid_extract_timestamp(id), ''
FROM generate_series(1, $4) n, LATERAL (SELECT uuidv7($7 * interval '-1 hour') AS id, n AS row) made
"""
PASSED = (
    """
    UPDATE experiments SET created_at = created_at - $2 * interval '1 hour',
        counted_until = counted_until - $2 * interval '1 hour' WHERE task = $1
    """,
    """
    UPDATE experiment_steps SET since = since - $2 * interval '1 hour'
    FROM experiments WHERE experiment_id = id AND task = $1
    """,
)


async def logged(
    stack: Stack,
    task: str,
    version: str,
    *,
    units: int,
    successes: int,
    intent: str = "topic_0",
    conversation: str | None = None,
    hours_ago: float = 0,
) -> None:
    """Predictions, each of its own unit or all of one; those beyond the successes failed."""
    database = stack.logger_database
    db = await asyncpg.connect(database.admin_url.rsplit("/", 1)[0] + "/" + database.name)
    try:
        await db.execute(LOGGED, task, intent, version, units, successes, conversation, hours_ago)
    finally:
        await db.close()


async def passed(stack: Stack, task: str, *, hours: float) -> None:
    """So much time, since all that has happened in experiments of the task."""
    for statement in PASSED:
        await sql(stack, statement, task, hours)
