"""The database door: engine, identities, and the one commit of the code base.

`session_scope` takes one role and one user for one transaction, so row-level security always
has a principal; `kit.data.group_commit` is the only other place that commits.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg
import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    async_sessionmaker,
    create_async_engine,
)
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_shared.kit.errors import Unavailable
from nlu_shared.kit.settings import asyncpg_url, sqlalchemy_url

log = structlog.get_logger(__name__)
CONNECT_SECONDS = 1.4
"""A caller gets its 503 within 2 s, so until a transaction is open no more than this may pass."""
CLOSE_SECONDS = 0.1
"""How long a connection says good-bye: a server that hangs does not answer that either."""
STATEMENT_SECONDS = 60
DEADLOCK = "40P01"
CANNOT_WRITE = frozenset({"53000", "53100", "53200", "53400", "58030", "25006"})
"""Disk, memory or a limit of them used up; an I/O error; a database set or fallen read-only."""
REFUSES = {
    "28P01": "The database does not take the password of this login.",
    "28000": "The database does not let this login in.",
    "3D000": "There is no such database.",
}
CANNOT_WRITE_SECONDS = 30
"""A person is needed for that: who is told to come again need not hurry."""
TAKE_IDENTITY = "SELECT set_config('role', {0}, true), set_config('app.user_id', {1}, true)"
CUT = (OSError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What a broken connection raises; the last where the server's last word met our next one."""
READ_ONLY = text("SELECT current_setting('transaction_read_only') = 'on'")
SPILL_LESS = text("SET LOCAL work_mem = '64kB'")
SPILL = text("SELECT count(*) FROM generate_series(1, 8000)")
"""More than fits into 64 kB: the server has to put it into a temporary file of its own disk."""


class CannotWrite(Unavailable):
    code = "cannot_write"
    title = "The database takes no writes now"

    def __init__(self) -> None:
        super().__init__(
            "The database takes no writes now: its disk is full, or it is read-only.",
            retry_after=CANNOT_WRITE_SECONDS,
        )


class LoginRefused(Unavailable):
    """The database answers, and lets this login in nowhere: also after a change of its password."""

    title = "The database refuses the login"


class UnboundLogin(RuntimeError):
    """The database login is above row-level security; nothing is done with it."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a transaction acts for: a database role and, for end users, their id."""

    role: str
    user_id: UUID | None = None

    @property
    def user(self) -> str:
        return str(self.user_id) if self.user_id else ""


@dataclass(slots=True)
class Database:
    """An engine, a raw asyncpg pool for the few hot paths, and what to wake after a commit."""

    engine: AsyncEngine
    pool: "asyncpg.Pool[asyncpg.Record]"
    sessions: async_sessionmaker[AsyncSession]
    connect: Callable[[Identity], Awaitable[Any]]
    """A raw connection that is `identity` from its first moment on; who asks for it closes it."""
    readiness: AsyncEngine
    """One connection of its own: a pool that others have emptied is not a database that is away."""
    after_handover: list[Callable[[], None]] = field(default_factory=list)


class _Connection(asyncpg.Connection):  # type: ignore[misc]
    """Closes within CLOSE_SECONDS, however long whoever closes it would wait."""

    __slots__ = ()

    async def close(self, *, timeout: float | None = None) -> None:  # noqa: ASYNC109 - its signature
        await super().close(timeout=CLOSE_SECONDS)


@asynccontextmanager
async def open_database(url: str, *, pool_size: int = 10) -> AsyncIterator[Database]:
    """Opens lazily: a database that is away now is found out by the first request, not here."""

    async def connect(identity: Identity | None = None) -> Any:
        connection = await asyncpg.connect(
            asyncpg_url(url),
            timeout=CONNECT_SECONDS,
            command_timeout=STATEMENT_SECONDS,
            connection_class=_Connection,
            server_settings=identity and {"role": identity.role, "app.user_id": identity.user},
        )
        await _bound(connection)
        return connection

    def engine_of(connections: int) -> AsyncEngine:
        return create_async_engine(
            sqlalchemy_url(url),
            async_creator=connect,
            pool_size=connections,
            max_overflow=0,
            pool_timeout=CONNECT_SECONDS,
            pool_pre_ping=True,
        )

    engine, readiness = engine_of(pool_size), engine_of(1)
    pool = asyncpg.create_pool(
        asyncpg_url(url),
        min_size=0,
        max_size=max(2, pool_size // 2),
        timeout=CONNECT_SECONDS,
        command_timeout=STATEMENT_SECONDS,
        connection_class=_Connection,
        init=_bound,
    )
    try:
        async with pool:
            yield Database(
                engine=engine,
                pool=pool,
                sessions=async_sessionmaker(engine, class_=AsyncSession, expire_on_commit=False),
                connect=connect,
                readiness=readiness,
            )
    finally:
        await readiness.dispose()
        await engine.dispose()


@asynccontextmanager
async def session_scope(database: Database, identity: Identity) -> AsyncIterator[AsyncSession]:
    """One transaction as `identity`, committed at the end, rolled back on any error.

    Jobs handed over inside it (`kit.process.jobs.enqueue`) are sent on after the commit.
    Raises Unavailable when the database is away; then nothing was stored, or, where the
    connection broke during the commit, the caller may safely send the same again.
    """
    async with (
        database_errors(),
        asyncio.timeout(CONNECT_SECONDS) as opening,
        database.sessions() as session,
    ):
        async with session.begin():
            await session.execute(
                text(TAKE_IDENTITY.format(":role", ":user")),
                {"role": identity.role, "user": identity.user},
            )
            end_in_time(opening)
            yield session
        if session.info.get("handed_over"):
            for wake in database.after_handover:
                wake()


@asynccontextmanager
async def snapshot_scope(database: Database, identity: Identity) -> AsyncIterator[Any]:
    """A raw asyncpg connection that sees one moment of the database and may change nothing."""
    async with (
        database_errors(),
        asyncio.timeout(CONNECT_SECONDS) as opening,
        database.pool.acquire() as connection,
    ):
        transaction = connection.transaction(isolation="repeatable_read", readonly=True)
        try:
            await transaction.start()
            await connection.execute(TAKE_IDENTITY.format("$1", "$2"), identity.role, identity.user)
            end_in_time(opening)
            yield connection
            await transaction.rollback()
        except BaseException:
            connection.terminate()  # a server that hangs would not answer a rollback
            raise


def end_in_time(opening: asyncio.Timeout) -> None:
    """Lifts a timeout from what comes next. Raises TimeoutError where it is over already: on
    Python 3.11 a cancellation that meets an answer can be lost, and the block goes on."""
    if opening.expired():
        raise TimeoutError
    opening.reschedule(None)


@asynccontextmanager
async def database_errors() -> AsyncIterator[None]:
    """Translates a database that is away into `Unavailable`, one that refuses the login into
    `LoginRefused`, one that takes no writes into `CannotWrite`."""
    try:
        yield
    except (*CUT, PoolTimeout, TimeoutError) as away:
        raise Unavailable("The database is away.") from away
    except asyncpg.PostgresError as refused:
        if refused.sqlstate in REFUSES:
            raise LoginRefused(REFUSES[refused.sqlstate]) from refused
        if is_away(refused):
            raise Unavailable("The database is away.") from refused
        if refused.sqlstate in CANNOT_WRITE:
            raise CannotWrite from refused
        raise
    except DBAPIError as broken:
        state = getattr(broken.orig, "sqlstate", None)
        if state in CANNOT_WRITE:
            raise CannotWrite from broken
        if state in REFUSES:
            raise LoginRefused(REFUSES[state]) from broken
        if isinstance(broken, InterfaceError | OperationalError):
            raise Unavailable("The database is away.") from broken
        if broken.connection_invalidated or is_away(broken.orig):
            raise Unavailable("The database is away.") from broken
        if state == DEADLOCK:
            raise Unavailable("Another change was in the way; nothing was stored.") from broken
        raise


def is_away(error: BaseException | None) -> bool:
    """Connection loss (class 08), shutdown or start-up (57P01–57P03), too many clients (53300)."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        state = getattr(error, "sqlstate", None) or ""
        if state.startswith("08") or state in {"57P01", "57P02", "57P03", "53300"}:
            return True
        if isinstance(error, OSError | asyncio.TimeoutError):
            return True
        error = error.__cause__
    return False


async def check_writable(connection: AsyncConnection) -> None:
    """In the connection's transaction, a millisecond or two; nothing is left behind.

    Raises CannotWrite for a database that is read-only; what a full disk makes the server say is
    for `database_errors` to translate.
    """
    if (await connection.execute(READ_ONLY)).scalar_one():
        raise CannotWrite
    await connection.execute(SPILL_LESS)
    await connection.execute(SPILL)


async def require_ordinary_login(database: Database) -> None:
    """Raises UnboundLogin for a login that row-level security would not bind, and LoginRefused.

    A database that is away now is not waited for: every connection is checked when it is made.
    """
    try:
        async with database_errors(), database.pool.acquire():
            pass
    except LoginRefused:
        raise
    except Unavailable:
        log.warning("started without the database")


async def _bound(connection: Any) -> None:
    if await connection.fetchval(
        "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = session_user"
    ):
        raise UnboundLogin(
            "This login is a superuser or bypasses row-level security: use the app login."
        )
