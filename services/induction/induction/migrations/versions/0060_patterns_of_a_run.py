"""The error patterns of a run that were found last stand in its row, as all that pages read."""

from alembic import op

revision = "0060"
down_revision = "0059"


def upgrade() -> None:
    op.execute("ALTER TABLE runs ADD COLUMN patterns JSONB")
    op.execute(
        """
        UPDATE runs SET patterns = last.body FROM (
            SELECT DISTINCT ON (run_id) run_id, body FROM run_events
            WHERE body ->> 'type' = 'patterns_found' ORDER BY run_id, n DESC
        ) AS last WHERE last.run_id = runs.id
        """
    )
