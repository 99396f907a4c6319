"""Whether texts of a task may be quoted where nobody says."""

from alembic import op

revision = "0018"
down_revision = "0017"

STATEMENTS = [
    """
    CREATE TABLE quoting_defaults (
        task TEXT PRIMARY KEY,
        may_quote BOOLEAN NOT NULL,
        set_by TEXT NOT NULL,
        set_at TIMESTAMPTZ NOT NULL DEFAULT now()
    )
    """,
    "GRANT SELECT ON quoting_defaults TO nlu_logger_service, nlu_logger_reviewer, nlu_logger_admin",
    "GRANT INSERT, UPDATE ON quoting_defaults TO nlu_logger_reviewer, nlu_logger_admin",
]


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
