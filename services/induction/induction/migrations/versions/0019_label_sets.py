"""Labels are nlu-logger's: tasks copy them, runs freeze them, scores belong to their version."""

import json
import unicodedata
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

STATEMENTS = (
    """
    ALTER TABLE tasks
        ADD COLUMN labels_version INTEGER NOT NULL DEFAULT 0,
        ADD COLUMN archived_at TIMESTAMPTZ
    """,
    """
    ALTER TABLE runs
        ADD COLUMN labels JSONB,
        ADD COLUMN labels_version INTEGER,
        ADD COLUMN left_out JSONB NOT NULL DEFAULT '[]',
        ADD COLUMN notes JSONB NOT NULL DEFAULT '[]'
    """,
    "ALTER TABLE prompt_scores ADD COLUMN labels_version INTEGER NOT NULL DEFAULT 0",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    connection = op.get_bind()
    for row in connection.execute(sa.text("SELECT slug, labels FROM tasks")).fetchall():
        labels = _spelled(row.labels)
        if labels != row.labels:
            connection.execute(
                sa.text("UPDATE tasks SET labels = CAST(:labels AS jsonb) WHERE slug = :slug"),
                {"slug": row.slug, "labels": json.dumps(labels)},
            )


def _spelled(labels: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Blank names were taken once, and two spellings of one name: neither is a label any more."""
    spelled: dict[str, dict[str, Any]] = {}
    for label in labels:
        name = " ".join(unicodedata.normalize("NFC", label["name"]).split())
        if name:
            spelled.setdefault(name, {**label, "name": name})
    return list(spelled.values())
