"""The field's words: splits, scorer, cross-validation."""

from alembic import op

revision = "0014"
down_revision = "0013"

RENAMES = (
    ("runs", "parts", "splits"),
    ("runs", "ruler", "scorer"),
    ("runs", "procedure", "cross_validation"),
    ("prompt_scores", "part", "split"),
    ("prompt_scores", "ruler", "scorer"),
    ("case_parts", "part", "split"),
)


def upgrade() -> None:
    for table, old, new in RENAMES:
        op.execute(f"ALTER TABLE {table} RENAME COLUMN {old} TO {new}")
    op.execute("ALTER TABLE case_parts RENAME TO case_splits")
