"""Retention trusts the clock as far as its last look and the predictions since vouch for it."""

from alembic import op

revision = "0013"
down_revision = "0012"

LOOKS = """
CREATE TABLE retention_looks (
    is_only BOOLEAN PRIMARY KEY DEFAULT true CHECK (is_only),
    looked_at TIMESTAMPTZ NOT NULL
)
"""
# The newest prediction says what time it was, if there is one.
FIRST_LOOK = """
INSERT INTO retention_looks (looked_at) SELECT coalesce(
    (SELECT least(moment_of(id), now()) FROM nlu_prompt_logs ORDER BY id DESC LIMIT 1), now())
"""
CLOCK = """
CREATE FUNCTION retention_clock() RETURNS TIMESTAMPTZ LANGUAGE sql STABLE AS 'SELECT now()'
"""
# From the last look to now in steps of a week at most, from one prediction to another: a worker
# that was away is no jump, a clock that went ahead leaves a hole that no prediction fills.
TRUSTS = """
CREATE FUNCTION retention_trusts_clock() RETURNS BOOLEAN
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    step CONSTANT INTERVAL := '7 days';
    seen TIMESTAMPTZ := (SELECT looked_at FROM retention_looks);
    coming TIMESTAMPTZ;
BEGIN
    WHILE retention_clock() - seen > step LOOP
        SELECT moment_of(id) INTO coming FROM nlu_prompt_logs
            WHERE id > first_id_of(seen) AND id < first_id_of(seen + step)
            ORDER BY id DESC LIMIT 1;
        IF coming IS NULL OR coming <= seen THEN
            RETURN false;
        END IF;
        seen := coming;
    END LOOP;
    RETURN true;
END
$$
"""
LOOK = """
CREATE FUNCTION look_at_retention_clock(
    OUT trusted BOOLEAN, OUT clock TIMESTAMPTZ, OUT looked_at TIMESTAMPTZ)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    SELECT r.looked_at INTO looked_at FROM retention_looks r FOR UPDATE;
    clock := retention_clock();
    trusted := retention_trusts_clock();
    IF trusted THEN
        UPDATE retention_looks r SET looked_at = clock;
    END IF;
END
$$
"""
# Whoever confirms says which day it is; one that asks the database cannot.
CONFIRM = """
CREATE FUNCTION confirm_retention_clock(today DATE) RETURNS BOOLEAN
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF abs((retention_clock() AT TIME ZONE 'UTC')::date - today) > 1 THEN
        RETURN false;
    END IF;
    UPDATE retention_looks SET looked_at = retention_clock();
    RETURN true;
END
$$
"""
OLDEST_PARTITION = """
CREATE OR REPLACE FUNCTION oldest_dated_partition(
    retention_days INT, OUT place TEXT, OUT past UUID)
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT relname::text, first_id_of(ends) FROM (
        SELECT c.relname, (to_date(right(c.relname::text, 7), 'YYYY_MM') + interval '1 month')
            AT TIME ZONE 'UTC' AS ends
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'nlu_prompt_logs'::regclass
            AND c.relname ~ '^nlu_prompt_logs_\\d{4}_\\d{2}$'
    ) AS months
    WHERE ends <= retention_clock() - make_interval(days => retention_days)
    ORDER BY ends LIMIT 1
$$
"""
# What goes next, closed to writers until the commit: the oldest month that is over, else the
# first rows that fell into the default partition; nothing while another worker is at it, or while
# the clock is not trusted. The caller chooses nothing but the age.
HOLD_OLD = """
CREATE OR REPLACE FUNCTION hold_old_predictions(retention_days INT, at_most INT,
    OUT place TEXT, OUT past UUID)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp SET lock_timeout = '500ms' AS $$
DECLARE
    cutoff CONSTANT UUID := first_id_of(retention_clock() - make_interval(days => retention_days));
BEGIN
    IF NOT retention_trusts_clock()
        OR NOT pg_try_advisory_xact_lock(hashtext('hold_old_predictions'))
    THEN
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
# Every row that training keeps has to be copied by this very transaction, or nothing is dropped.
DROP_OLD = """
CREATE FUNCTION drop_old_predictions(retention_days INT, before UUID, sure DOUBLE PRECISION)
RETURNS BIGINT
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp SET lock_timeout = '500ms' AS $$
DECLARE
    month TEXT;
    owed BIGINT;
    dropped BIGINT;
BEGIN
    IF NOT retention_trusts_clock() THEN
        RAISE EXCEPTION 'retention does not trust the clock'
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    SELECT place INTO month FROM oldest_dated_partition(retention_days) WHERE past = before;
    SELECT count(*) INTO owed FROM nlu_prompt_logs p LEFT JOIN LATERAL (
        SELECT status FROM corrections c
        WHERE c.prediction_id = p.id AND c.status <> 'rejected' AND NOT c.is_confirmation
        ORDER BY c.status = 'approved' DESC, c.id DESC LIMIT 1
    ) AS said ON true
    WHERE p.tableoid = to_regclass(coalesce(month, 'nlu_prompt_logs_default')) AND p.id < before
        AND CASE WHEN said.status IS NULL THEN p.confidence >= sure
            ELSE said.status = 'approved' END;
    IF owed > (SELECT count(*) FROM kept_training_rows WHERE xmin = pg_current_xact_id()::xid) THEN
        RAISE EXCEPTION 'training would lose rows that are not kept yet'
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    IF month IS NOT NULL THEN
        EXECUTE format('SELECT count(*) FROM %I', month) INTO dropped;
        EXECUTE format('DROP TABLE %I', month);
    ELSE
        DELETE FROM nlu_prompt_logs_default WHERE id < least(before,
            first_id_of(retention_clock() - make_interval(days => retention_days)));
        GET DIAGNOSTICS dropped = ROW_COUNT;
    END IF;
    DELETE FROM erased_predictions WHERE id < before;
    RETURN dropped;
END
$$
"""


def upgrade() -> None:
    for statement in (
        LOOKS,
        FIRST_LOOK,
        "ALTER TABLE retention_looks ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE retention_looks FORCE ROW LEVEL SECURITY",
        "CREATE POLICY owner ON retention_looks TO nlu_logger_owner USING (true)",
        CLOCK,
        TRUSTS,
        LOOK,
        CONFIRM,
        OLDEST_PARTITION,
        HOLD_OLD,
        "DROP FUNCTION drop_old_predictions(INT, UUID)",
        DROP_OLD,
    ):
        op.execute(statement)
    for function, role in (
        ("retention_trusts_clock()", "nlu_logger_job"),
        ("look_at_retention_clock()", "nlu_logger_job"),
        ("drop_old_predictions(INT, UUID, DOUBLE PRECISION)", "nlu_logger_job"),
        ("confirm_retention_clock(DATE)", "nlu_logger_admin"),
    ):
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO {role}")
