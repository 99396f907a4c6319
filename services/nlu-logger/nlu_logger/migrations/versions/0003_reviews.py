"""How reviewed predictions were chosen, who holds which to look at, doubts, and conflicts."""

from alembic import op

revision = "0003"
down_revision = "0002"

STATEMENTS = [
    # One line per prediction and queue it was chosen from; `probability` is the chance with which
    # that queue would choose it, which an unbiased estimate divides by.
    """
    CREATE TABLE selections (
        prediction_id UUID NOT NULL,
        queue TEXT NOT NULL,
        probability DOUBLE PRECISION NOT NULL CHECK (probability > 0 AND probability <= 1),
        chosen_at TIMESTAMPTZ NOT NULL DEFAULT now(),
        PRIMARY KEY (prediction_id, queue)
    )
    """,
    # Uniform in [0, 1), a function of id and seed alone: 53 bits are what a double holds.
    """
    CREATE FUNCTION audit_draw(id UUID, seed BIGINT) RETURNS DOUBLE PRECISION
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT (uuid_hash_extended(id, seed) & 9007199254740991)::float8 / 9007199254740992
    $$
    """,
    # One line per item, so two reviewers cannot hold one; a claim that ended is taken over.
    # No foreign key: an item is a prediction, which goes with its partition, or a case.
    """
    CREATE TABLE claims (
        item_id UUID PRIMARY KEY,
        id UUID NOT NULL UNIQUE,
        queue TEXT NOT NULL,
        held_by TEXT NOT NULL,
        until TIMESTAMPTZ NOT NULL
    )
    """,
    """
    CREATE TABLE findings (
        case_id UUID NOT NULL REFERENCES ground_truth (id) ON DELETE CASCADE,
        said_hash TEXT NOT NULL,
        kind TEXT NOT NULL,
        note TEXT NOT NULL,
        suggested JSONB,
        found_by TEXT NOT NULL,
        created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
        PRIMARY KEY (case_id, said_hash)
    )
    """,
    # Looked at again, and the truth stands: older doubts about it are answered.
    """
    CREATE TABLE cleared_cases (
        case_id UUID PRIMARY KEY REFERENCES ground_truth (id) ON DELETE CASCADE,
        cleared_by TEXT NOT NULL,
        cleared_at TIMESTAMPTZ NOT NULL DEFAULT now()
    )
    """,
    # Open conflicts only: a settled one is a line in the audit log. Either side going ends it.
    """
    CREATE TABLE truth_conflicts (
        id UUID PRIMARY KEY,
        ground_truth_id UUID NOT NULL REFERENCES ground_truth (id) ON DELETE CASCADE,
        correction_id UUID REFERENCES corrections (id) ON DELETE CASCADE,
        truth JSONB NOT NULL,
        truth_hash TEXT NOT NULL,
        case_group TEXT,
        may_quote BOOLEAN NOT NULL,
        raised_by TEXT NOT NULL,
        created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
        UNIQUE NULLS NOT DISTINCT (ground_truth_id, correction_id, truth_hash)
    )
    """,
    "CREATE INDEX ON truth_conflicts (correction_id)",
    "CREATE INDEX ON corrections (status, id)",
]

TABLES = ("selections", "claims", "findings", "cleared_cases", "truth_conflicts")
STAFF = ("nlu_logger_service", "nlu_logger_reviewer", "nlu_logger_admin")
GRANTS = [
    *(f"SELECT ON {table} TO {', '.join(STAFF)}" for table in TABLES),
    f"INSERT ON selections, claims, findings TO {', '.join(STAFF)}",
    f"UPDATE ON claims TO {', '.join(STAFF)}",
    """
    INSERT, UPDATE (cleared_by, cleared_at) ON cleared_cases TO
    nlu_logger_reviewer, nlu_logger_admin
    """,
    "INSERT, DELETE ON truth_conflicts TO nlu_logger_reviewer, nlu_logger_admin",
    "SELECT ON audit_log TO nlu_logger_service",
]


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        for role in STAFF:
            op.execute(f"CREATE POLICY {role} ON {table} TO {role} USING (true) WITH CHECK (true)")
        op.execute(f"CREATE POLICY owner ON {table} TO nlu_logger_owner USING (true)")
    # The history of a prediction is for every reviewer, the rest of the audit log is not.
    op.execute(
        """
        CREATE POLICY reviews_read ON audit_log FOR SELECT TO nlu_logger_service
        USING (split_part(action, '.', 1) IN ('predictions', 'corrections', 'reviews'))
        """
    )
    for grant in GRANTS:
        op.execute(f"GRANT {grant}")
