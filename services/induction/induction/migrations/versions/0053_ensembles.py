"""Ensembles: the versions that vote, and what their vote was found to gain."""

from alembic import op

revision = "0053"
down_revision = "0050"


def upgrade() -> None:
    op.execute(
        "ALTER TABLE runs ADD COLUMN members JSONB NOT NULL DEFAULT '[]', ADD COLUMN ensemble JSONB"
    )
