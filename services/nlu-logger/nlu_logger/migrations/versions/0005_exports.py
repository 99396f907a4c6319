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
]


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
