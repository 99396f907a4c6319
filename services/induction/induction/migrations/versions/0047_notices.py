"""Channels that hear of a run's end, and the reports on their way; the ledger read by time."""

from alembic import op

revision = "0047"
down_revision = "0046"

STATEMENTS = (
    """
    CREATE TABLE report_channels (
        id UUID PRIMARY KEY,
        kind TEXT NOT NULL CHECK (kind IN ('email', 'slack', 'webhook')),
        target TEXT NOT NULL,
        address JSONB NOT NULL,
        tasks TEXT[],
        events TEXT[] NOT NULL,
        run_kinds TEXT[] NOT NULL,
        created_at TIMESTAMPTZ NOT NULL DEFAULT now()
    )
    """,
    """
    CREATE TABLE report_deliveries (
        id UUID NOT NULL UNIQUE DEFAULT gen_random_uuid(),
        run_id UUID NOT NULL REFERENCES runs ON DELETE CASCADE,
        channel_id UUID NOT NULL REFERENCES report_channels ON DELETE CASCADE,
        status TEXT NOT NULL DEFAULT 'waiting'
            CHECK (status IN ('waiting', 'sent', 'given_up')),
        attempts INTEGER NOT NULL DEFAULT 0,
        reason TEXT,
        not_before TIMESTAMPTZ NOT NULL DEFAULT now(),
        failed_at TIMESTAMPTZ,
        sent_at TIMESTAMPTZ,
        PRIMARY KEY (run_id, channel_id)
    )
    """,
    "CREATE INDEX report_deliveries_of_channel ON report_deliveries (channel_id)",
    """
    CREATE INDEX report_deliveries_to_send ON report_deliveries (not_before)
        WHERE status = 'waiting'
    """,
    "GRANT SELECT, INSERT, DELETE ON report_channels TO induction_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON report_deliveries TO induction_app",
    "ALTER TABLE runs ADD COLUMN reported_at TIMESTAMPTZ",
    # Nobody wants to hear of those that ended before anybody could.
    "UPDATE runs SET reported_at = now() WHERE completed_at IS NOT NULL",
    """
    CREATE INDEX runs_to_report ON runs (completed_at)
        WHERE completed_at IS NOT NULL AND reported_at IS NULL
    """,
    # A BRIN index: some pages for the whole ledger, whose rows come in the order of their times.
    "CREATE INDEX llm_calls_by_time ON llm_calls USING brin (created_at)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
