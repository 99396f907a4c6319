"""How often a run's test cases were looked at before it."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.execute("ALTER TABLE runs ADD COLUMN looks INTEGER NOT NULL DEFAULT 0")
