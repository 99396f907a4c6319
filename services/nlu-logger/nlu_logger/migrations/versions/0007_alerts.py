"""Alert rules, their incidents and what was sent."""

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    pass
