"""What the numbers of production are read from."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    # Approved truth by the time of its prediction, which the numbers about right and wrong join.
    op.execute("CREATE INDEX ON corrections (prediction_id) WHERE status = 'approved'")
