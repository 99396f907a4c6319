"""A conversation's predictions are found without reading all others."""

from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.execute(
        """
        CREATE INDEX ON nlu_prompt_logs (conversation_id, id) WHERE conversation_id IS NOT NULL
        """
    )
