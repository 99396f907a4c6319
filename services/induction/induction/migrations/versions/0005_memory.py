"""What a run remembers of earlier ones, the ruler it measures with, and what people cleared."""

from alembic import op

revision = "0005"
down_revision = "0004"

STATEMENTS = [
    "ALTER TABLE runs ADD COLUMN ruler TEXT",
    # Frozen at the start: [{"version_id", "run_id"}], failures by where their events are told.
    "ALTER TABLE runs ADD COLUMN remembered JSONB NOT NULL DEFAULT '[]'",
    # Failures of this version from before `cleared_at` are not remembered any more.
    """
    CREATE TABLE cleared_ideas (
        version_id UUID PRIMARY KEY REFERENCES prompt_versions,
        cleared_at TIMESTAMPTZ NOT NULL DEFAULT now()
    )
    """,
    # A run's event about a version: what lineage, blame and memory look up.
    """
    CREATE INDEX run_events_of_a_version ON run_events (run_id, (body->>'version_hash'))
        WHERE body->>'version_hash' IS NOT NULL
    """,
    "GRANT SELECT, INSERT, UPDATE ON cleared_ideas TO induction_app",
]


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
