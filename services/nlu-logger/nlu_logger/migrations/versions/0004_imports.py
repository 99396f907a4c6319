"""History and ground truth that come from elsewhere."""

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    pass
