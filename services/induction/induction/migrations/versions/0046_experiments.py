"""Two versions on live traffic: experiments, their shares over time, and their counted outcomes."""

from alembic import op

revision = "0046"
down_revision = "0049"

STATEMENTS = (
    """
    CREATE TABLE experiments (
        id UUID PRIMARY KEY,
        task TEXT NOT NULL REFERENCES tasks,
        status TEXT NOT NULL CHECK (status IN ('running', 'won', 'rolled_back', 'stopped')),
        a_version_id UUID NOT NULL REFERENCES prompt_versions,
        b_version_id UUID NOT NULL REFERENCES prompt_versions,
        plan JSONB NOT NULL,
        reason TEXT,
        centre DOUBLE PRECISION NOT NULL CHECK (centre BETWEEN 0 AND 1),
        centres JSONB NOT NULL,
        counted_until TIMESTAMPTZ NOT NULL,
        evidence JSONB,
        conclusion TEXT,
        proposal_id UUID REFERENCES prompt_proposals,
        by TEXT NOT NULL,
        created_at TIMESTAMPTZ NOT NULL,
        ended_at TIMESTAMPTZ,
        ended_by TEXT,
        CHECK (a_version_id <> b_version_id),
        CHECK ((status = 'running') = (ended_at IS NULL))
    )
    """,
    """
    CREATE UNIQUE INDEX one_running_experiment_of_a_task ON experiments (task)
        WHERE status = 'running'
    """,
    "CREATE INDEX experiments_of_a_task ON experiments (task, id)",
    """
    CREATE TABLE experiment_steps (
        experiment_id UUID NOT NULL REFERENCES experiments,
        n INTEGER NOT NULL,
        share DOUBLE PRECISION NOT NULL CHECK (share > 0 AND share <= 1),
        since TIMESTAMPTZ NOT NULL DEFAULT now(),
        reason TEXT NOT NULL,
        PRIMARY KEY (experiment_id, n)
    )
    """,
    """
    CREATE TABLE experiment_counts (
        experiment_id UUID NOT NULL,
        n INTEGER NOT NULL,
        arm TEXT NOT NULL CHECK (arm IN ('a', 'b')),
        predicted_intent TEXT NOT NULL,
        units INTEGER NOT NULL,
        ended INTEGER NOT NULL,
        successes INTEGER NOT NULL,
        PRIMARY KEY (experiment_id, n, arm, predicted_intent),
        FOREIGN KEY (experiment_id, n) REFERENCES experiment_steps
    )
    """,
    "GRANT SELECT, INSERT ON experiments TO induction_app",
    """
    GRANT UPDATE (status, reason, conclusion, counted_until, evidence, proposal_id, ended_at,
        ended_by) ON experiments TO induction_app
    """,
    "GRANT SELECT, INSERT ON experiment_steps TO induction_app",
    "GRANT SELECT, INSERT, UPDATE ON experiment_counts TO induction_app",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
