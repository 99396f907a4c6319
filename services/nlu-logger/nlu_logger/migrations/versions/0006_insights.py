"""What the numbers of production are read from."""

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    pass
