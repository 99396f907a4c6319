"""Prices that an operator has put."""

from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE prices (
            model TEXT NOT NULL,
            since DATE NOT NULL,
            body JSONB NOT NULL,
            put_by TEXT NOT NULL,
            put_at TIMESTAMPTZ NOT NULL DEFAULT now(),
            PRIMARY KEY (model, since)
        )
        """
    )
    op.execute("GRANT SELECT, INSERT, DELETE ON prices TO induction_app")
