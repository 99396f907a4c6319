"""Exports on a schedule, and a line for every export that was handed out."""

from alembic import op

revision = "0005"
down_revision = "0004"

STATEMENTS = [
    # Written before the first byte is sent: a stream that was cut was handed out too.
    """
    CREATE TABLE handouts (
        id UUID PRIMARY KEY,
        at TIMESTAMPTZ NOT NULL DEFAULT now(),
        kind TEXT NOT NULL,
        asked JSONB NOT NULL,
        handed_to TEXT NOT NULL,
        place TEXT
    )
    """,
    # A worker holds the row's lock while it writes, so a crash frees it at once.
    """
    CREATE TABLE export_schedules (
        id UUID PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        cron TEXT NOT NULL,
        target TEXT NOT NULL CHECK (target IN ('folder', 'store')),
        what JSONB NOT NULL,
        tasks TEXT[],
        next_slot TIMESTAMPTZ NOT NULL,
        failed TEXT,
        created_at TIMESTAMPTZ NOT NULL DEFAULT now()
    )
    """,
    "CREATE INDEX ON export_schedules (next_slot)",
    """
    CREATE TABLE export_runs (
        schedule_id UUID NOT NULL REFERENCES export_schedules ON DELETE CASCADE,
        slot TIMESTAMPTZ NOT NULL,
        missed INT NOT NULL,
        place TEXT NOT NULL,
        rows BIGINT NOT NULL,
        bytes BIGINT NOT NULL,
        sha256 TEXT NOT NULL,
        finished_at TIMESTAMPTZ NOT NULL DEFAULT now(),
        PRIMARY KEY (schedule_id, slot)
    )
    """,
]
RIGHTS = {
    "handouts": {
        "nlu_logger_service": "INSERT",
        "nlu_logger_reviewer": "INSERT",
        "nlu_logger_admin": "SELECT, INSERT",
        "nlu_logger_job": "SELECT, INSERT",
    },
    "export_schedules": {
        "nlu_logger_admin": "SELECT, INSERT, DELETE",
        "nlu_logger_job": "SELECT, UPDATE (next_slot, failed)",
    },
    "export_runs": {
        "nlu_logger_admin": "SELECT",
        "nlu_logger_job": "SELECT, INSERT",
    },
}


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    for table, rights in RIGHTS.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY owner ON {table} TO nlu_logger_owner USING (true)")
        for role, granted in rights.items():
            op.execute(f"CREATE POLICY {role} ON {table} TO {role} USING (true) WITH CHECK (true)")
            op.execute(f"GRANT {granted} ON {table} TO {role}")
