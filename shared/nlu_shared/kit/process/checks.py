"""What `doctor` looks at: each check ends in one line that says what to do.

A problem keeps the service from its work and makes the exit code 1; a warning does not.
"""

import shutil
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from alembic.script import ScriptDirectory
from redis.asyncio import Redis
from redis.exceptions import (
    AuthenticationError,
    AuthorizationError,
    NoPermissionError,
    RedisError,
)
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from nlu_shared.kit.data.db import (
    Identity,
    LoginRefused,
    UnboundLogin,
    open_database,
    session_scope,
)
from nlu_shared.kit.environment import EnvironmentSettings, UnusableSettings, from_environment
from nlu_shared.kit.errors import ServiceError

SECONDS = 3.0
TRIES = 3
MOST_APART = timedelta(seconds=1)
"""Of two clocks: leases and months are the database's, times of predictions the clients'."""
MEGABYTE = 1024 * 1024
LOW_BYTES, LEAST_BYTES = 1024 * MEGABYTE, 128 * MEGABYTE
"""Free on a disk: below the first it is time to look, below the second work may stop."""
LATE = "work is found by looking, seconds late"
Known = TypeVar("Known", bound=EnvironmentSettings)
Value = TypeVar("Value")


class CheckState(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. `words` say what is, and what to do where it is not well."""

    what: str
    state: CheckState
    words: str

    def __str__(self) -> str:
        return f"{self.state.value:<8} {self.what}: {self.words}"


def ok(what: str, words: str) -> Check:
    return Check(what, CheckState.OK, words)


def warning(what: str, words: str) -> Check:
    return Check(what, CheckState.WARNING, words)


def problem(what: str, words: str) -> Check:
    return Check(what, CheckState.PROBLEM, words)


def exit_code(checks: Sequence[Check]) -> int:
    """1 where there is a problem."""
    return int(any(one.state is CheckState.PROBLEM for one in checks))


def read_settings(of: type[Known]) -> tuple[Known | None, Check]:
    """The settings of the environment; None where they cannot be read."""
    try:
        return from_environment(of), ok("settings", "read")
    except (UnusableSettings, ServiceError) as wrong:
        return None, problem("settings", str(wrong))


async def _patiently(look: Callable[[], Awaitable[Value]]) -> Value:
    """A busy machine connects late, and who asks only once can wait: the last refusal stands."""
    for _ in range(TRIES - 1):
        with suppress(ServiceError, OSError):
            return await look()
    return await look()


async def check_database(url: str, identity: Identity, scripts: Path, *, migrate: str) -> Check:
    """Whether it is there, has the newest schema, and binds this login; `migrate` is the command
    that brings it up to date."""
    what, newest = "database", ScriptDirectory(str(scripts)).get_current_head()

    async def look() -> object:
        async with (
            open_database(url, pool_size=1) as database,
            session_scope(database, identity) as session,
        ):
            result = await session.execute(text("SELECT version_num FROM alembic_version"))
            return result.scalar()

    try:
        revision = await _patiently(look)
    except ProgrammingError:
        return problem(what, f"it has no schema yet, or this login may not see it: run `{migrate}`")
    except UnboundLogin as unbound:
        return problem(what, str(unbound))
    except LoginRefused as refused:
        words = f"{refused} Is the URL of the app login right? `{migrate}` makes both, if not"
        return problem(what, words)
    except DBAPIError:
        return problem(what, "it refuses what is asked of it: its log says why")
    except (ServiceError, OSError):
        return problem(what, "it does not answer: is it up, and is the URL of the app login right?")
    if revision != newest:
        return problem(what, f"its schema is {revision}, this version's {newest}: run `{migrate}`")
    return ok(what, f"answers, schema {revision}")


async def check_redis(url: str) -> Check:
    """Redis only wakes, so that without it everything is late and nothing is lost."""
    try:
        client = Redis.from_url(url, socket_connect_timeout=SECONDS, socket_timeout=SECONDS)
        try:
            await client.ping()
        finally:
            await client.aclose()
    except (AuthenticationError, AuthorizationError, NoPermissionError):
        return warning("redis", f"it refuses the login: {LATE}; set user and password in its URL")
    except (RedisError, OSError, ValueError):
        return warning("redis", f"it does not answer: {LATE}; start it, or set its URL right")
    return ok("redis", "answers")


def check_mail(setting: str, unreached: str | None) -> Check:
    """`unreached`: why the mail server that the setting names takes nothing, if it does not."""
    if unreached is None:
        return ok("mail", "the server takes mails")
    words = f"{unreached}: reports and notices wait; look at {setting}, and at the server"
    return warning("mail", words)


async def check_clock(url: str, identity: Identity) -> Check:
    """This machine's clock against the database's."""
    what = "clock"

    async def look() -> tuple[datetime, datetime, datetime]:
        async with (
            open_database(url, pool_size=1) as database,
            session_scope(database, identity) as session,
        ):
            await session.execute(text("SELECT 1"))
            before = datetime.now(UTC)
            result = await session.execute(text("SELECT clock_timestamp()"))
            return before, result.scalar_one(), datetime.now(UTC)

    try:
        before, theirs, after = await _patiently(look)
    except (ServiceError, OSError, DBAPIError, UnboundLogin):
        return warning(what, "not looked at without the database")
    apart = max(before - theirs, theirs - after, timedelta())
    if apart > MOST_APART:
        words = f"{apart.total_seconds():.1f} seconds from the database's: let NTP set both"
        return warning(what, words)
    return ok(what, "as the database's")


def check_disk(what: str, folder: Path) -> Check:
    """Whether there is room where the process writes."""
    name = f"disk of {what}"
    try:
        free = shutil.disk_usage(folder).free
    except OSError:
        return problem(name, f"{folder} cannot be looked at: make it, or name another")
    words = f"{free // MEGABYTE:,} MB free in {folder}"
    if free < LEAST_BYTES:
        return problem(name, f"{words}: make room")
    return warning(name, f"{words}: make room soon") if free < LOW_BYTES else ok(name, words)
