"""Predictions by month, corrections, ground truth; roles, grants and row-level security."""

from alembic import op
from nlu_shared.kit.access.keys import API_KEYS_DDL
from nlu_shared.kit.process.jobs import OUTBOX_DDL

revision = "0001"
down_revision = None

PREDICTIONS = """
CREATE TABLE nlu_prompt_logs (
    id UUID PRIMARY KEY,
    user_id UUID,
    prompt TEXT NOT NULL,
    predicted_intent TEXT NOT NULL,
    confidence DOUBLE PRECISION CHECK (confidence BETWEEN 0 AND 1),
    secondary_intents JSONB NOT NULL DEFAULT '[]',
    corrected_intent TEXT,
    correction_notes TEXT,
    was_successful BOOLEAN,
    workflow_type TEXT,
    execution_error TEXT,
    conversation_id UUID,
    message_index INTEGER,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    task TEXT NOT NULL DEFAULT 'intent',
    output JSONB,
    model_version TEXT,
    prompt_version TEXT,
    latency_ms DOUBLE PRECISION,
    received_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    body_hash TEXT NOT NULL
) PARTITION BY RANGE (id)
"""

# The smallest UUIDv7 of a moment: 48 bits of milliseconds, then zeros.
FIRST_ID = """
CREATE FUNCTION first_id_of(moment TIMESTAMPTZ) RETURNS UUID
LANGUAGE sql IMMUTABLE AS $$
    SELECT (lpad(to_hex((extract(epoch FROM moment) * 1000)::bigint), 12, '0')
        || repeat('0', 20))::uuid
$$
"""

# Runs as the owner, since only an owner may add partitions; callers choose nothing but months.
# A month whose first rows fell into the default partition stays there: PostgreSQL would refuse it.
ENSURE_PARTITIONS = """
CREATE FUNCTION ensure_prediction_partitions(months_back INT, months_ahead INT) RETURNS INT
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    made INT := 0;
    first_of_month TIMESTAMPTZ;
    partition_name TEXT;
    first UUID;
    past UUID;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('ensure_prediction_partitions'));
    FOR step IN -months_back..months_ahead LOOP
        first_of_month := (date_trunc('month', now() AT TIME ZONE 'UTC')
            + make_interval(months => step)) AT TIME ZONE 'UTC';
        partition_name := 'nlu_prompt_logs_'
            || to_char(first_of_month AT TIME ZONE 'UTC', 'YYYY_MM');
        first := first_id_of(first_of_month);
        past := first_id_of((first_of_month AT TIME ZONE 'UTC' + interval '1 month')
            AT TIME ZONE 'UTC');
        IF to_regclass(partition_name) IS NULL AND NOT EXISTS (
            SELECT FROM nlu_prompt_logs_default WHERE id >= first AND id < past
        ) THEN
            EXECUTE format(
                'CREATE TABLE %I PARTITION OF nlu_prompt_logs FOR VALUES FROM (%L) TO (%L)',
                partition_name, first, past);
            made := made + 1;
        END IF;
    END LOOP;
    RETURN made;
END
$$
"""

OTHERS = [
    "CREATE TABLE nlu_prompt_logs_default PARTITION OF nlu_prompt_logs DEFAULT",
    "CREATE INDEX ON nlu_prompt_logs (task, confidence)",
    "CREATE INDEX ON nlu_prompt_logs (user_id, id)",
    "CREATE INDEX ON nlu_prompt_logs (id) WHERE was_successful = false",
    "CREATE INDEX ON nlu_prompt_logs USING brin (created_at)",
    """
    CREATE TABLE corrections (
        id UUID PRIMARY KEY,
        prediction_id UUID NOT NULL,
        author TEXT NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('proposed', 'approved', 'rejected')),
        is_confirmation BOOLEAN NOT NULL,
        corrected_intent TEXT,
        corrected_output JSONB,
        correction_notes TEXT,
        decided_by TEXT,
        decided_at TIMESTAMPTZ,
        ground_truth_id UUID,
        created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
        said_hash TEXT NOT NULL,
        UNIQUE (prediction_id, author, said_hash),
        CHECK ((status = 'approved') = (ground_truth_id IS NOT NULL))
    )
    """,
    "CREATE INDEX ON corrections (ground_truth_id)",
    """
    CREATE TABLE ground_truth (
        id UUID PRIMARY KEY,
        task TEXT NOT NULL,
        text TEXT NOT NULL,
        text_key TEXT NOT NULL,
        truth JSONB NOT NULL,
        case_group TEXT,
        may_quote BOOLEAN NOT NULL,
        hash TEXT NOT NULL,
        correction_id UUID,
        approved_by TEXT NOT NULL,
        created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
        UNIQUE (task, text_key)
    )
    """,
    "CREATE INDEX ON ground_truth (task, id)",
]

OWN_ROWS = "user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid)"
OWN_PREDICTION = "EXISTS (SELECT 1 FROM nlu_prompt_logs p WHERE p.id = prediction_id)"

# One policy per role: `OR is_admin` inside one policy made every query a hundred times slower.
POLICIES = [
    ("nlu_prompt_logs", "nlu_logger_user", OWN_ROWS),
    ("nlu_prompt_logs", "nlu_logger_service", "true"),
    ("nlu_prompt_logs", "nlu_logger_reviewer", "true"),
    ("nlu_prompt_logs", "nlu_logger_admin", "true"),
    ("nlu_prompt_logs", "nlu_logger_job", "true"),
    ("nlu_prompt_logs", "nlu_logger_writer", "true"),
    ("corrections", "nlu_logger_user", OWN_PREDICTION),
    ("corrections", "nlu_logger_service", "true"),
    ("corrections", "nlu_logger_reviewer", "true"),
    ("corrections", "nlu_logger_admin", "true"),
    ("ground_truth", "nlu_logger_service", "true"),
    ("ground_truth", "nlu_logger_reviewer", "true"),
    ("ground_truth", "nlu_logger_admin", "true"),
]

OUTCOME_COLUMNS = "was_successful, workflow_type, execution_error, updated_at"
CORRECTION_COLUMNS = "corrected_intent, correction_notes, updated_at"
WRITER_COLUMNS = (
    "id, user_id, task, prompt, predicted_intent, confidence, secondary_intents, output,"
    " conversation_id, message_index, model_version, prompt_version, latency_ms, created_at,"
    " body_hash"
)
GRANTS = [
    f"INSERT ({WRITER_COLUMNS}) ON nlu_prompt_logs TO nlu_logger_writer",
    "SELECT (id, user_id, body_hash) ON nlu_prompt_logs TO nlu_logger_writer",
    """
    SELECT ON nlu_prompt_logs TO
    nlu_logger_user, nlu_logger_service, nlu_logger_reviewer, nlu_logger_admin, nlu_logger_job
    """,
    f"""
    UPDATE ({OUTCOME_COLUMNS}, corrected_intent, correction_notes) ON nlu_prompt_logs TO
    nlu_logger_user, nlu_logger_service, nlu_logger_admin, nlu_logger_reviewer
    """,
    """
    SELECT, INSERT ON corrections TO
    nlu_logger_user, nlu_logger_service, nlu_logger_reviewer, nlu_logger_admin
    """,
    """
    UPDATE (status, decided_by, decided_at, ground_truth_id) ON corrections TO
    nlu_logger_reviewer, nlu_logger_admin
    """,
    "SELECT ON ground_truth TO nlu_logger_service, nlu_logger_reviewer, nlu_logger_admin",
    """
    INSERT, UPDATE (may_quote, hash), DELETE ON ground_truth TO
    nlu_logger_reviewer, nlu_logger_admin
    """,
    "SELECT, INSERT ON outbox TO nlu_logger_reviewer, nlu_logger_admin",
    "SELECT, DELETE, UPDATE ON outbox TO nlu_logger_job",
    "SELECT, INSERT, UPDATE ON api_keys TO nlu_logger_admin",
    "SELECT (id, hash, scopes, tasks, expires_at, revoked_at) ON api_keys TO nlu_logger_job",
    "EXECUTE ON FUNCTION ensure_prediction_partitions(INT, INT) TO nlu_logger_job",
]


def upgrade() -> None:
    for statement in [PREDICTIONS, FIRST_ID, ENSURE_PARTITIONS, *OTHERS, API_KEYS_DDL, OUTBOX_DDL]:
        op.execute(statement)
    op.execute("SELECT ensure_prediction_partitions(4, 3)")
    op.execute("REVOKE ALL ON FUNCTION ensure_prediction_partitions(INT, INT) FROM PUBLIC")
    op.execute(
        """
        GRANT USAGE ON SCHEMA public TO nlu_logger_app, nlu_logger_user, nlu_logger_service,
        nlu_logger_reviewer, nlu_logger_admin, nlu_logger_job, nlu_logger_writer
        """
    )
    for table, role, rows in POLICIES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY {role} ON {table} TO {role} USING ({rows}) WITH CHECK ({rows})")
    # On top of the policies above: whoever inserts proposes, and deciding is an update.
    op.execute(
        """
        CREATE POLICY proposals ON corrections AS RESTRICTIVE FOR INSERT
        WITH CHECK (status = 'proposed')
        """
    )
    # The owner reads everything in psql: the three monitoring queries are run there.
    for table in ("nlu_prompt_logs", "corrections", "ground_truth"):
        op.execute(f"CREATE POLICY owner ON {table} TO nlu_logger_owner USING (true)")
    for grant in GRANTS:
        op.execute(f"GRANT {grant}")
