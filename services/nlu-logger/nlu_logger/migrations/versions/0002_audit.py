"""The audit log, written by everybody who changes something and changed by nobody."""

from alembic import op
from nlu_shared.kit.access.audit import AUDIT_DDL

revision = "0002"
down_revision = "0001"

WRITERS = ("nlu_logger_user", "nlu_logger_service", "nlu_logger_reviewer", "nlu_logger_job")


def upgrade() -> None:
    op.execute(AUDIT_DDL)
    op.execute("CREATE INDEX ON audit_log (subject, id)")
    op.execute("ALTER TABLE audit_log ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE audit_log FORCE ROW LEVEL SECURITY")
    for role in WRITERS:
        op.execute(f"CREATE POLICY {role} ON audit_log FOR INSERT TO {role} WITH CHECK (true)")
        op.execute(f"GRANT INSERT ON audit_log TO {role}")
    op.execute(
        "CREATE POLICY reviewers_read ON audit_log FOR SELECT TO nlu_logger_reviewer USING (true)"
    )
    op.execute(
        "CREATE POLICY admin ON audit_log TO nlu_logger_admin USING (true) WITH CHECK (true)"
    )
    op.execute("CREATE POLICY owner ON audit_log TO nlu_logger_owner USING (true)")
    op.execute("GRANT SELECT ON audit_log TO nlu_logger_reviewer")
    op.execute("GRANT SELECT, INSERT ON audit_log TO nlu_logger_admin")
