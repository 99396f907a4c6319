"""Runs that only measure: what they found, and what a plain classifier reached beside them."""

from alembic import op

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    op.execute("ALTER TABLE runs ADD COLUMN headroom JSONB, ADD COLUMN classifier JSONB")
