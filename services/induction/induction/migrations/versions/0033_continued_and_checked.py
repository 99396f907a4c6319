"""Runs continue others, count their crashes, and are checked by being executed again."""

from alembic import op

revision = "0033"
down_revision = "0032"

STATEMENTS = (
    """
    ALTER TABLE runs
        ADD COLUMN continues UUID REFERENCES runs,
        ADD COLUMN crashes INTEGER NOT NULL DEFAULT 0,
        ADD COLUMN progress_at_claim BIGINT NOT NULL DEFAULT 0,
        ADD COLUMN last_error TEXT
    """,
    """
    CREATE TABLE run_verifications (
        run_id UUID PRIMARY KEY REFERENCES runs ON DELETE CASCADE,
        engine_version TEXT NOT NULL,
        requested_at TIMESTAMPTZ NOT NULL DEFAULT now(),
        lease_until TIMESTAMPTZ,
        attempts INTEGER NOT NULL DEFAULT 0,
        completed_at TIMESTAMPTZ,
        outcome TEXT CHECK (outcome IN ('same', 'different', 'unchecked')),
        events INTEGER NOT NULL DEFAULT 0,
        reason TEXT,
        difference JSONB,
        CHECK ((completed_at IS NULL) = (outcome IS NULL))
    )
    """,
    "GRANT SELECT, INSERT, UPDATE ON run_verifications TO induction_app",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
