"""History and ground truth that come from elsewhere."""

from alembic import op

revision = "0004"
down_revision = "0003"

# History says its time itself, so its month may be any. A month that has rows in the default
# partition stays there, and so does one whose lock cannot be had without making ingest wait.
ENSURE_MONTH = """
CREATE FUNCTION ensure_prediction_month(moment TIMESTAMPTZ) RETURNS BOOLEAN
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp SET lock_timeout = '500ms' AS $$
DECLARE
    first_day CONSTANT TIMESTAMP := date_trunc('month', moment AT TIME ZONE 'UTC');
    partition_name CONSTANT TEXT := 'nlu_prompt_logs_' || to_char(first_day, 'YYYY_MM');
    first CONSTANT UUID := first_id_of(first_day AT TIME ZONE 'UTC');
    past CONSTANT UUID := first_id_of((first_day + interval '1 month') AT TIME ZONE 'UTC');
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('ensure_prediction_partitions'));
    IF to_regclass(partition_name) IS NOT NULL THEN
        RETURN false;
    END IF;
    LOCK TABLE nlu_prompt_logs, nlu_prompt_logs_default IN ACCESS EXCLUSIVE MODE;
    IF EXISTS (SELECT FROM nlu_prompt_logs_default WHERE id >= first AND id < past) THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE %I PARTITION OF nlu_prompt_logs FOR VALUES FROM (%L) TO (%L)',
        partition_name, first, past);
    RETURN true;
EXCEPTION WHEN lock_not_available THEN
    RETURN false;
END
$$
"""
STATEMENTS = [
    "ALTER TABLE nlu_prompt_logs ADD COLUMN source_id TEXT",
    "CREATE INDEX ON nlu_prompt_logs (source_id) WHERE source_id IS NOT NULL",
    ENSURE_MONTH,
    "REVOKE ALL ON FUNCTION ensure_prediction_month(TIMESTAMPTZ) FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION ensure_prediction_month(TIMESTAMPTZ) TO nlu_logger_admin",
    """
    GRANT INSERT (id, source_id, user_id, task, prompt, predicted_intent, confidence,
    secondary_intents, correction_notes, was_successful, workflow_type, execution_error,
    conversation_id, message_index, created_at, body_hash)
    ON nlu_prompt_logs TO nlu_logger_admin
    """,
]


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
