"""The table of a spool file, how it is opened, and what comes out of it."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from nlu_shared.client.spool.policy import FactKind

PRAGMAS = ("busy_timeout = 5000", "journal_mode = WAL", "synchronous = FULL")
TABLE = """
CREATE TABLE IF NOT EXISTS facts (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    log_id TEXT NOT NULL,
    wire_id TEXT NOT NULL,
    body TEXT NOT NULL,
    state TEXT NOT NULL,
    code TEXT,
    made REAL NOT NULL,
    changed REAL NOT NULL,
    due REAL NOT NULL DEFAULT 0,
    UNIQUE (log_id, kind)
)
"""
INDEX = "CREATE INDEX IF NOT EXISTS facts_by_state ON facts (state, seq)"
COLUMNS = "kind, log_id, wire_id, body, state, code, made, changed, due"
Row = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Fact:
    """One line to be sent. `seq` is also its version: an outcome said anew gets another."""

    seq: int
    kind: FactKind
    log_id: UUID
    wire_id: UUID
    body: str
    made: datetime


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """What the service refused, and why. `body` is the JSON as it would be sent."""

    kind: FactKind
    log_id: UUID
    code: str
    at: datetime
    body: str


def connect(path: Path) -> sqlite3.Connection:
    """For one thread at a time; the file must be there. Raises sqlite3.Error."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        connection.execute(TABLE)
        connection.execute(INDEX)
    except BaseException:
        connection.close()
        raise
    return connection


def pages(connection: sqlite3.Connection) -> Iterator[list[Row]]:
    """All rows of a file, 500 at a time."""
    cursor = connection.execute(f"SELECT {COLUMNS} FROM facts ORDER BY seq")  # noqa: S608
    while page := cursor.fetchmany(500):
        yield page
