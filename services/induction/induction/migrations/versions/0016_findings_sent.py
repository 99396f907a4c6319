"""When a run's findings were sent to nlu-logger: the column says what happened to them."""

from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.execute("ALTER TABLE runs RENAME COLUMN findings_told_at TO findings_sent_at")
