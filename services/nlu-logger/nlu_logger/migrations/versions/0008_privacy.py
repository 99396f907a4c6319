"""Erasures, their receipts, the case ids to forget, and what is kept of rows that are dropped."""

from alembic import op

revision = "0008"
down_revision = "0007"

TABLES = [
    # `n` is given under the ground-truth lock, so a reader who has seen n has seen all before it.
    """
    CREATE TABLE erased_cases (
        n BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        case_id UUID NOT NULL,
        task TEXT NOT NULL,
        why TEXT NOT NULL CHECK (why IN ('erased', 'removed', 'anonymised')),
        at TIMESTAMPTZ NOT NULL DEFAULT now()
    )
    """,
    "CREATE INDEX ON erased_cases (task, n)",
    # `person` is a pseudonym: a receipt must not keep what it says is gone.
    """
    CREATE TABLE erasures (
        id UUID PRIMARY KEY,
        person TEXT NOT NULL,
        receipt JSONB NOT NULL
    )
    """,
    "CREATE INDEX ON erasures (person, id)",
    # Nothing here leads back to a person or a prediction; the day is kept for `days=`.
    """
    CREATE TABLE kept_training_rows (
        id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        task TEXT NOT NULL,
        text TEXT NOT NULL,
        label TEXT,
        output JSONB,
        confidence DOUBLE PRECISION,
        corrected BOOLEAN NOT NULL,
        said_on DATE NOT NULL
    )
    """,
    "CREATE INDEX ON kept_training_rows (said_on, id)",
    "ALTER TABLE ground_truth ADD COLUMN anonymised BOOLEAN NOT NULL DEFAULT false",
]

# Whatever names a prediction goes with it: a table of a room to come, too. An `item_id` is a
# prediction's or a case's.
ABOUT_PREDICTIONS = """
CREATE FUNCTION tables_about_predictions() RETURNS TABLE (named REGCLASS, by_column NAME)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT a.attrelid::regclass, a.attname
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE a.attname IN ('prediction_id', 'item_id') AND a.atttypid = 'uuid'::regtype
        AND NOT a.attisdropped AND c.relkind IN ('r', 'p')
        AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace
    ORDER BY c.relname, a.attname
$$
"""
OWNER_MAY_REMOVE = """
DO $$
DECLARE named REGCLASS;
BEGIN
    FOR named IN SELECT DISTINCT about.named FROM tables_about_predictions() about LOOP
        IF NOT EXISTS (SELECT FROM pg_policy p JOIN pg_roles r ON r.oid = ANY(p.polroles)
            WHERE p.polrelid = named AND r.rolname = 'nlu_logger_owner')
        THEN
            EXECUTE format('CREATE POLICY owner ON %s TO nlu_logger_owner USING (true)', named);
        END IF;
    END LOOP;
END
$$
"""

# Reviews lock corrections by id, then ground truth, then predictions; so does an erasure.
HOLD_PERSON = """
CREATE FUNCTION hold_person() RETURNS VOID
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM id FROM corrections c WHERE EXISTS (
        SELECT FROM nlu_prompt_logs p WHERE p.id = c.prediction_id
            AND p.user_id = nullif(current_setting('app.user_id', true), '')::uuid
    ) ORDER BY id FOR UPDATE;
END
$$
"""
# Who goes is whom the transaction acts for: no argument can name somebody else.
ERASE_PERSON = """
CREATE FUNCTION erase_person(at_most INT) RETURNS JSONB
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
        WHERE user_id = person ORDER BY id LIMIT at_most
    ) AS first;
    SELECT coalesce(array_agg(DISTINCT ground_truth_id), '{}') INTO behind
        FROM corrections WHERE prediction_id = ANY(theirs) AND ground_truth_id IS NOT NULL;
    FOR about IN SELECT * FROM tables_about_predictions() LOOP
        EXECUTE format('DELETE FROM %s WHERE %I = ANY($1)', about.named, about.by_column)
            USING theirs;
        GET DIAGNOSTICS affected = ROW_COUNT;
        counts := counts || jsonb_build_object(about.named::text, affected);
    END LOOP;
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
# The audit log stays whole; it only stops naming the person.
RENAME_PERSON = """
CREATE FUNCTION rename_person(pseudonym TEXT) RETURNS BIGINT
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE renamed BIGINT;
BEGIN
    UPDATE audit_log SET actor = 'user:' || pseudonym
        WHERE actor = 'user:' || nullif(current_setting('app.user_id', true), '');
    GET DIAGNOSTICS renamed = ROW_COUNT;
    RETURN renamed;
END
$$
"""

OLDEST_PARTITION = """
CREATE FUNCTION oldest_dated_partition(retention_days INT, OUT place TEXT, OUT past UUID)
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT relname::text, first_id_of(ends) FROM (
        SELECT c.relname, (to_date(right(c.relname::text, 7), 'YYYY_MM') + interval '1 month')
            AT TIME ZONE 'UTC' AS ends
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'nlu_prompt_logs'::regclass
            AND c.relname ~ '^nlu_prompt_logs_\\d{4}_\\d{2}$'
    ) AS months
    WHERE ends <= now() - make_interval(days => retention_days) ORDER BY ends LIMIT 1
$$
"""
# What goes next, closed to writers until the commit: the oldest month that is over, else the
# first rows that fell into the default partition; nothing while another worker is at it. The
# caller chooses nothing but the age.
HOLD_OLD = """
CREATE FUNCTION hold_old_predictions(retention_days INT, at_most INT,
    OUT place TEXT, OUT past UUID)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp SET lock_timeout = '500ms' AS $$
DECLARE cutoff CONSTANT UUID := first_id_of(now() - make_interval(days => retention_days));
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtext('hold_old_predictions')) THEN
        RETURN;
    END IF;
    SELECT o.place, o.past INTO place, past FROM oldest_dated_partition(retention_days) o;
    IF place IS NOT NULL THEN
        EXECUTE format('LOCK TABLE %I IN SHARE MODE', place);
    ELSIF EXISTS (SELECT FROM nlu_prompt_logs_default WHERE id < cutoff) THEN
        place := 'nlu_prompt_logs_default';
        LOCK TABLE nlu_prompt_logs_default IN SHARE ROW EXCLUSIVE MODE;
        SELECT coalesce((SELECT id FROM nlu_prompt_logs_default WHERE id < cutoff
            ORDER BY id OFFSET at_most LIMIT 1), cutoff) INTO past;
    END IF;
END
$$
"""
# Dropping needs the whole table for a moment: half a second is the longest that ingest waits.
DROP_OLD = """
CREATE FUNCTION drop_old_predictions(retention_days INT, before UUID) RETURNS BIGINT
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp SET lock_timeout = '500ms' AS $$
DECLARE
    month TEXT;
    dropped BIGINT;
BEGIN
    SELECT place INTO month FROM oldest_dated_partition(retention_days) WHERE past = before;
    IF month IS NOT NULL THEN
        EXECUTE format('SELECT count(*) FROM %I', month) INTO dropped;
        EXECUTE format('DROP TABLE %I', month);
    ELSE
        DELETE FROM nlu_prompt_logs_default WHERE id < least(before,
            first_id_of(now() - make_interval(days => retention_days)));
        GET DIAGNOSTICS dropped = ROW_COUNT;
    END IF;
    RETURN dropped;
END
$$
"""
# Also what somebody said of a prediction in the moment in which it was erased.
SWEEP = """
CREATE FUNCTION sweep_after_predictions() RETURNS JSONB
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    counts JSONB := '{}';
    named REGCLASS;
    affected BIGINT;
BEGIN
    FOR named IN SELECT about.named FROM tables_about_predictions() about
        WHERE by_column = 'prediction_id'
    LOOP
        EXECUTE format('DELETE FROM %s AS said WHERE NOT EXISTS ('
            'SELECT FROM nlu_prompt_logs p WHERE p.id = said.prediction_id)', named);
        GET DIAGNOSTICS affected = ROW_COUNT;
        counts := counts || jsonb_build_object(named::text, affected);
    END LOOP;
    RETURN counts;
END
$$
"""

FUNCTIONS = [HOLD_PERSON, ERASE_PERSON, RENAME_PERSON, OLDEST_PARTITION, HOLD_OLD, DROP_OLD, SWEEP]
READERS = ("nlu_logger_service", "nlu_logger_reviewer", "nlu_logger_admin")
ERASER = "nlu_logger_eraser"
JOB = "nlu_logger_job"
POLICIES = [
    *(("erased_cases", role, "SELECT") for role in READERS),
    *(("erased_cases", role, "INSERT") for role in ("nlu_logger_reviewer", JOB)),
    ("erased_cases", "nlu_logger_admin", "INSERT"),
    *(("kept_training_rows", role, "SELECT") for role in READERS),
    ("kept_training_rows", JOB, "INSERT"),
    ("erasures", ERASER, "SELECT"),
    ("erasures", ERASER, "INSERT"),
    ("handouts", ERASER, "SELECT"),
    ("audit_log", ERASER, "INSERT"),
    ("corrections", JOB, "SELECT"),
    ("ground_truth", JOB, "SELECT"),
    ("ground_truth", JOB, "UPDATE"),
]
GRANTS = [
    f"SELECT ON erased_cases, kept_training_rows TO {', '.join(READERS)}",
    f"INSERT ON erased_cases TO nlu_logger_reviewer, nlu_logger_admin, {JOB}",
    f"INSERT ON kept_training_rows, outbox TO {JOB}",
    f"SELECT ON corrections, ground_truth TO {JOB}",
    f"UPDATE (text, truth, hash, anonymised) ON ground_truth TO {JOB}",
    f"USAGE ON SCHEMA public TO {ERASER}",
    f"SELECT, INSERT ON erasures, outbox TO {ERASER}",
    f"INSERT ON audit_log TO {ERASER}",
    f"SELECT ON handouts TO {ERASER}",
    f"EXECUTE ON FUNCTION hold_person(), erase_person(INT), rename_person(TEXT) TO {ERASER}",
    "EXECUTE ON FUNCTION hold_old_predictions(INT, INT), drop_old_predictions(INT, UUID),"
    f" sweep_after_predictions() TO {JOB}",
]


def upgrade() -> None:
    for statement in [*TABLES, ABOUT_PREDICTIONS, OWNER_MAY_REMOVE, *FUNCTIONS]:
        op.execute(statement)
    for function in (
        "hold_person()",
        "erase_person(INT)",
        "rename_person(TEXT)",
        "hold_old_predictions(INT, INT)",
        "drop_old_predictions(INT, UUID)",
        "sweep_after_predictions()",
    ):
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
    for table in ("erased_cases", "erasures", "kept_training_rows"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY owner ON {table} TO nlu_logger_owner USING (true)")
    for table, role, verb in POLICIES:
        rows = "WITH CHECK (true)" if verb == "INSERT" else "USING (true)"
        name = f"{role}_{verb.lower()}_for_privacy"
        op.execute(f"CREATE POLICY {name} ON {table} FOR {verb} TO {role} {rows}")
    for grant in GRANTS:
        op.execute(f"GRANT {grant}")
