"""The command line of nlu-logger: serve, work, migrate, keys."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

from cyclopts import App
from nlu_shared.kit import auth
from nlu_shared.kit.db import Identity, open_database, session_scope
from nlu_shared.kit.errors import ServiceError
from nlu_shared.kit.processes import serve as serve_app
from nlu_shared.kit.processes import set_up_logs
from nlu_shared.kit.settings import secret
from nlu_shared.schemas.keys import KeyIn
from pydantic import ValidationError
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_logger import app as web
from nlu_logger import worker
from nlu_logger.migrations import ADMINISTRATOR
from nlu_logger.migrations import migrate as run_migrations
from nlu_logger.settings import Migration, Settings

app = App(name="nlu-logger", help="Records predictions, loses none.", version=web.VERSION)
keys = App(name="keys", help="API keys of this service.")
app.command(keys)

Answer = TypeVar("Answer")


@app.command
def serve(*, host: str = "127.0.0.1", port: int = 8001) -> None:
    """Serves the API until it is told to stop."""
    settings = Settings()
    set_up_logs(as_json=settings.log_json)
    serve_app(web.build(settings), host=host, port=port)


@app.command
def work() -> None:
    """Does what the API does not wait for, until it is told to stop."""
    settings = Settings()
    set_up_logs(as_json=settings.log_json)
    asyncio.run(worker.run(settings))


@app.command
def migrate() -> None:
    """Creates or upgrades the database (NLU_LOGGER_OWNER_DATABASE_URL)."""
    told = Migration()
    asyncio.run(
        run_migrations(
            owner_url=told.owner_database_url.get_secret_value(),
            login_url=told.database_url.get_secret_value(),
            admin_url=secret(told.admin_database_url),
            bootstrap_key=secret(told.bootstrap_key),
            induction_key=secret(told.induction_key),
        )
    )


@keys.command(name="create")
def create_key(*, name: str, scopes: list[str]) -> None:
    """Makes a key and prints it, this once."""
    asked = KeyIn(name=name, scopes=scopes)
    made = asyncio.run(_as_administrator(lambda session: auth.create_key(session, asked)))
    print(made.key)


@keys.command(name="list")
def list_keys() -> None:
    """One line per key: id, name, scopes, whether it is revoked."""
    for key in asyncio.run(_as_administrator(auth.list_keys)):
        state = "revoked" if key.revoked_at else "valid"
        print(key.id, key.name, ",".join(key.scopes), state, sep="\t")


@keys.command(name="revoke")
def revoke_key(key_id: UUID) -> None:
    """From now on the key opens nothing."""
    asyncio.run(_as_administrator(lambda session: auth.revoke_key(session, key_id)))


async def _as_administrator(act: Callable[[AsyncSession], Awaitable[Answer]]) -> Answer:
    async with (
        open_database(Settings().database, pool_size=1) as database,
        session_scope(database, Identity(ADMINISTRATOR)) as session,
    ):
        return await act(session)


def main() -> None:
    try:
        app()
    except ValidationError as missing:
        names = ", ".join(
            "NLU_LOGGER_" + str(one["loc"][0]).upper() for one in missing.errors() if one["loc"]
        )
        sys.exit(f"nlu-logger: set {names} (see .env.example)")
    except ServiceError as refused:
        sys.exit(f"nlu-logger: {refused}")


if __name__ == "__main__":
    main()
