"""A case may carry what stands before it: the conversation, and the items already known."""

from alembic import op

revision = "0010"
down_revision = "0009"

STATEMENTS = [
    "ALTER TABLE ground_truth ADD COLUMN context JSONB",
    "GRANT UPDATE (context) ON ground_truth TO nlu_logger_job",
]


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
