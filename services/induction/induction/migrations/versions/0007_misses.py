"""Why a run's winner misses what it misses, and which doubts nlu-logger has been told."""

from alembic import op

revision = "0007"
down_revision = "0006"

STATEMENTS = [
    "ALTER TABLE runs ADD COLUMN misses JSONB",
    "ALTER TABLE runs ADD COLUMN findings_told_at TIMESTAMPTZ",
    """
    CREATE INDEX runs_with_findings_to_tell ON runs (completed_at)
        WHERE findings_told_at IS NULL AND completed_at IS NOT NULL
            AND jsonb_array_length(misses->'labels') > 0
    """,
]


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
