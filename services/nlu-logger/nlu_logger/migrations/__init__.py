"""The database's shape over time, and `migrate`, which brings one up to date."""

from pathlib import Path

from nlu_shared.kit.access import keys
from nlu_shared.kit.access.auth import ADMIN
from nlu_shared.kit.data.db import Identity, open_database, session_scope
from nlu_shared.kit.data.migrate import require_known_schema, upgrade
from nlu_shared.kit.data.provision import provision

SCRIPTS = Path(__file__).parent
OWNER = "nlu_logger_owner"
USER = "nlu_logger_user"
SERVICE = "nlu_logger_service"
REVIEWER = "nlu_logger_reviewer"
ADMINISTRATOR = "nlu_logger_admin"
JOB = "nlu_logger_job"
WRITER = "nlu_logger_writer"
ERASER = "nlu_logger_eraser"
GROUPS = (USER, SERVICE, REVIEWER, ADMINISTRATOR, JOB, WRITER, ERASER)
"""The login has no rights of its own; each transaction takes one of these."""
INDUCTION_SCOPES = (
    "ground-truth:read",
    "insights:read",
    "predictions:read",
    "findings:write",
    "labels:write",
)


async def migrate(
    *,
    owner_url: str,
    login_url: str,
    admin_url: str | None = None,
    bootstrap_key: str | None = None,
    induction_key: str | None = None,
) -> None:
    """Creates database and roles (given an administrator), upgrades, stores the keys' hashes.

    Safe to repeat.
    """
    if admin_url is not None:
        await provision(admin_url, owner_url=owner_url, login_url=login_url, groups=GROUPS)
    await upgrade(owner_url, SCRIPTS)
    async with (
        open_database(owner_url, pool_size=1) as database,
        session_scope(database, Identity(OWNER)) as session,
    ):
        if bootstrap_key is not None:
            await keys.ensure(session, bootstrap_key, name="bootstrap", scopes=[ADMIN])
        if induction_key is not None:
            await keys.ensure(session, induction_key, name="induction", scopes=INDUCTION_SCOPES)


async def check_schema(login_url: str) -> None:
    """Raises NewerData for a database that a newer version of the product has upgraded."""
    await require_known_schema(login_url, Identity(JOB), SCRIPTS)
