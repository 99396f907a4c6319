"""Pages call reviewers by the names of their keys, and who proposed a correction may take it back:
without the right to decide, from proposed to rejected and again, and nothing else."""

from alembic import op

revision = "0021"
down_revision = "0020"

STATEMENTS = [
    "GRANT SELECT (name) ON api_keys TO nlu_logger_job",
    "GRANT UPDATE (status, decided_by, decided_at) ON corrections TO nlu_logger_service",
    """
    CREATE POLICY withdrawals ON corrections AS RESTRICTIVE FOR UPDATE TO nlu_logger_service
    USING (status <> 'approved') WITH CHECK (status <> 'approved' AND ground_truth_id IS NULL)
    """,
]


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
