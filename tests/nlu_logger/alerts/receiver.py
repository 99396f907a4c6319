"""Where notices arrive: a real HTTP receiver and a real mail server, each on a free port."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.smtp import SMTP, Envelope, Session
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.fixtures.stack import serving


@dataclass
class Receiver:
    """Answers with the statuses it is told, in order, then with 200; keeps what it was sent.
    Told to hold, it answers only once the event is set."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    holds: asyncio.Event | None = None

    async def take(self, request: Request) -> Response:
        self.got.append((dict(request.headers), await request.body()))
        if self.holds:
            await self.holds.wait()
        status = self.answers.pop(0) if self.answers else 200
        return Response(status_code=status, headers={"location": self.url})


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = Starlette(routes=[Route("/hook/{secret}", receiver.take, methods=["POST"])])
    async with serving(app) as url:
        receiver.url = f"{url}/hook/a-secret-path"
        yield receiver


@dataclass
class Mailbox:
    """Mails as they came over the wire; `refusals` are answered first, in order."""

    url: str = ""
    refusals: list[str] = field(default_factory=list)
    mails: list[EmailMessage] = field(default_factory=list)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.refusals:
            return self.refusals.pop(0)
        content = envelope.content
        assert isinstance(content, bytes)
        self.mails.append(message_from_bytes(content, _class=EmailMessage, policy=policy.default))
        return "250 kept"


@asynccontextmanager
async def mailbox() -> AsyncIterator[Mailbox]:
    made = Mailbox()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(made, loop=loop), "127.0.0.1", 0)
    async with server:
        made.url = f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield made
