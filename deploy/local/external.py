"""Servers that somebody else runs: asked once whether they answer, before anything starts."""

import asyncpg
from redis.asyncio import Redis as Client
from redis.exceptions import RedisError

from deploy.local.problems import LocalProblem

SECONDS = 10.0


async def check_database(url: str) -> str:
    """The URL, as asyncpg and the services read it. LocalProblem if nobody answers there."""
    plain = url.replace("postgresql+asyncpg://", "postgresql://", 1)
    try:
        connection = await asyncpg.connect(plain, timeout=SECONDS)
    except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as refused:
        raise LocalProblem(f"DATABASE_URL: no connection: {_why(refused)}") from None
    try:
        may_create = await connection.fetchval(
            """
            SELECT rolsuper OR (rolcreatedb AND rolcreaterole)
            FROM pg_roles WHERE rolname = current_user
            """
        )
    finally:
        await connection.close()
    if not may_create:
        raise LocalProblem("DATABASE_URL: this login needs CREATEDB and CREATEROLE")
    return plain


async def check_redis(url: str) -> str:
    """The URL. LocalProblem if no Redis answers there."""
    try:
        client = Client.from_url(url, socket_timeout=SECONDS)
        try:
            await client.ping()
        finally:
            await client.aclose()
    except (OSError, ValueError, RedisError) as refused:
        raise LocalProblem(f"REDIS_URL: no connection: {_why(refused)}") from None
    return url


def _why(refused: Exception) -> str:
    return str(refused) or type(refused).__name__
