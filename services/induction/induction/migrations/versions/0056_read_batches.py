"""What a Message Batch leaves behind: at its provider until it is deleted, and here as long as the
answers of its run are kept.
"""

from alembic import op

revision = "0056"
down_revision = "0054"

STATEMENTS = (
    "ALTER TABLE llm_batches ADD COLUMN deleted_at TIMESTAMPTZ",
    """
    CREATE INDEX llm_batches_read ON llm_batches (look_at)
        WHERE state = 'ended' AND deleted_at IS NULL
    """,
    "GRANT UPDATE (deleted_at) ON llm_batches TO induction_app",
    "GRANT DELETE ON llm_batch_calls TO induction_app",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
