"""A key that the settings hold is known as such: a new one there ends the old one."""

from alembic import op
from nlu_shared.kit.access.keys import HELD_IN_SETTINGS

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    for statement in HELD_IN_SETTINGS:
        op.execute(statement)
