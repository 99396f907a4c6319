"""What a restored backup is known by, and what stays erased when a client sends it again."""

from alembic import op

revision = "0012"
down_revision = "0011"

READERS = ("nlu_logger_user", "nlu_logger_service", "nlu_logger_reviewer", "nlu_logger_admin")

# A backup that is set back continues with the same numbers and never with the same marks: whoever
# holds the mark of number n can tell whether all up to n is what was read.
MARKS = "ALTER TABLE erased_cases ADD COLUMN mark UUID NOT NULL DEFAULT gen_random_uuid()"
# An id says when, not who or what. `reconcile` asks which ids are known; these are.
ERASED_PREDICTIONS = "CREATE TABLE erased_predictions (id UUID PRIMARY KEY)"

# Who goes is whom the transaction acts for: no argument can name somebody else. `before` spares
# what was said since, where an erasure is made again after a restore.
ERASE_PERSON = """
CREATE FUNCTION erase_person(at_most INT, before TIMESTAMPTZ) RETURNS JSONB
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    person CONSTANT UUID := nullif(current_setting('app.user_id', true), '')::uuid;
    theirs UUID[];
    since TIMESTAMPTZ;
    behind UUID[];
    gone JSONB;
    counts JSONB := '{}';
    about RECORD;
    affected BIGINT;
BEGIN
    SELECT array_agg(id), min(least(created_at, received_at)) INTO theirs, since FROM (
        SELECT id, created_at, received_at FROM nlu_prompt_logs
        WHERE user_id = person AND (before IS NULL OR least(created_at, received_at) < before)
        ORDER BY id LIMIT at_most
    ) AS first;
    SELECT coalesce(array_agg(DISTINCT ground_truth_id), '{}') INTO behind
        FROM corrections WHERE prediction_id = ANY(theirs) AND ground_truth_id IS NOT NULL;
    FOR about IN SELECT * FROM tables_about_predictions() LOOP
        EXECUTE format('DELETE FROM %s WHERE %I = ANY($1)', about.named, about.by_column)
            USING theirs;
        GET DIAGNOSTICS affected = ROW_COUNT;
        counts := counts || jsonb_build_object(about.named::text, affected);
    END LOOP;
    INSERT INTO erased_predictions SELECT unnest(theirs) ON CONFLICT DO NOTHING;
    DELETE FROM nlu_prompt_logs WHERE id = ANY(theirs);
    GET DIAGNOSTICS affected = ROW_COUNT;
    counts := counts || jsonb_build_object('predictions', affected);
    WITH removed AS (
        DELETE FROM ground_truth g WHERE id = ANY(behind) AND correction_id IS NOT NULL
            AND NOT EXISTS (SELECT FROM corrections c WHERE c.ground_truth_id = g.id)
        RETURNING id, task
    ), published AS (
        INSERT INTO erased_cases (case_id, task, why) SELECT id, task, 'erased' FROM removed
    )
    SELECT coalesce(jsonb_agg(jsonb_build_object('id', id, 'task', task)), '[]') INTO gone
        FROM removed;
    RETURN jsonb_build_object(
        'since', since, 'behind', to_jsonb(behind), 'gone', gone, 'counts', counts);
END
$$
"""


def upgrade() -> None:
    for statement in (
        MARKS,
        ERASED_PREDICTIONS,
        "ALTER TABLE erased_predictions ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE erased_predictions FORCE ROW LEVEL SECURITY",
        "CREATE POLICY owner ON erased_predictions TO nlu_logger_owner USING (true)",
        *(
            f"CREATE POLICY {role} ON erased_predictions FOR SELECT TO {role} USING (true)"
            for role in READERS
        ),
        f"GRANT SELECT ON erased_predictions TO {', '.join(READERS)}",
        "DROP FUNCTION erase_person(INT)",
        ERASE_PERSON,
        "REVOKE ALL ON FUNCTION erase_person(INT, TIMESTAMPTZ) FROM PUBLIC",
        "GRANT EXECUTE ON FUNCTION erase_person(INT, TIMESTAMPTZ) TO nlu_logger_eraser",
        "GRANT SELECT ON alembic_version TO nlu_logger_job",
    ):
        op.execute(statement)
