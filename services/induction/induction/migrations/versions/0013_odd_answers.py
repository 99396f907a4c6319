"""No booking is negative; how often a provider was away; calls it left unanswered, counted fast."""

from alembic import op

revision = "0013"
down_revision = "0012"

STATEMENTS = [
    # Settlements went to the month they came in, and usage was believed whatever it said.
    "UPDATE month_spend SET usd = 0 WHERE usd < 0",
    """
    UPDATE llm_calls SET cost_usd = greatest(cost_usd, 0),
    notional_usd = greatest(notional_usd, 0), reserved_usd = greatest(reserved_usd, 0)
    WHERE cost_usd < 0 OR notional_usd < 0 OR reserved_usd < 0
    """,
    "ALTER TABLE month_spend ADD CONSTRAINT month_spend_is_no_debt CHECK (usd >= 0)",
    """
    ALTER TABLE llm_calls ADD CONSTRAINT llm_calls_cost_nothing_or_more CHECK
    (attempts >= 0 AND reserved_usd >= 0 AND cost_usd >= 0 AND notional_usd >= 0)
    """,
    "ALTER TABLE runs ADD COLUMN outages INTEGER NOT NULL DEFAULT 0",
    """
    CREATE INDEX llm_calls_unanswered ON llm_calls (run_id)
    WHERE outcome IN ('unavailable', 'rejected')
    """,
    """
    CREATE INDEX llm_calls_unmetered ON llm_calls (run_id) WHERE usage IS NULL
    AND outcome IN ('ok', 'cut', 'refused', 'malformed')
    """,
]


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
