"""The label set of each task, version by version, and a label renamed over history."""

from alembic import op

revision = "0019"
down_revision = "0018"

# Version 0 is the set nobody has defined: it holds the aliases that renames left, and no more.
LABEL_SETS = """
CREATE TABLE label_sets (
    task TEXT NOT NULL,
    version INT NOT NULL CHECK (version >= 0),
    labels JSONB NOT NULL,
    made_by TEXT NOT NULL,
    made_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    PRIMARY KEY (task, version)
)
"""

# What the one reading of a truth (nlu_shared.schemas.labels) makes of what was stored before there
# was one: lists of one, numbers, blanks. NULL where that is no label.
LABEL_OF = r"""
CREATE FUNCTION label_of(truth JSONB) RETURNS TEXT
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN length(spelled) BETWEEN 1 AND 200 THEN spelled END FROM (
        SELECT btrim(regexp_replace(normalize(CASE jsonb_typeof(truth)
            WHEN 'string' THEN truth #>> '{}'
            WHEN 'number' THEN truth #>> '{}'
            WHEN 'array' THEN CASE WHEN jsonb_array_length(truth) = 1
                AND jsonb_typeof(truth -> 0) IN ('string', 'number') THEN truth ->> 0 END
        END, NFC), '\s+', ' ', 'g')) AS spelled
    ) AS one
$$
"""

# Who calls it can change nothing but this label of this task; the hashes are of what it makes.
RENAME_TRUTHS = """
CREATE FUNCTION rename_truths(of_task TEXT, old TEXT, new TEXT, ids UUID[], hashes TEXT[])
RETURNS BIGINT
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE affected BIGINT;
BEGIN
    UPDATE ground_truth g SET truth = to_jsonb(new), hash = made.hash
        FROM unnest(ids, hashes) AS made (id, hash)
        WHERE g.id = made.id AND g.task = of_task AND label_of(g.truth) = old;
    GET DIAGNOSTICS affected = ROW_COUNT;
    RETURN affected;
END
$$
"""
RENAME_CORRECTIONS = """
CREATE FUNCTION rename_corrections(of_task TEXT, old TEXT, new TEXT, ids UUID[], hashes TEXT[])
RETURNS BIGINT
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE affected BIGINT;
BEGIN
    UPDATE corrections c SET corrected_intent = new, body_hash = made.hash
        FROM unnest(ids, hashes) AS made (id, hash), nlu_prompt_logs p
        WHERE c.id = made.id AND label_of(to_jsonb(c.corrected_intent)) = old
            AND p.id = c.prediction_id AND p.task = of_task;
    GET DIAGNOSTICS affected = ROW_COUNT;
    UPDATE nlu_prompt_logs p SET corrected_intent = new, updated_at = now()
        WHERE p.task = of_task AND label_of(to_jsonb(p.corrected_intent)) = old
            AND p.id IN (SELECT prediction_id FROM corrections WHERE id = ANY(ids));
    RETURN affected;
END
$$
"""
# Conflicts whose two sides are one label now are none, and two that are one now are one; a doubt
# that suggests what stands is answered.
RENAME_DOUBTS = """
CREATE FUNCTION rename_doubts(of_task TEXT, old TEXT, new TEXT, new_hash TEXT) RETURNS BIGINT
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE ended BIGINT;
BEGIN
    DELETE FROM truth_conflicts WHERE id IN (
        SELECT id FROM (
            SELECT f.id, row_number() OVER (
                PARTITION BY f.ground_truth_id, f.correction_id ORDER BY f.id
            ) AS n
            FROM truth_conflicts f JOIN ground_truth g ON g.id = f.ground_truth_id
            WHERE g.task = of_task AND label_of(f.truth) IN (old, new)
        ) AS numbered WHERE n > 1
    );
    UPDATE truth_conflicts f SET truth = to_jsonb(new), truth_hash = new_hash
        FROM ground_truth g
        WHERE g.id = f.ground_truth_id AND g.task = of_task AND label_of(f.truth) = old;
    DELETE FROM truth_conflicts f USING ground_truth g
        WHERE g.id = f.ground_truth_id AND g.task = of_task AND f.truth = g.truth;
    GET DIAGNOSTICS ended = ROW_COUNT;
    UPDATE findings f SET suggested = to_jsonb(new) FROM ground_truth g
        WHERE g.id = f.case_id AND g.task = of_task AND label_of(f.suggested) = old;
    DELETE FROM findings f USING ground_truth g
        WHERE g.id = f.case_id AND g.task = of_task AND f.suggested = g.truth;
    RETURN ended;
END
$$
"""
FUNCTIONS = (
    "rename_truths(TEXT, TEXT, TEXT, UUID[], TEXT[])",
    "rename_corrections(TEXT, TEXT, TEXT, UUID[], TEXT[])",
    "rename_doubts(TEXT, TEXT, TEXT, TEXT)",
)
# What late answers of an old spelling are read as.
SPELLINGS = """
CREATE VIEW label_spellings WITH (security_invoker = true) AS
SELECT s.task, a.alias AS spelling, l.label ->> 'name' AS label
FROM (
    SELECT DISTINCT ON (task) task, labels FROM label_sets ORDER BY task, version DESC
) s,
    jsonb_array_elements(s.labels) AS l (label),
    jsonb_array_elements_text(l.label -> 'aliases') AS a (alias)
"""
READERS = ("nlu_logger_user", "nlu_logger_service", "nlu_logger_reviewer", "nlu_logger_admin")
WRITERS = READERS[2:]
SCORERS = (*READERS[1:], "nlu_logger_job")
"""Who compares answers with truths, or exports them."""


def upgrade() -> None:
    for statement in (
        LABEL_SETS,
        LABEL_OF,
        "CREATE INDEX ON ground_truth (task, label_of(truth))",
        RENAME_TRUTHS,
        RENAME_CORRECTIONS,
        RENAME_DOUBTS,
        SPELLINGS,
        f"GRANT SELECT ON label_spellings TO {', '.join(SCORERS)}",
        "GRANT SELECT ON label_sets TO nlu_logger_job",
        "CREATE POLICY nlu_logger_job ON label_sets FOR SELECT TO nlu_logger_job USING (true)",
        "ALTER TABLE label_sets ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE label_sets FORCE ROW LEVEL SECURITY",
        "CREATE POLICY owner ON label_sets TO nlu_logger_owner USING (true)",
        *(
            f"CREATE POLICY {role} ON label_sets FOR SELECT TO {role} USING (true)"
            for role in READERS
        ),
        *(
            f"CREATE POLICY {role}_adds ON label_sets FOR INSERT TO {role} WITH CHECK (true)"
            for role in WRITERS
        ),
        # What somebody has defined stays as it was.
        *(
            f"CREATE POLICY {role}_opens ON label_sets FOR UPDATE TO {role} USING (version = 0)"
            for role in WRITERS
        ),
        f"GRANT SELECT ON label_sets TO {', '.join(READERS)}",
        f"GRANT INSERT, UPDATE (labels, made_by, made_at) ON label_sets TO {', '.join(WRITERS)}",
        *(f"REVOKE ALL ON FUNCTION {one} FROM PUBLIC" for one in FUNCTIONS),
        *(f"GRANT EXECUTE ON FUNCTION {one} TO {', '.join(WRITERS)}" for one in FUNCTIONS),
    ):
        op.execute(statement)
