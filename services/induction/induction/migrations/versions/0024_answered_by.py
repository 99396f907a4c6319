"""A score says which server answered: scores of two are no one line."""

from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    op.execute("ALTER TABLE prompt_scores ADD COLUMN answered_by TEXT")
