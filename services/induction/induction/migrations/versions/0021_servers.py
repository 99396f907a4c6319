"""A run remembers what answers under its models' names, and asks each once what it can do."""

from alembic import op

revision = "0021"
down_revision = "0020"

STATEMENTS = (
    "ALTER TABLE runs ADD COLUMN servers JSONB NOT NULL DEFAULT '{}'",
    "ALTER TABLE llm_calls DROP CONSTRAINT llm_calls_purpose_check",
    """
    ALTER TABLE llm_calls ADD CONSTRAINT llm_calls_purpose_check
        CHECK (purpose IN ('task', 'proposer', 'probe'))
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
