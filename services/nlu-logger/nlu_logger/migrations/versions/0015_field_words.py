"""Disclosures, scheduled times and destinations: the words of the tables are the field's own."""

from alembic import op

revision = "0015"
down_revision = "0014"

COLUMNS = [
    ("disclosures", "asked", "filters"),
    ("disclosures", "handed_to", "recipient"),
    ("disclosures", "place", "destination"),
    ("export_schedules", "next_slot", "next_scheduled_at"),
    ("export_runs", "slot", "scheduled_at"),
    ("export_runs", "place", "destination"),
    ("corrections", "said_hash", "body_hash"),
    ("findings", "said_hash", "body_hash"),
    ("kept_training_rows", "said_on", "predicted_on"),
]


def upgrade() -> None:
    op.execute("ALTER TABLE handouts RENAME TO disclosures")
    for table, before, after in COLUMNS:
        op.execute(f"ALTER TABLE {table} RENAME COLUMN {before} TO {after}")
