"""A stream ticket serves the reconnects of the run it first opened."""

from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.execute("ALTER TABLE stream_tickets ADD COLUMN run_id UUID")
