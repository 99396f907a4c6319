"""A version that a run tries in place of proposals."""

from alembic import op

revision = "0057"
down_revision = "0056"


def upgrade() -> None:
    op.execute("ALTER TABLE runs ADD COLUMN candidate_version_id UUID REFERENCES prompt_versions")
