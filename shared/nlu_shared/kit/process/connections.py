"""What a connection may send before anybody looks at it: a head of some size, in some time."""

import asyncio
from asyncio.events import TimerHandle
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

HEAD_BYTES = 64 * 1024
MOST_HEADERS = 100
HEAD_SECONDS = 15.0
FRAMING = 8
"""Bytes around each byte of a body that is sent in pieces: in the smallest ones they are five."""
PIECE = 16 * 1024
"""Bytes parsed before the next look at what they were."""


class TooManyHeaders(Exception):
    """Raised within the parser, which ends the request."""


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's, which keeps every header of any size and waits for ever.

    Whatever is neither address nor body (headers, trailers, extensions of chunks) counts alike.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._headers = 0
        self._around = 0
        """Bytes of this request that are not its body."""
        self._bodies = 0
        self._head_ends: TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        for start in range(0, len(data), PIECE):
            if self.transport.is_closing():
                return
            piece = data[start : start + PIECE]
            super().data_received(piece)
            self._around += len(piece)
            if self._around > HEAD_BYTES + FRAMING * self._bodies:
                self._refuse()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._headers = self._around = self._bodies = 0
        if self._head_ends is None:
            self._await_head()

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers += 1
        if self._headers > MOST_HEADERS:
            self._refuse()
            raise TooManyHeaders
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._stop_waiting()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._around -= len(body)
        self._bodies += len(body)
        super().on_body(body)

    def send_400_response(self, msg: str) -> None:
        if not self.transport.is_closing():
            super().send_400_response(msg)

    def _await_head(self) -> None:
        self._head_ends = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._head_ends is not None:
            self._head_ends.cancel()
            self._head_ends = None

    def _refuse(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(
                STATUS_LINE[431] + b"content-length: 0\r\nconnection: close\r\n\r\n"
            )
            self.transport.close()
