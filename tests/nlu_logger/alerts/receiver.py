"""Where notices arrive: a real HTTP receiver and a real mail server, each on a free port."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.fixtures.stack import serving


@dataclass
class Receiver:
    """Answers with the statuses it is told, in order, then with 200; keeps what it was sent."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def take(self, request: Request) -> Response:
        self.got.append((dict(request.headers), await request.body()))
        status = self.answers.pop(0) if self.answers else 200
        return Response(status_code=status, headers={"location": self.url})


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = Starlette(routes=[Route("/hook/{secret}", receiver.take, methods=["POST"])])
    async with serving(app) as url:
        receiver.url = f"{url}/hook/a-secret-path"
        yield receiver
