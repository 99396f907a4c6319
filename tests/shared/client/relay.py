"""A shipped double: a bad line between client and service, which otherwise just passes on."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import httpx2
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route


class LineCut(Exception):
    """Ends a response in the middle, as a broken connection does."""


@dataclass
class BadLine:
    """`lose`: so many requests reach the service, and their answers are lost as a 503.

    `cut_after`: every stream breaks after so many chunks. `seen` are the requests' headers.
    """

    service: httpx2.AsyncClient
    lose: int = 0
    cut_after: int | None = None
    seen: list[dict[str, str]] = field(default_factory=list)

    @property
    def app(self) -> Starlette:
        return Starlette(routes=[Route("/{path:path}", self._pass_on, methods=["GET", "POST"])])

    async def _pass_on(self, request: Request) -> Response:
        self.seen.append(dict(request.headers))
        kept = ("authorization", "content-type", "last-event-id", "if-none-match")
        forwarded = self.service.build_request(
            request.method,
            request.url.path,
            params=request.query_params,
            content=await request.body(),
            headers={name: request.headers[name] for name in kept if name in request.headers},
        )
        answer = await self.service.send(forwarded, stream=True)
        if self.lose:
            self.lose -= 1
            await answer.aread()
            return Response(status_code=503, headers={"retry-after": "0"})
        headers = {
            name: answer.headers[name]
            for name in ("content-type", "etag")
            if name in answer.headers
        }
        return StreamingResponse(self._chunks(answer), answer.status_code, headers)

    async def _chunks(self, answer: httpx2.Response) -> AsyncIterator[bytes]:
        passed = 0
        try:
            async for chunk in answer.aiter_bytes():
                yield chunk
                passed += 1
                if passed == self.cut_after:
                    raise LineCut
        finally:
            await answer.aclose()
