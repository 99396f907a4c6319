"""What a run must not let get worse, and how many changes it may try side by side."""

from alembic import op

revision = "0006"
down_revision = "0005"

STATEMENTS = [
    "ALTER TABLE runs ADD COLUMN guards JSONB NOT NULL DEFAULT '{}'",
    "ALTER TABLE runs ADD COLUMN proposals INTEGER NOT NULL DEFAULT 1",
]


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
