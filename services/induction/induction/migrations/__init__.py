"""The database's shape over time, and `migrate`, which brings one up to date."""

from pathlib import Path

from nlu_shared.kit.access import keys
from nlu_shared.kit.access.auth import ADMIN
from nlu_shared.kit.data.db import Identity, open_database, session_scope
from nlu_shared.kit.data.migrate import require_known_schema, upgrade
from nlu_shared.kit.data.provision import provision

SCRIPTS = Path(__file__).parent
OWNER = "induction_owner"
APP = "induction_app"


async def migrate(
    *,
    owner_url: str,
    login_url: str,
    admin_url: str | None = None,
    bootstrap_key: str | None = None,
) -> None:
    """Creates database and roles (given an administrator), upgrades, stores the bootstrap key.

    Safe to repeat. Only the key's hash is stored.
    """
    if admin_url is not None:
        await provision(admin_url, owner_url=owner_url, login_url=login_url)
    await upgrade(owner_url, SCRIPTS)
    if bootstrap_key is not None:
        async with (
            open_database(owner_url, pool_size=1) as database,
            session_scope(database, Identity(OWNER)) as session,
        ):
            await keys.ensure(session, bootstrap_key, name="bootstrap", scopes=[ADMIN])


async def check_schema(login_url: str) -> None:
    """Raises NewerData for a database that a newer version of the product has upgraded."""
    await require_known_schema(login_url, Identity(APP), SCRIPTS)
