"""What F1 costs in tokens stands on a run; a task may bound the tokens of its prompts."""

from alembic import op

revision = "0029"
down_revision = "0024"

STATEMENTS = (
    "ALTER TABLE runs ADD COLUMN front JSONB NOT NULL DEFAULT '[]'",
    "ALTER TABLE tasks ADD COLUMN max_prompt_tokens INTEGER",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
