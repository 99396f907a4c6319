"""Alert rules, their incidents and what was sent."""

from alembic import op

revision = "0007"
down_revision = "0006"

STATEMENTS = [
    # `channels` holds webhook addresses, which are secrets: no role but the worker's reads it.
    """
    CREATE TABLE alerts (
        id UUID PRIMARY KEY,
        rule JSONB NOT NULL,
        shown JSONB NOT NULL,
        channels JSONB NOT NULL,
        created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
        looked_at TIMESTAMPTZ
    )
    """,
    """
    CREATE TABLE alert_incidents (
        id UUID PRIMARY KEY,
        alert_id UUID NOT NULL REFERENCES alerts ON DELETE CASCADE,
        opened_at TIMESTAMPTZ NOT NULL,
        value DOUBLE PRECISION NOT NULL,
        count BIGINT NOT NULL,
        recovered_at TIMESTAMPTZ,
        recovered_value DOUBLE PRECISION,
        CHECK ((recovered_at IS NULL) = (recovered_value IS NULL))
    )
    """,
    """
    CREATE UNIQUE INDEX one_open_incident ON alert_incidents (alert_id)
    WHERE recovered_at IS NULL
    """,
    "CREATE INDEX ON alert_incidents (alert_id, id)",
    """
    CREATE TABLE alert_deliveries (
        id UUID PRIMARY KEY,
        incident_id UUID NOT NULL REFERENCES alert_incidents ON DELETE CASCADE,
        notice TEXT NOT NULL CHECK (notice IN ('opened', 'recovered')),
        channel INT NOT NULL,
        body JSONB NOT NULL,
        status TEXT NOT NULL DEFAULT 'waiting' CHECK (status IN ('waiting', 'sent', 'given_up')),
        attempts INT NOT NULL DEFAULT 0,
        reason TEXT,
        not_before TIMESTAMPTZ NOT NULL DEFAULT now(),
        sent_at TIMESTAMPTZ,
        UNIQUE (incident_id, notice, channel)
    )
    """,
    "CREATE INDEX ON alert_deliveries (not_before) WHERE status = 'waiting'",
]
TABLES = ("alerts", "alert_incidents", "alert_deliveries")
ROLES = ("nlu_logger_admin", "nlu_logger_job")
GRANTS = [
    "SELECT (id, rule, shown, created_at, looked_at), INSERT, DELETE ON alerts TO nlu_logger_admin",
    "SELECT ON alert_incidents, alert_deliveries TO nlu_logger_admin",
    "SELECT, UPDATE (looked_at) ON alerts TO nlu_logger_job",
    "SELECT, INSERT, UPDATE (recovered_at, recovered_value) ON alert_incidents TO nlu_logger_job",
    """
    SELECT, INSERT, UPDATE (status, attempts, reason, not_before, sent_at) ON alert_deliveries
    TO nlu_logger_job
    """,
]


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        for role in ROLES:
            op.execute(f"CREATE POLICY {role} ON {table} TO {role} USING (true) WITH CHECK (true)")
        op.execute(f"CREATE POLICY owner ON {table} TO nlu_logger_owner USING (true)")
    for grant in GRANTS:
        op.execute(f"GRANT {grant}")
