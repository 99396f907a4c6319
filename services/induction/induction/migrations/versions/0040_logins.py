"""Browsers that have shown a key, for the pages."""

from alembic import op
from nlu_shared.kit.access.logins import LOGINS_DDL

revision = "0040"
down_revision = "0033"


def upgrade() -> None:
    op.execute(LOGINS_DDL)
    op.execute("GRANT SELECT, INSERT, DELETE ON logins TO induction_app")
