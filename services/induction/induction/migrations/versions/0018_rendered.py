"""What a version is answered with, the names its module has, and the form that was measured;
whether a run may take blocks of its baseline away."""

from alembic import op

revision = "0018"
down_revision = "0017"

STATEMENTS = [
    "ALTER TABLE prompt_versions ADD COLUMN labels JSONB, ADD COLUMN constants JSONB",
    "ALTER TABLE prompt_scores ADD COLUMN rendered_hash TEXT",
    "ALTER TABLE runs ADD COLUMN may_remove_blocks BOOLEAN NOT NULL DEFAULT false",
]


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
