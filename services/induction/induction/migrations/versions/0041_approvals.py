"""Changes wait for a person where a run or its task asks for it; blocks are pinned for a run."""

from alembic import op

revision = "0041"
down_revision = "0031"

APPROVALS = """
    ADD COLUMN approval TEXT NOT NULL DEFAULT 'off' CHECK (approval IN ('off', 'each-change')),
    ADD COLUMN approval_minutes DOUBLE PRECISION NOT NULL DEFAULT 1440,
    ADD COLUMN unanswered TEXT NOT NULL DEFAULT 'veto' CHECK (unanswered IN ('keep', 'veto'))
"""
STATEMENTS = (
    f"ALTER TABLE tasks {APPROVALS}",
    f"ALTER TABLE runs {APPROVALS}",
    """
    ALTER TABLE runs
        ADD COLUMN pins JSONB NOT NULL DEFAULT '[]',
        ADD COLUMN taken_hints JSONB NOT NULL DEFAULT '[]'
    """,
    """
    UPDATE runs SET taken_hints = taken.hints
    FROM (
        SELECT run_id, jsonb_agg(
            jsonb_build_object('iteration', body->'iteration', 'hint', body->'hint') ORDER BY n
        ) AS hints
        FROM run_events WHERE body->>'type' = 'hint_taken' GROUP BY run_id
    ) AS taken
    WHERE id = run_id
    """,
    """
    CREATE TABLE run_approvals (
        run_id UUID NOT NULL REFERENCES runs ON DELETE CASCADE,
        n INTEGER NOT NULL,
        until TIMESTAMPTZ NOT NULL,
        unanswered TEXT NOT NULL CHECK (unanswered IN ('keep', 'veto')),
        decision TEXT CHECK (decision IN ('approved', 'vetoed')),
        decided_by TEXT,
        reason TEXT,
        decided_at TIMESTAMPTZ,
        taken_at_step INTEGER,
        PRIMARY KEY (run_id, n),
        CHECK ((decision IS NULL) = (decided_at IS NULL))
    )
    """,
    "GRANT SELECT, INSERT, UPDATE ON run_approvals TO induction_app",
    "ALTER TABLE run_changes DROP CONSTRAINT run_changes_stage_check",
    """
    ALTER TABLE run_changes ADD CONSTRAINT run_changes_stage_check
        CHECK (stage IN ('propose', 'screen', 'gate', 'validation', 'approval'))
    """,
    "DROP INDEX one_active_improve_run_per_task",
    """
    CREATE UNIQUE INDEX one_active_improve_run_per_task ON runs (task)
        WHERE kind = 'improve'
            AND status IN ('waiting', 'running', 'paused', 'parked', 'awaiting_approval')
    """,
    "DROP INDEX runs_to_claim",
    """
    CREATE INDEX runs_to_claim ON runs (created_at)
        WHERE status IN ('waiting', 'running', 'parked', 'awaiting_approval')
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
