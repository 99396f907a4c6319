"""How reviewed predictions were chosen, and who holds which to look at."""

from alembic import op

revision = "0003"
down_revision = "0002"

STATEMENTS = [
    # One line per prediction and queue it was chosen from; `probability` is the chance with which
    # that queue would choose it, which an unbiased estimate divides by.
    """
    CREATE TABLE selections (
        prediction_id UUID NOT NULL,
        queue TEXT NOT NULL,
        probability DOUBLE PRECISION NOT NULL CHECK (probability > 0 AND probability <= 1),
        chosen_at TIMESTAMPTZ NOT NULL DEFAULT now(),
        PRIMARY KEY (prediction_id, queue)
    )
    """,
]


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
