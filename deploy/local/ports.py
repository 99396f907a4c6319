"""TCP ports on the loopback address."""

import socket
from collections.abc import Awaitable, Callable

from deploy.local.problems import PortTaken, ProcessDied

HOST = "127.0.0.1"
BIND_ATTEMPTS = 5


def free_port() -> int:
    """A port nobody holds now; whoever binds it next may still lose a race."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def choose(variable: str, given: int | None, *, default: int) -> int:
    """The given port, which must be free (PortTaken), else the default if free, else any."""
    if given is not None:
        if not is_free(given):
            raise PortTaken(given, variable)
        return given
    return default if is_free(default) else free_port()


async def bind(port: int, launch: Callable[[int], Awaitable[None]]) -> int:
    """Launches a server on the port, 0 meaning any; returns where it listens.

    Between choosing a free port and binding it somebody else may take it: then another is tried.
    """
    for _ in range(BIND_ATTEMPTS):
        candidate = port or free_port()
        try:
            await launch(candidate)
        except ProcessDied:
            if port or is_free(candidate):
                raise
        else:
            return candidate
    raise PortTaken(candidate, "another range of ephemeral ports")
