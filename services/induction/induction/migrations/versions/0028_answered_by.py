"""A score says which server answered: scores of two are no one line."""

from alembic import op

revision = "0028"
down_revision = "0022"


def upgrade() -> None:
    op.execute("ALTER TABLE prompt_scores ADD COLUMN answered_by TEXT")
