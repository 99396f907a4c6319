"""Makes a service's database and roles on a PostgreSQL server, as its administrator; idempotent.

Owner and app are apart: the owner migrates, the app login holds no rights of its own and takes
one of the service's group roles for each transaction.
"""

from collections.abc import Sequence
from urllib.parse import unquote, urlsplit

import asyncpg

from nlu_shared.kit.data.db import database_errors
from nlu_shared.kit.settings import asyncpg_url


async def provision(
    admin_url: str, *, owner_url: str, login_url: str, groups: Sequence[str] = ()
) -> None:
    """Creates what is missing: both roles with the passwords their URLs carry, the groups (which
    the login may take but does not inherit), and the database the owner's URL names.

    Raises Unavailable, LoginRefused, and asyncpg.PostgresError where the administrator may not do
    this.
    """
    owner, login = _credentials(owner_url), _credentials(login_url)
    database = urlsplit(owner_url).path.lstrip("/")
    async with database_errors():
        connection = await asyncpg.connect(asyncpg_url(admin_url), timeout=10)
    try:
        async with connection.transaction():
            # Two services, or two test workers, may provision one server at the same moment.
            await connection.execute("SELECT pg_advisory_xact_lock(7_260_119)")
            for name, password in (owner, login):
                await _role(connection, name, f"LOGIN NOINHERIT PASSWORD {_literal(password)}")
            for group in groups:
                await _role(connection, group, "NOLOGIN")
                await connection.execute(f"GRANT {_name(group)} TO {_name(login[0])}")
            await connection.execute(f"GRANT {_name(owner[0])} TO CURRENT_USER")
        known = await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", database)
        if not known:
            await _create_database(connection, database, owner[0], login[0])
    finally:
        await connection.close()


async def _create_database(
    connection: asyncpg.Connection, database: str, owner: str, login: str
) -> None:
    try:
        await connection.execute(f"CREATE DATABASE {_name(database)} OWNER {_name(owner)}")
    except asyncpg.DuplicateDatabaseError:
        return
    await connection.execute(f"REVOKE ALL ON DATABASE {_name(database)} FROM PUBLIC")
    await connection.execute(f"GRANT CONNECT ON DATABASE {_name(database)} TO {_name(login)}")


async def _role(connection: asyncpg.Connection, name: str, options: str) -> None:
    known = await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", name)
    verb = "ALTER" if known else "CREATE"
    await connection.execute(f"{verb} ROLE {_name(name)} {options}")


def _credentials(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return unquote(parts.username or ""), unquote(parts.password or "")


def _name(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
