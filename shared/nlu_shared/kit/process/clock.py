"""What is done by the clock: again and again until cancelled; no neighbour that is away ends it."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from sqlalchemy.exc import DBAPIError

from nlu_shared.kit.errors import Unavailable

log = structlog.get_logger(__name__)
AWAY = (Unavailable, DBAPIError)
"""What may pass by itself: the database or another service is away, or refused."""


async def by_clock(act: Callable[[], Awaitable[object]], *, seconds: float, what: str) -> None:
    """Acts, then rests for `seconds`, until cancelled.

    Where the database or another service is away the act is put off to the next time, with a line
    in the log that names it as `what`; anything else `act` raises ends the clock.
    """
    while True:
        try:
            await act()
        except AWAY as away:
            log_put_off(away, what=what)
        await asyncio.sleep(seconds)


def log_put_off(away: Exception, *, what: str) -> None:
    """away: one of `AWAY`; its words stay unsaid, they may hold somebody's text."""
    reason = away.code if isinstance(away, Unavailable) else type(away).__name__
    log.warning("put off", what=what, reason=reason)
