"""In how many parts a run judges its procedure, and what came of it."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.execute("ALTER TABLE runs ADD COLUMN folds INTEGER, ADD COLUMN procedure JSONB")
