"""A worker claims a slot for a time, so that no lock is held while an export is on its way."""

from alembic import op

revision = "0011"
down_revision = "0010"

STATEMENTS = [
    "ALTER TABLE export_schedules ADD COLUMN claim UUID, ADD COLUMN claimed_until TIMESTAMPTZ",
    "GRANT UPDATE (claim, claimed_until) ON export_schedules TO nlu_logger_job",
]


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
