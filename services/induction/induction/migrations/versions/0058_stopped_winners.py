"""Who stopped the serving of an experiment that has won, when and why; its conclusion stays."""

from alembic import op

revision = "0058"
down_revision = "0057"

STATEMENTS = (
    """
    ALTER TABLE experiments ADD COLUMN stopped_at TIMESTAMPTZ, ADD COLUMN stopped_by TEXT,
        ADD COLUMN stopped_because TEXT,
        ADD CHECK (stopped_at IS NULL OR status = 'won' AND stopped_by IS NOT NULL)
    """,
    "GRANT UPDATE (stopped_at, stopped_by, stopped_because) ON experiments TO induction_app",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
