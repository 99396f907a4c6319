"""Erasures, their receipts, and the case ids to forget."""

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    pass
