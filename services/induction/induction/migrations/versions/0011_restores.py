"""What was read of nlu-logger's erasures is known by marks no restored backup shares."""

from alembic import op

revision = "0011"
down_revision = "0010"

STATEMENTS = [
    # Two lists may give one number: what counts here is the order in which lines were heard of.
    "ALTER TABLE forgotten_cases ADD COLUMN mark UUID UNIQUE",
    "ALTER TABLE forgotten_cases DROP CONSTRAINT forgotten_cases_pkey",
    "ALTER TABLE forgotten_cases ADD COLUMN heard BIGINT",
    "UPDATE forgotten_cases SET heard = n",
    "ALTER TABLE forgotten_cases ALTER COLUMN heard SET NOT NULL, ADD PRIMARY KEY (heard)",
    "ALTER TABLE forgotten_cases ALTER COLUMN heard ADD GENERATED ALWAYS AS IDENTITY",
    """
    SELECT setval(pg_get_serial_sequence('forgotten_cases', 'heard'),
    (SELECT coalesce(max(heard), 0) + 1 FROM forgotten_cases), false)
    """,
    """
    CREATE TABLE erased_read (
        is_only BOOLEAN PRIMARY KEY DEFAULT true CHECK (is_only),
        n BIGINT NOT NULL,
        mark UUID
    )
    """,
    # Read once more from the beginning: what was read before gets its mark.
    "INSERT INTO erased_read (n) VALUES (0)",
    "GRANT SELECT, UPDATE ON erased_read TO induction_app",
    "GRANT SELECT ON alembic_version TO induction_app",
]


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
