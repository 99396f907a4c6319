"""What a run had spent when a change of it was decided. Changes decided before have no number."""

from alembic import op

revision = "0059"
down_revision = "0058"


def upgrade() -> None:
    op.execute(
        "ALTER TABLE run_changes ADD COLUMN spent_calls INTEGER, ADD COLUMN spent_usd FLOAT8"
    )
