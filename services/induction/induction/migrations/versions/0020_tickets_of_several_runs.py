"""A ticket is bound to the runs that its first stream follows: one, or several side by side."""

from alembic import op

revision = "0020"
down_revision = "0019"

STATEMENTS = (
    "ALTER TABLE stream_tickets ADD COLUMN run_ids UUID[]",
    "UPDATE stream_tickets SET run_ids = ARRAY[run_id] WHERE run_id IS NOT NULL",
    "ALTER TABLE stream_tickets DROP COLUMN run_id",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
