"""A run may try examples that are chosen for each text; a task says whether its runs do."""

from alembic import op

revision = "0032"
down_revision = "0029"

STATEMENTS = (
    "ALTER TABLE runs ADD COLUMN retrieval BOOLEAN NOT NULL DEFAULT false",
    "ALTER TABLE tasks ADD COLUMN retrieval BOOLEAN NOT NULL DEFAULT false",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
