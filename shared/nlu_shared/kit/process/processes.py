"""How a process of ours lives: logs set up once, signals heard, everything stopped in order."""

import asyncio
import gc
import logging
import signal
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from socket import AF_INET, IPPROTO_TCP, SOCK_STREAM, socket
from types import FrameType
from typing import Any

import structlog
import uvicorn
from starlette.types import ASGIApp

from nlu_shared.kit.process.connections import BoundedProtocol

GRACE_SECONDS = 5
"""How long open requests and streams may finish once the process is told to stop."""
YOUNG_OBJECTS = 10_000
"""New objects between two looks of the collector; a hundred waiting requests hold as many."""


def set_up_logs(*, as_json: bool) -> None:
    """One line per fact on standard error, as key=value or as JSON."""
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"])
    )
    structlog.configure(
        processors=[
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING)


def serve(app: ASGIApp, *, host: str, port: int, fd: int | None = None) -> None:
    """Serves until SIGTERM or SIGINT; open streams are ended after GRACE_SECONDS. With `fd`, on
    that listening socket instead of `host` and `port`."""
    # Requests that wait for a commit outlive young collections, and each would walk all modules.
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS)
    with suppress(KeyboardInterrupt):  # uvicorn has stopped in order and raises it once more
        _Server(config(app, host=host, port=port)).run(_inherited(fd))


class _Server(uvicorn.Server):
    """uvicorn's, which looks ten times a second whether it is to stop. That was most of what an
    idle API cost; this one looks each second, for the header that tells the date, and is woken."""

    _loop: asyncio.AbstractEventLoop | None = None

    async def main_loop(self) -> None:
        self._woken, self._loop = asyncio.Event(), asyncio.get_running_loop()
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await self._woken.wait()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        if self._loop is not None:  # before, it looks once more by itself
            self._loop.call_soon_threadsafe(self._woken.set)


def _inherited(fd: int | None) -> list[socket] | None:
    """The listening TCP socket that a parent left open under that number, for uvicorn."""
    # Its own `fd` takes every socket for a Unix one, and asyncio would leave Nagle on: 40 ms.
    return None if fd is None else [socket(AF_INET, SOCK_STREAM, IPPROTO_TCP, fileno=fd)]


def config(
    app: ASGIApp, *, host: str = "127.0.0.1", port: int = 0, grace_seconds: int = GRACE_SECONDS
) -> uvicorn.Config:
    """How a service of ours is served: bounded heads, and nobody's word on where they come from
    (see `trusted_proxies` in the settings)."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        http=BoundedProtocol,
        ws="none",
        proxy_headers=False,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=grace_seconds,
    )


async def until_stopped(parts: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Runs all parts until SIGTERM or SIGINT, then cancels them. One part that fails ends all."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    tasks = [asyncio.create_task(part) for part in parts]
    stopped = asyncio.create_task(stop.wait())
    try:
        done, _ = await asyncio.wait([*tasks, stopped], return_when=asyncio.FIRST_COMPLETED)
        for task in done - {stopped}:
            await task
    finally:
        for task in [*tasks, stopped]:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task
