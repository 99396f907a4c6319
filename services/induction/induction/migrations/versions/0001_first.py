"""Tasks, the prompt registry, snapshots, runs with their ledger, triggers."""

from alembic import op
from nlu_shared.kit.access.keys import API_KEYS_DDL
from nlu_shared.kit.process.jobs import OUTBOX_DDL

revision = "0001"
down_revision = None

TABLES = [
    """
    CREATE TABLE tasks (
        slug TEXT PRIMARY KEY,
        kind TEXT NOT NULL CHECK (kind IN ('intent', 'extraction')),
        labels JSONB NOT NULL,
        task_model TEXT,
        proposer_model TEXT,
        created_at TIMESTAMPTZ NOT NULL DEFAULT now()
    )
    """,
    """
    CREATE TABLE prompt_versions (
        id UUID PRIMARY KEY,
        task TEXT NOT NULL REFERENCES tasks,
        version_hash TEXT NOT NULL,
        content JSONB NOT NULL,
        parent_id UUID REFERENCES prompt_versions,
        run_id UUID,
        source TEXT NOT NULL CHECK (source IN ('import', 'run')),
        notes TEXT,
        created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
        UNIQUE (task, version_hash)
    )
    """,
    """
    CREATE TABLE prompt_scores (
        version_id UUID NOT NULL REFERENCES prompt_versions,
        run_id UUID NOT NULL,
        part TEXT NOT NULL CHECK (part IN ('train', 'validation', 'test')),
        objective DOUBLE PRECISION NOT NULL,
        components JSONB NOT NULL,
        cases INTEGER NOT NULL,
        dataset_hash TEXT NOT NULL,
        model TEXT NOT NULL,
        ruler TEXT NOT NULL,
        created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
        PRIMARY KEY (version_id, run_id, part)
    )
    """,
    """
    CREATE TABLE production_prompts (
        task TEXT NOT NULL REFERENCES tasks,
        since TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
        version_id UUID NOT NULL REFERENCES prompt_versions,
        by TEXT NOT NULL,
        PRIMARY KEY (task, since)
    )
    """,
    """
    CREATE TABLE snapshots (
        task TEXT NOT NULL REFERENCES tasks,
        dataset_hash TEXT NOT NULL,
        size INTEGER NOT NULL,
        created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
        PRIMARY KEY (task, dataset_hash)
    )
    """,
    """
    CREATE TABLE snapshot_cases (
        task TEXT NOT NULL,
        dataset_hash TEXT NOT NULL,
        case_id UUID NOT NULL,
        text TEXT NOT NULL,
        truth JSONB NOT NULL,
        case_group TEXT,
        may_quote BOOLEAN NOT NULL,
        PRIMARY KEY (task, dataset_hash, case_id),
        FOREIGN KEY (task, dataset_hash) REFERENCES snapshots
    )
    """,
    """
    CREATE TABLE case_parts (
        task TEXT NOT NULL REFERENCES tasks,
        case_id UUID NOT NULL,
        part TEXT NOT NULL CHECK (part IN ('train', 'validation', 'test')),
        since_run UUID NOT NULL,
        PRIMARY KEY (task, case_id)
    )
    """,
    """
    CREATE TABLE runs (
        id UUID PRIMARY KEY,
        task TEXT NOT NULL REFERENCES tasks,
        kind TEXT NOT NULL,
        trigger_type TEXT NOT NULL CHECK (trigger_type IN ('manual', 'auto')),
        status TEXT NOT NULL,
        reason TEXT,
        limits JSONB NOT NULL,
        focus TEXT,
        hints JSONB NOT NULL,
        seed INTEGER NOT NULL,
        task_model TEXT NOT NULL,
        proposer_model TEXT NOT NULL,
        provider TEXT NOT NULL,
        engine_version TEXT NOT NULL,
        epoch INTEGER NOT NULL DEFAULT 0,
        dataset_hash TEXT,
        dataset_size INTEGER,
        parts JSONB,
        baseline_version_id UUID NOT NULL REFERENCES prompt_versions,
        best_version_id UUID REFERENCES prompt_versions,
        baseline_f1 DOUBLE PRECISION,
        final_f1 DOUBLE PRECISION,
        verdict JSONB,
        cancel_requested BOOLEAN NOT NULL DEFAULT false,
        pause_requested BOOLEAN NOT NULL DEFAULT false,
        fence BIGINT NOT NULL DEFAULT 0,
        lease_until TIMESTAMPTZ,
        not_before TIMESTAMPTZ,
        idle_since TIMESTAMPTZ,
        idle_seconds DOUBLE PRECISION NOT NULL DEFAULT 0,
        last_event INTEGER NOT NULL DEFAULT 0,
        created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
        started_at TIMESTAMPTZ,
        completed_at TIMESTAMPTZ
    )
    """,
    """
    CREATE UNIQUE INDEX one_active_improve_run_per_task ON runs (task)
        WHERE kind = 'improve' AND status IN ('waiting', 'running', 'paused', 'parked')
    """,
    """
    CREATE INDEX runs_to_claim ON runs (created_at)
        WHERE status IN ('waiting', 'running', 'parked')
    """,
    """
    CREATE TABLE run_events (
        run_id UUID NOT NULL REFERENCES runs,
        n INTEGER NOT NULL,
        body JSONB NOT NULL,
        created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
        PRIMARY KEY (run_id, n)
    )
    """,
    """
    CREATE TABLE run_inbox (
        run_id UUID NOT NULL REFERENCES runs,
        step INTEGER NOT NULL,
        body JSONB NOT NULL,
        PRIMARY KEY (run_id, step)
    )
    """,
    """
    CREATE TABLE run_hints (
        id UUID PRIMARY KEY,
        run_id UUID NOT NULL REFERENCES runs,
        hint TEXT NOT NULL,
        taken_at_step INTEGER,
        created_at TIMESTAMPTZ NOT NULL DEFAULT now()
    )
    """,
    """
    CREATE TABLE llm_calls (
        run_id UUID NOT NULL REFERENCES runs,
        key TEXT NOT NULL,
        sample INTEGER NOT NULL,
        purpose TEXT NOT NULL CHECK (purpose IN ('task', 'proposer')),
        provider TEXT NOT NULL,
        model TEXT NOT NULL,
        adapter TEXT NOT NULL,
        epoch INTEGER NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        reserved_usd NUMERIC(20, 12) NOT NULL DEFAULT 0,
        outcome TEXT,
        text TEXT,
        usage JSONB,
        cost_usd NUMERIC(20, 12),
        notional_usd NUMERIC(20, 12),
        cached BOOLEAN NOT NULL DEFAULT false,
        created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
        settled_at TIMESTAMPTZ,
        PRIMARY KEY (run_id, key, sample)
    )
    """,
    """
    CREATE INDEX llm_calls_across_runs ON llm_calls (key, sample)
        WHERE outcome = 'ok' AND NOT cached
    """,
    """
    CREATE TABLE month_spend (
        month DATE PRIMARY KEY,
        usd NUMERIC(20, 12) NOT NULL
    )
    """,
    """
    CREATE TABLE auto_triggers (
        task TEXT PRIMARY KEY REFERENCES tasks,
        body JSONB NOT NULL
    )
    """,
    """
    CREATE TABLE trigger_decisions (
        id UUID PRIMARY KEY,
        task TEXT NOT NULL REFERENCES tasks,
        started BOOLEAN NOT NULL,
        reasons JSONB NOT NULL,
        cases INTEGER NOT NULL,
        dataset_hash TEXT,
        run_id UUID,
        decided_at TIMESTAMPTZ NOT NULL DEFAULT now()
    )
    """,
]


def upgrade() -> None:
    for statement in [*TABLES, API_KEYS_DDL, OUTBOX_DDL]:
        op.execute(statement)
    op.execute("GRANT USAGE ON SCHEMA public TO induction_app")
    op.execute(
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO induction_app"
    )
    op.execute("REVOKE ALL ON alembic_version FROM induction_app")
