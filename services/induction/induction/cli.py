"""The command line of induction: serve, work, migrate, and the doors of the API one types."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
from cyclopts import App, CycloptsError
from nlu_shared.client.errors import ClientError
from nlu_shared.environment import given
from nlu_shared.kit.commands import key_commands
from nlu_shared.kit.db import open_database, session_scope
from nlu_shared.kit.errors import ServiceError
from nlu_shared.kit.output import unbroken
from nlu_shared.kit.processes import serve as serve_app
from nlu_shared.kit.processes import set_up_logs
from nlu_shared.kit.settings import secret
from pydantic import ValidationError
from sqlmodel.ext.asyncio.session import AsyncSession

from induction import app as web
from induction import commands_runs, worker
from induction.commands_prompts import prompts
from induction.commands_score import score
from induction.migrations import check_schema
from induction.migrations import migrate as run_migrations
from induction.remote import HERE
from induction.resources import APP_IDENTITY
from induction.scopes import SCOPES
from induction.settings import Migration, Settings

app = App(
    name="induction", help="Improves prompts from approved ground truth.", version=web.VERSION
)
app.command(prompts)
app.command(score)
app.command(commands_runs.run)
app.command(commands_runs.evaluate)

USAGE = 2
"""What a mistyped command exits with, so that 1 can mean something."""


@app.command
def serve(*, host: str = "127.0.0.1", port: int = 8002) -> None:
    """Serves the API until it is told to stop.

    Parameters
    ----------
    host
        The address to listen at; the default is reached from this machine alone.
    port
        The port to listen at.
    """
    settings = Settings()
    set_up_logs(as_json=settings.log_json)
    asyncio.run(check_schema(settings.database))
    serve_app(web.build(settings), host=host, port=port)


@app.command
def work() -> None:
    """Drives runs until it is told to stop."""
    settings = Settings()
    set_up_logs(as_json=settings.log_json)
    asyncio.run(check_schema(settings.database))
    asyncio.run(worker.run(settings))


@app.command
def migrate() -> None:
    """Creates or upgrades the database (INDUCTION_OWNER_DATABASE_URL)."""
    settings = Migration()
    asyncio.run(
        run_migrations(
            owner_url=settings.owner_database_url.get_secret_value(),
            login_url=settings.database_url.get_secret_value(),
            admin_url=secret(settings.admin_database_url),
            bootstrap_key=secret(settings.bootstrap_key),
        )
    )


@asynccontextmanager
async def _session() -> AsyncIterator[AsyncSession]:
    async with (
        open_database(Settings().database, pool_size=1) as database,
        session_scope(database, APP_IDENTITY) as session,
    ):
        yield session


app.command(key_commands(_session, SCOPES))


def main() -> None:
    unbroken(_main)


def _main() -> None:
    try:
        app(exit_on_error=False)
    except CycloptsError:
        sys.exit(USAGE)  # it has printed what is wrong
    except ValidationError as missing:
        names = ", ".join(
            "INDUCTION_" + str(one["loc"][0]).upper() for one in missing.errors() if one["loc"]
        )
        sys.exit(f"induction: set {names} (see .env.example)")
    except httpx2.HTTPError as away:
        sys.exit(f"induction: {given('INDUCTION_URL') or HERE} cannot be reached: {away}")
    except (ServiceError, ClientError) as refused:
        sys.exit(f"induction: {refused}")


if __name__ == "__main__":
    main()
