"""The commands that run the service itself: serve, work, migrate, and its keys."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from nlu_shared.kit.access.commands import key_commands
from nlu_shared.kit.data.db import Identity, open_database, session_scope
from nlu_shared.kit.environment import from_environment
from nlu_shared.kit.options import PORT
from nlu_shared.kit.process.processes import serve as serve_app
from nlu_shared.kit.process.processes import set_up_logs
from nlu_shared.kit.settings import secret
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_logger import app as web
from nlu_logger import worker
from nlu_logger.migrations import ADMINISTRATOR, check_schema
from nlu_logger.migrations import migrate as run_migrations
from nlu_logger.scopes import SCOPES
from nlu_logger.settings import Migration, Settings


def serve(
    *, host: str = "127.0.0.1", port: Annotated[int, PORT] = 8001, fd: int | None = None
) -> None:
    """Serves the API until it is told to stop.

    Parameters
    ----------
    host
        The address to listen at; the default is reached from this machine alone.
    fd
        The number of an inherited listening socket, instead of host and port.
    """
    settings = from_environment(Settings)
    set_up_logs(as_json=settings.log_json)
    asyncio.run(check_schema(settings.database))
    serve_app(web.build(settings), host=host, port=port, fd=fd)


def work() -> None:
    """Does what the API does not wait for, until it is told to stop."""
    settings = from_environment(Settings)
    set_up_logs(as_json=settings.log_json)
    asyncio.run(check_schema(settings.database))
    asyncio.run(worker.run(settings))


def migrate() -> None:
    """Creates or upgrades the database (NLU_LOGGER_OWNER_DATABASE_URL)."""
    settings = from_environment(Migration)
    asyncio.run(
        run_migrations(
            owner_url=settings.owner_database_url.get_secret_value(),
            login_url=settings.database_url.get_secret_value(),
            admin_url=secret(settings.admin_database_url),
            bootstrap_key=secret(settings.bootstrap_key),
            induction_key=secret(settings.induction_key),
        )
    )


@asynccontextmanager
async def _as_administrator() -> AsyncIterator[AsyncSession]:
    async with (
        open_database(from_environment(Settings).database, pool_size=1) as database,
        session_scope(database, Identity(ADMINISTRATOR)) as session,
    ):
        yield session


keys = key_commands(_as_administrator, SCOPES)
