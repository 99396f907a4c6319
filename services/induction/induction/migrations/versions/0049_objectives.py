"""What a task's runs raise and guard where they do not say."""

from alembic import op

revision = "0049"
down_revision = "0043"


def upgrade() -> None:
    op.execute("""ALTER TABLE tasks ADD COLUMN objective JSONB NOT NULL DEFAULT '{"guards": {}}'""")
