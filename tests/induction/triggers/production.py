"""Production as the audit sees it: predictions whose truths are approved, written past the
service, and of what serves."""

from datetime import timedelta

import asyncpg

from tests.fixtures.stack import Stack

SEEN = """
INSERT INTO nlu_prompt_logs (id, task, prompt, predicted_intent, confidence, prompt_version,
    created_at, body_hash)
SELECT id, $1, $1 || n, $2, 0.9, $3, uuid_extract_timestamp(id), ''
FROM generate_series(1, $4) n, LATERAL (SELECT uuidv7($5::interval) AS id, n AS row) made
RETURNING id
"""
APPROVED = """
INSERT INTO corrections (id, prediction_id, author, status, is_confirmation, corrected_intent,
    decided_at, ground_truth_id, body_hash)
SELECT gen_random_uuid(), one, 'test', 'approved', $2::text IS NULL, $2, now(), gen_random_uuid(),
    '' FROM unnest($1::uuid[]) one
"""
DRAWN = "INSERT INTO selections SELECT one, 'audit', 1 FROM unnest($1::uuid[]) one"


async def serving_for_a_day(stack: Stack, task: str) -> None:
    """What serves has done so since yesterday."""
    owner = await asyncpg.connect(stack.induction_database.owner_url)
    try:
        moved = "UPDATE prompt_moves SET moved_at = moved_at - interval '1 day' WHERE task = $1"
        await owner.execute(moved, task)
    finally:
        await owner.close()


async def audited(
    stack: Stack,
    task: str,
    count: int,
    *,
    answer: str,
    truth: str | None,
    version: str | None,
    hours_ago: int = 1,
    weeks_ago: int = 0,
) -> None:
    """`count` predictions of an hour ago, or of weeks before, that the audit drew; a truth of None
    confirms them."""
    database = stack.logger_database
    db = await asyncpg.connect(database.admin_url.rsplit("/", 1)[0] + "/" + database.name)
    try:
        at = -timedelta(hours=hours_ago, weeks=weeks_ago)
        made = await db.fetch(SEEN, task, answer, version, count, at)
        ids = [row["id"] for row in made]
        await db.execute(APPROVED, ids, truth)
        await db.execute(DRAWN, ids)
    finally:
        await db.close()
