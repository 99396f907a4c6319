"""Replays of traffic: the ids of their predictions, and what they found."""

from alembic import op

revision = "0048"
down_revision = "0051"

STATEMENTS = (
    "ALTER TABLE runs ADD COLUMN predictions INTEGER, ADD COLUMN replay JSONB",
    """
    CREATE TABLE run_predictions (
        run_id UUID NOT NULL REFERENCES runs ON DELETE CASCADE,
        prediction_id UUID NOT NULL,
        PRIMARY KEY (run_id, prediction_id)
    )
    """,
    "GRANT SELECT, INSERT, DELETE ON run_predictions TO induction_app",
    "CREATE INDEX runs_replayed ON runs (baseline_version_id, id) WHERE kind = 'replay'",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
