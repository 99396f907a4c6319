"""Runs that compare new models with the old one: what was asked for, and what came of it."""

from alembic import op

revision = "0030"
down_revision = "0040"

STATEMENTS = (
    """
    ALTER TABLE runs
        ADD COLUMN to_models JSONB NOT NULL DEFAULT '[]',
        ADD COLUMN margin DOUBLE PRECISION NOT NULL DEFAULT 0.02,
        ADD COLUMN optimise BOOLEAN NOT NULL DEFAULT false,
        ADD COLUMN agreement BOOLEAN NOT NULL DEFAULT false,
        ADD COLUMN comparisons JSONB NOT NULL DEFAULT '[]'
    """,
    "ALTER TABLE llm_calls DROP CONSTRAINT llm_calls_purpose_check",
    """
    ALTER TABLE llm_calls ADD CONSTRAINT llm_calls_purpose_check
        CHECK (purpose IN ('task', 'proposer', 'probe', 'comparison'))
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
