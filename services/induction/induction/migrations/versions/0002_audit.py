"""The audit log: the app may add a line and read them, and change none."""

from alembic import op
from nlu_shared.kit.access.audit import AUDIT_DDL

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute(AUDIT_DDL)
    op.execute("CREATE INDEX ON audit_log (subject, id)")
    op.execute("GRANT SELECT, INSERT ON audit_log TO induction_app")
