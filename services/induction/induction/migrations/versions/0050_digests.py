"""Reports of weeks on their way, beside those of runs; versions that came in a bundle."""

from alembic import op

revision = "0050"
down_revision = "0048"

STATEMENTS = (
    """
    ALTER TABLE report_deliveries
        DROP CONSTRAINT report_deliveries_pkey,
        ALTER COLUMN run_id DROP NOT NULL,
        ADD COLUMN week DATE,
        ADD UNIQUE (run_id, channel_id),
        ADD UNIQUE (channel_id, week),
        ADD CHECK (num_nonnulls(run_id, week) = 1)
    """,
    "ALTER TABLE report_deliveries DROP CONSTRAINT report_deliveries_id_key, ADD PRIMARY KEY (id)",
    """
    CREATE TABLE bundle_origins (
        version_id UUID NOT NULL REFERENCES prompt_versions,
        bundle_hash TEXT NOT NULL,
        origin_id UUID NOT NULL,
        signer TEXT NOT NULL,
        task TEXT NOT NULL,
        origin JSONB NOT NULL,
        taken_by TEXT NOT NULL,
        taken_at TIMESTAMPTZ NOT NULL DEFAULT now(),
        PRIMARY KEY (version_id, bundle_hash, origin_id)
    )
    """,
    "GRANT SELECT, INSERT ON bundle_origins TO induction_app",
    "CREATE INDEX trigger_decisions_by_time ON trigger_decisions (last_decided_at)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
