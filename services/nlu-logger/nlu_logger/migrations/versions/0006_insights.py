"""What the numbers of production are read from, and who looks at them in a browser."""

from alembic import op
from nlu_shared.kit.access.logins import LOGINS_DDL

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    # Approved truth by the time of its prediction, which the numbers about right and wrong join.
    op.execute("CREATE INDEX ON corrections (prediction_id) WHERE status = 'approved'")
    op.execute(LOGINS_DDL)
    op.execute("ALTER TABLE logins ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE logins FORCE ROW LEVEL SECURITY")
    # The role that proves keys proves logins.
    op.execute("CREATE POLICY nlu_logger_job ON logins TO nlu_logger_job USING (true)")
    op.execute("GRANT SELECT, INSERT, DELETE ON logins TO nlu_logger_job")
