"""Runs a service's Alembic revisions as the owner, from code as from the command line."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from nlu_shared.kit.settings import sqlalchemy_url


async def upgrade(owner_url: str, scripts: Path) -> None:
    """Brings the database to the newest revision under `scripts`; safe to repeat."""
    engine = create_async_engine(sqlalchemy_url(owner_url), poolclass=NullPool)
    config = Config()
    config.set_main_option("script_location", str(scripts))

    def run(connection: Connection) -> None:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")

    try:
        async with engine.begin() as connection:
            await connection.run_sync(run)
    finally:
        await engine.dispose()
