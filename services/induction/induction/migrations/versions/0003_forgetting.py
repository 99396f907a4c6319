"""Cases to forget, and the hash that stands for a forgotten case in its snapshots."""

from alembic import op

revision = "0003"
down_revision = "0002"

STATEMENTS = [
    # The case's own hash, of which the snapshot's is made: history can be checked without texts.
    "ALTER TABLE snapshot_cases ADD COLUMN forgotten_hash TEXT",
    "CREATE INDEX ON snapshot_cases (case_id)",
    # `n` is nlu-logger's number; one without a time is known and not forgotten yet.
    """
    CREATE TABLE forgotten_cases (
        n BIGINT PRIMARY KEY,
        case_id UUID NOT NULL,
        task TEXT NOT NULL,
        why TEXT NOT NULL,
        forgotten_at TIMESTAMPTZ,
        snapshots INTEGER NOT NULL DEFAULT 0,
        answers INTEGER NOT NULL DEFAULT 0,
        quoted_in UUID[] NOT NULL DEFAULT '{}'
    )
    """,
    "CREATE INDEX ON forgotten_cases (n) WHERE forgotten_at IS NULL",
    "GRANT SELECT, INSERT, UPDATE ON forgotten_cases TO induction_app",
]


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
