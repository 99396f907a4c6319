"""The key that the settings hold for induction may define labels: induction does it for a person
who makes or changes a task there."""

from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.execute(
        """
        UPDATE api_keys SET scopes = array_append(scopes, 'labels:write')
        WHERE setting = 'induction' AND revoked_at IS NULL
            AND scopes @> ARRAY['ground-truth:read'] AND NOT scopes @> ARRAY['labels:write']
        """
    )
