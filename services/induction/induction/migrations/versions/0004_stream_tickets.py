"""Tickets for browsers: a stream is opened once with each, within a minute."""

from alembic import op

revision = "0004"
down_revision = "0003"

STATEMENTS = [
    """
    CREATE TABLE stream_tickets (
        hash TEXT PRIMARY KEY,
        subject TEXT NOT NULL,
        scopes TEXT[] NOT NULL,
        tasks TEXT[],
        expires_at TIMESTAMPTZ NOT NULL
    )
    """,
    "CREATE INDEX ON stream_tickets (expires_at)",
    # UPDATE, because sweeping locks what it deletes.
    "GRANT SELECT, INSERT, UPDATE, DELETE ON stream_tickets TO induction_app",
]


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
