"""A block that a person pins while a run goes on: a message to the run as a hint is, with the name
of the block. A worker of before tells it to the proposer in words."""

from alembic import op

revision = "0061"
down_revision = "0060"


def upgrade() -> None:
    op.execute("ALTER TABLE run_hints ADD COLUMN block TEXT")
