"""When somebody was last erased, by their pseudonym: history that is imported asks for it."""

from alembic import op

revision = "0017"
down_revision = "0016"

# The receipts stay the eraser's own; an import learns of people it can name already.
LAST_ERASURES = """
CREATE FUNCTION last_erasures(people TEXT[]) RETURNS TABLE (person TEXT, at TIMESTAMPTZ)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT e.person, max((e.receipt->>'at')::timestamptz)
    FROM erasures e WHERE e.person = ANY(people) GROUP BY e.person
$$
"""


def upgrade() -> None:
    op.execute(LAST_ERASURES)
    op.execute("REVOKE ALL ON FUNCTION last_erasures(TEXT[]) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION last_erasures(TEXT[]) TO nlu_logger_admin")
