"""What the month's cap had no room for: a run that it ends leaves the cap unreached by as much."""

from alembic import op

revision = "0063"
down_revision = "0062"

STATEMENTS = (
    "ALTER TABLE llm_calls ADD COLUMN refused_usd NUMERIC(20, 12)",
    """
    CREATE INDEX llm_calls_refused_by_the_month ON llm_calls (created_at)
        WHERE refused_usd IS NOT NULL
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
