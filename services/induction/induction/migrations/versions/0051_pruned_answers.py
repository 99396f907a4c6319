"""Answers that are no longer kept leave their hash."""

from alembic import op

revision = "0051"
down_revision = "0047"

STATEMENTS = (
    "ALTER TABLE llm_calls ADD COLUMN text_hash TEXT CHECK (text IS NULL OR text_hash IS NULL)",
    # What is looked for by the clock: runs that ended long ago and still hold an answer.
    "ALTER TABLE runs ADD COLUMN answers_pruned_at TIMESTAMPTZ",
    """
    CREATE INDEX runs_to_prune ON runs (completed_at)
        WHERE completed_at IS NOT NULL AND answers_pruned_at IS NULL
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
