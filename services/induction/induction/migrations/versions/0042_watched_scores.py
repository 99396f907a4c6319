"""The trigger watches the score: its pauses and resets, decisions with causes, canaries."""

from alembic import op

revision = "0042"
down_revision = "0041"

STATEMENTS = (
    """
    ALTER TABLE auto_triggers
        ADD COLUMN paused_at TIMESTAMPTZ,
        ADD COLUMN paused_by TEXT,
        ADD COLUMN looked_at TIMESTAMPTZ,
        ADD COLUMN reset_at TIMESTAMPTZ
    """,
    """
    ALTER TABLE trigger_decisions
        ALTER COLUMN cases DROP NOT NULL,
        ADD COLUMN causes JSONB NOT NULL DEFAULT '[]',
        ADD COLUMN live_f1 DOUBLE PRECISION,
        ADD COLUMN times INTEGER NOT NULL DEFAULT 1,
        ADD COLUMN last_decided_at TIMESTAMPTZ
    """,
    "UPDATE trigger_decisions SET last_decided_at = decided_at",
    """
    ALTER TABLE trigger_decisions
        ALTER COLUMN last_decided_at SET NOT NULL,
        ALTER COLUMN last_decided_at SET DEFAULT now()
    """,
    # Those of a task that was switched off: nobody had looked.
    "UPDATE trigger_decisions SET cases = NULL WHERE cases = 0 AND dataset_hash IS NULL",
    "CREATE INDEX trigger_decisions_of_task ON trigger_decisions (task, id)",
    """
    ALTER TABLE runs
        ADD COLUMN canary JSONB,
        ADD COLUMN canary_answers JSONB,
        ADD COLUMN compares_with UUID
    """,
    "CREATE INDEX runs_of_task ON runs (task, kind, id)",
    "CREATE SEQUENCE run_epochs AS INTEGER",
    "GRANT USAGE ON SEQUENCE run_epochs TO induction_app",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
