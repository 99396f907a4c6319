"""TCP ports on the loopback address."""

import socket
from collections.abc import Awaitable, Callable

from deploy.local.problems import PortTaken, ProcessDied

HOST = "127.0.0.1"
BIND_ATTEMPTS = 5
BACKLOG = 2048
"""Connections that may wait to be taken, as many as uvicorn lets wait."""


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


def listen(variable: str, requested: int | None, *, default: int) -> socket.socket:
    """Listening on the given port (raises PortTaken), else on the default if free, else on any.

    Held from the choice on and inherited by the server, so that no other stack of this machine
    comes between them; while a server is started again, its callers wait instead of being refused.
    """
    for port in (default, 0) if requested is None else (requested,):
        holder = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            holder.bind((HOST, port))
            holder.listen(BACKLOG)
        except OSError:
            holder.close()
        else:
            return holder
    raise PortTaken(port, variable)


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
