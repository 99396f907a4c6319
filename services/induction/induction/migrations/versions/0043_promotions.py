"""A version is proposed, approved and moved to, and every move stays; versions keep what they were
made with."""

from alembic import op

revision = "0043"
down_revision = "0042"

STATEMENTS = (
    """
    ALTER TABLE tasks
        ADD COLUMN promotion_approvals INTEGER NOT NULL DEFAULT 0
            CHECK (promotion_approvals BETWEEN 0 AND 10),
        ADD COLUMN promotion_verdict TEXT NOT NULL DEFAULT 'any'
            CHECK (promotion_verdict IN ('any', 'promising', 'proven'))
    """,
    # What a version is asked and read with was looked up in its task until now.
    """
    ALTER TABLE prompt_versions
        ADD COLUMN spellings JSONB NOT NULL DEFAULT '{}',
        ADD COLUMN model TEXT
    """,
    """
    UPDATE prompt_versions AS version SET
        labels = coalesce(
            version.labels,
            (
                SELECT jsonb_agg(label->'name' ORDER BY n)
                FROM jsonb_array_elements(task.labels) WITH ORDINALITY AS one (label, n)
                WHERE NOT coalesce((label->>'retired')::boolean, false)
            ),
            '[]'
        ),
        spellings = coalesce(
            (
                SELECT jsonb_object_agg(written, label->'name')
                FROM jsonb_array_elements(task.labels) AS label,
                    LATERAL (
                        SELECT label->>'name'
                        UNION SELECT jsonb_array_elements_text(coalesce(label->'aliases', '[]'))
                    ) AS spelled (written)
            ),
            '{}'
        ),
        model = coalesce(
            (SELECT task_model FROM runs WHERE id = version.run_id),
            (SELECT model FROM prompt_scores WHERE version_id = version.id ORDER BY run_id LIMIT 1),
            task.task_model
        )
    FROM tasks AS task WHERE task.slug = version.task
    """,
    "ALTER TABLE prompt_versions ALTER COLUMN labels SET DEFAULT '[]'",
    "ALTER TABLE prompt_versions ALTER COLUMN labels SET NOT NULL",
    "ALTER TABLE prompt_versions DROP CONSTRAINT prompt_versions_task_version_hash_key",
    """
    CREATE UNIQUE INDEX one_version_of_a_content_and_its_labels
        ON prompt_versions (task, version_hash, md5(labels::text))
    """,
    """
    CREATE TABLE prompt_proposals (
        id UUID PRIMARY KEY,
        task TEXT NOT NULL REFERENCES tasks,
        alias TEXT NOT NULL CHECK (alias IN ('production', 'staging')),
        is_rollback BOOLEAN NOT NULL,
        version_id UUID NOT NULL REFERENCES prompt_versions,
        version_hash TEXT NOT NULL,
        from_version_id UUID REFERENCES prompt_versions,
        proposed_by TEXT NOT NULL,
        proposed_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
        evidence JSONB NOT NULL,
        reason TEXT,
        approvals_needed INTEGER NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('waiting', 'applied', 'rejected', 'stale')),
        closed_at TIMESTAMPTZ,
        CHECK ((status = 'waiting') = (closed_at IS NULL))
    )
    """,
    """
    CREATE UNIQUE INDEX one_waiting_proposal_of_a_version
        ON prompt_proposals (task, alias, version_id) WHERE status = 'waiting'
    """,
    "CREATE INDEX prompt_proposals_of_a_task ON prompt_proposals (task, id)",
    """
    CREATE TABLE prompt_votes (
        proposal_id UUID NOT NULL REFERENCES prompt_proposals,
        n INTEGER NOT NULL,
        by TEXT NOT NULL,
        decision TEXT NOT NULL CHECK (decision IN ('approved', 'rejected')),
        reason TEXT,
        decided_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
        PRIMARY KEY (proposal_id, n),
        UNIQUE (proposal_id, by, decision)
    )
    """,
    """
    CREATE TABLE prompt_moves (
        task TEXT NOT NULL REFERENCES tasks,
        alias TEXT NOT NULL CHECK (alias IN ('production', 'staging')),
        n INTEGER NOT NULL,
        moved_at TIMESTAMPTZ NOT NULL,
        version_id UUID NOT NULL REFERENCES prompt_versions,
        from_version_id UUID REFERENCES prompt_versions,
        by TEXT NOT NULL,
        is_rollback BOOLEAN NOT NULL,
        proposal_id UUID REFERENCES prompt_proposals,
        PRIMARY KEY (task, alias, n)
    )
    """,
    """
    INSERT INTO prompt_moves
    SELECT task, 'production', row_number() OVER earlier, since, version_id,
        lag(version_id) OVER earlier, by, false, NULL
    FROM production_prompts WINDOW earlier AS (PARTITION BY task ORDER BY since)
    """,
    "DROP TABLE production_prompts",
    # Who, what and why stay as they were; a reason that repeats a forgotten case is blanked.
    "GRANT SELECT, INSERT ON prompt_moves TO induction_app",
    "GRANT SELECT, INSERT ON prompt_proposals TO induction_app",
    """
    GRANT UPDATE (reason, approvals_needed, status, closed_at) ON prompt_proposals TO induction_app
    """,
    "GRANT SELECT, INSERT ON prompt_votes TO induction_app",
    "GRANT UPDATE (reason) ON prompt_votes TO induction_app",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
