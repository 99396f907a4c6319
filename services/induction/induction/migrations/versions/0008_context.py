"""A frozen case keeps what stands before it."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.execute("ALTER TABLE snapshot_cases ADD COLUMN context JSONB")
