"""Scores say why answers could not be used, and how others were read; a prompt can be too long."""

from alembic import op

revision = "0022"
down_revision = "0021"

STATEMENTS = (
    """
    ALTER TABLE prompt_scores
        ADD COLUMN faults JSONB NOT NULL DEFAULT '{}',
        ADD COLUMN lenient JSONB NOT NULL DEFAULT '{}'
    """,
    "DROP INDEX llm_calls_unanswered",
    """
    CREATE INDEX llm_calls_unanswered ON llm_calls (run_id)
    WHERE outcome IN ('unavailable', 'rejected', 'too_long')
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
