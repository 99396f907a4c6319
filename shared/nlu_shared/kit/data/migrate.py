"""Runs a service's Alembic revisions as the owner, from code as from the command line; and knows
a database that a newer version has upgraded."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from nlu_shared.kit.data.db import (
    Identity,
    LoginRefused,
    database_errors,
    open_database,
    session_scope,
)
from nlu_shared.kit.errors import ServiceError, Unavailable
from nlu_shared.kit.settings import sqlalchemy_url


class NewerData(ServiceError):
    """Nothing was touched."""

    title = "The database belongs to a newer version"

    def __init__(self, revision: str, newest: str) -> None:
        super().__init__(
            f"the database has the schema {revision}, and this version knows none after {newest}:"
            " start the version that made it, or restore a backup from before the upgrade"
        )


async def upgrade(owner_url: str, scripts: Path) -> None:
    """Brings the database to the newest revision under `scripts`; safe to repeat.

    Raises NewerData, Unavailable and LoginRefused.
    """
    engine = create_async_engine(sqlalchemy_url(owner_url), poolclass=NullPool)
    config = Config()
    config.set_main_option("script_location", str(scripts))

    def run(connection: Connection) -> None:
        for revision in MigrationContext.configure(connection).get_current_heads():
            _check(revision, scripts)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")

    try:
        async with database_errors(), engine.begin() as connection:
            await connection.run_sync(run)
    finally:
        await engine.dispose()


async def require_known_schema(url: str, identity: Identity, scripts: Path) -> None:
    """Raises NewerData and LoginRefused. A database that is away, or has no schema yet, is not
    waited for."""
    try:
        async with (
            open_database(url, pool_size=1) as database,
            session_scope(database, identity) as session,
        ):
            result = await session.execute(text("SELECT version_num FROM alembic_version"))
            revisions = result.scalars().all()
    except LoginRefused:
        raise
    except (Unavailable, ProgrammingError):
        return
    for revision in revisions:
        _check(revision, scripts)


def _check(revision: str, scripts: Path) -> None:
    known = ScriptDirectory(str(scripts))
    if revision not in {script.revision for script in known.walk_revisions()}:
        raise NewerData(revision, known.get_current_head() or "none")
