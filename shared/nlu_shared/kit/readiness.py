"""Whether a database can be written to: asked cheaply, nothing is left behind."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from nlu_shared.kit.db import CannotWrite

READ_ONLY = text("SELECT current_setting('transaction_read_only') = 'on'")
SPILL_LESS = text("SET LOCAL work_mem = '64kB'")
SPILL = text("SELECT count(*) FROM generate_series(1, 8000)")
"""More than fits into 64 kB: the server has to put it into a temporary file of its own disk."""


async def check_writable(connection: AsyncConnection) -> None:
    """In the connection's transaction, a millisecond or two.

    Raises CannotWrite for a database that is read-only; what a full disk makes the server say is
    for `kit.db.database_errors` to translate.
    """
    if (await connection.execute(READ_ONLY)).scalar_one():
        raise CannotWrite
    await connection.execute(SPILL_LESS)
    await connection.execute(SPILL)
