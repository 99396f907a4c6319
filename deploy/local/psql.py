"""psql on a running stack's log database, as its owner."""

import os
import shutil
from pathlib import Path
from typing import NoReturn
from urllib.parse import unquote, urlsplit, urlunsplit

from deploy.local.ownership import Addresses
from deploy.local.placement import wheel_programs


def become_psql(data: Path, *, sql: str | None) -> NoReturn:
    """Replaces this process by psql, which runs `sql` and exits, or asks for statements.

    Raises LocalProblem when nothing runs on the data directory or there is no psql.
    """
    url = urlsplit(Addresses.of_running(data).log_database)
    program = shutil.which("psql") or str(wheel_programs() / "psql")
    address = url.netloc.rpartition("@")[2]
    open_url = urlunsplit(url._replace(netloc=f"{url.username}@{address}"))
    once = ["--no-psqlrc", "--set", "ON_ERROR_STOP=1", "--command", sql] if sql else []
    # Not in the arguments, which anybody on the machine can read.
    environment = os.environ | {"PGPASSWORD": unquote(url.password or "")}
    os.execve(program, [program, open_url, *once], environment)  # noqa: S606
