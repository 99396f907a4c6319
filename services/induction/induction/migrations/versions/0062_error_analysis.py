"""What a run's winner still gets wrong is its error analysis, as the field calls it: in the column
and in the events that were stored."""

from alembic import op

revision = "0062"
down_revision = "0061"


def upgrade() -> None:
    op.execute("ALTER TABLE runs RENAME COLUMN misses TO error_analysis")
    op.execute(
        """
        UPDATE run_events SET body = (body - 'misses') || jsonb_build_object(
            'type', 'errors_analysed', 'error_analysis', body -> 'misses'
        )
        WHERE body ->> 'type' = 'misses_attributed'
        """
    )
