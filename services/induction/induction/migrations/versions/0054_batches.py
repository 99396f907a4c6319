"""Message Batches: what is sent, before it is sent, and what became of each of its calls.

No text of a case is here: calls are named by their keys.
"""

from alembic import op

revision = "0054"
down_revision = "0053"

STATEMENTS = (
    "ALTER TABLE runs ADD COLUMN batches BOOLEAN NOT NULL DEFAULT false",
    # Its price and how long it took are a batch's.
    "ALTER TABLE llm_calls ADD COLUMN batched BOOLEAN NOT NULL DEFAULT false",
    "ALTER TABLE tasks ADD COLUMN batches BOOLEAN NOT NULL DEFAULT false",
    """
    CREATE TABLE llm_batches (
        id UUID PRIMARY KEY,
        run_id UUID NOT NULL REFERENCES runs ON DELETE CASCADE,
        model TEXT NOT NULL,
        month DATE,
        day DATE NOT NULL,
        state TEXT NOT NULL DEFAULT 'intended'
            CHECK (state IN ('intended', 'submitted', 'ended', 'unsent', 'lost')),
        provider_id TEXT UNIQUE CHECK (length(provider_id) <= 200),
        reason TEXT,
        created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
        submitted_at TIMESTAMPTZ,
        cancelled_at TIMESTAMPTZ,
        ended_at TIMESTAMPTZ,
        -- Of a run that is over: when a worker looks after it next.
        look_at TIMESTAMPTZ NOT NULL DEFAULT now(),
        CHECK ((state IN ('intended', 'submitted')) = (ended_at IS NULL)),
        CHECK (state <> 'submitted' OR provider_id IS NOT NULL)
    )
    """,
    "CREATE INDEX llm_batches_of_run ON llm_batches (run_id)",
    "CREATE INDEX llm_batches_open ON llm_batches (look_at) WHERE ended_at IS NULL",
    """
    CREATE TABLE llm_batch_calls (
        batch_id UUID NOT NULL REFERENCES llm_batches ON DELETE CASCADE,
        n INTEGER NOT NULL CHECK (n >= 0),
        key TEXT NOT NULL,
        sample INTEGER NOT NULL,
        bound_usd NUMERIC NOT NULL CHECK (bound_usd >= 0),
        outcome TEXT CHECK (
            outcome IN ('succeeded', 'errored', 'expired', 'canceled', 'lost', 'unsent')
        ),
        PRIMARY KEY (batch_id, n)
    )
    """,
    "GRANT SELECT, INSERT ON llm_batches TO induction_app",
    """
    GRANT UPDATE (state, provider_id, reason, submitted_at, cancelled_at, ended_at, look_at)
        ON llm_batches TO induction_app
    """,
    "GRANT SELECT, INSERT ON llm_batch_calls TO induction_app",
    "GRANT UPDATE (outcome) ON llm_batch_calls TO induction_app",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
