"""Months that began in the default partition get their own, and what strays there is counted."""

from alembic import op

revision = "0009"
down_revision = "0008"

# The inverse of `first_id_of`, to the millisecond.
MOMENT = """
CREATE FUNCTION moment_of(id UUID) RETURNS TIMESTAMPTZ
LANGUAGE sql IMMUTABLE AS $$
    SELECT to_timestamp(('x' || left(replace(id::text, '-', ''), 12))::bit(48)::bigint / 1000.0)
$$
"""

# Runs as the owner, since only an owner may add partitions; callers choose nothing but months.
# A month with rows in the default partition is filled beside the table and then attached. Until
# that is committed nobody adds to the default partition; the other months are written as ever.
ENSURE_PARTITIONS = """
CREATE OR REPLACE FUNCTION ensure_prediction_partitions(months_back INT, months_ahead INT)
RETURNS INT
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '5s' AS $$
DECLARE
    made INT := 0;
    month TIMESTAMP;
    partition_name TEXT;
    first UUID;
    past UUID;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('ensure_prediction_partitions'));
    FOR month IN
        SELECT date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => step)
        FROM generate_series(-months_back, months_ahead) AS step
        UNION
        SELECT date_trunc('month', moment_of(id) AT TIME ZONE 'UTC') FROM nlu_prompt_logs_default
    LOOP
        partition_name := 'nlu_prompt_logs_' || to_char(month, 'YYYY_MM');
        CONTINUE WHEN to_regclass(partition_name) IS NOT NULL;
        first := first_id_of(month AT TIME ZONE 'UTC');
        past := first_id_of((month + interval '1 month') AT TIME ZONE 'UTC');
        LOCK TABLE nlu_prompt_logs_default IN ACCESS EXCLUSIVE MODE;
        EXECUTE format(
            'CREATE TABLE %I (LIKE nlu_prompt_logs INCLUDING DEFAULTS INCLUDING CONSTRAINTS)',
            partition_name);
        EXECUTE format(
            'WITH moved AS ('
            '    DELETE FROM nlu_prompt_logs_default WHERE id >= %L AND id < %L RETURNING *'
            ') INSERT INTO %I SELECT * FROM moved',
            first, past, partition_name);
        EXECUTE format(
            'ALTER TABLE nlu_prompt_logs ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
            partition_name, first, past);
        made := made + 1;
    END LOOP;
    RETURN made;
END
$$
"""

STRAYING = """
CREATE FUNCTION predictions_without_month() RETURNS BIGINT
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT count(*) FROM nlu_prompt_logs_default
$$
"""


def upgrade() -> None:
    for statement in (MOMENT, ENSURE_PARTITIONS, STRAYING):
        op.execute(statement)
    op.execute("REVOKE ALL ON FUNCTION predictions_without_month() FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION predictions_without_month() TO nlu_logger_job")
