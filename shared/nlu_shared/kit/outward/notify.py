"""Three ways to tell somebody: Slack, e-mail, and a signed webhook. What is told is not known here.

Each sends once and raises NotDelivered; whether and when to try again is the caller's affair.
"""

import base64
import hashlib
import hmac
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import localtime
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import UUID

import aiosmtplib
import httpx2

from nlu_shared.kit.outward.outbound import UnsafeAddress, post
from nlu_shared.schemas.base import canonical

SMTP_SECONDS = 20.0
SMTP_REPLIES = range(200, 600)
"""Codes of a server's own; the library has others for what is no reply."""
SECRET_PREFIX = "whsec_"  # noqa: S105 - what a secret begins with


MOST_SLACK = 40_000
"""Characters of a message's text."""


class NotDelivered(Exception):
    """`reason` is a word or two and a status, never an address or an answer's text; `status` that
    of a web server. `is_refused`: somebody was reached, and would not have it."""

    def __init__(self, reason: str, *, status: int | None = None, is_refused: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.is_refused = is_refused or status is not None


@dataclass(frozen=True, slots=True)
class Message:
    """`id` is the same for each attempt, so that a receiver can know a repeated one. `body` is what
    a webhook is sent; a mail has `html`, where there is one, beside its text, and Slack
    `blocks`, which say it in Block Kit."""

    id: UUID
    subject: str
    text: str
    body: dict[str, Any]
    html: str | None = None
    blocks: Sequence[Mapping[str, Any]] = ()


async def slack(url: str, message: Message, *, private_hosts: Collection[str] = ()) -> None:
    """To an incoming webhook. Where Slack takes its blocks not, it is told the text alone."""
    text = _escaped(f"*{message.subject}*\n{message.text}")[:MOST_SLACK]
    in_words: dict[str, Any] = {"text": text}
    if message.blocks:
        try:
            both = canonical({**in_words, "blocks": message.blocks}).encode()
            await _post(url, both, {}, private_hosts)
        except NotDelivered as refused:
            if refused.status != HTTPStatus.BAD_REQUEST:
                raise
        else:
            return
    await _post(url, canonical(in_words).encode(), {}, private_hosts)


async def webhook(
    url: str, secret: str, message: Message, *, private_hosts: Collection[str] = ()
) -> None:
    """Signed as the Standard Webhooks specification says; `webhook-id` is the message's."""
    body = canonical(message.body).encode()
    stamp = str(int(time.time()))
    headers = {
        "webhook-id": str(message.id),
        "webhook-timestamp": stamp,
        "webhook-signature": signature(secret, str(message.id), stamp, body),
    }
    await _post(url, body, headers, private_hosts)


def signature(secret: str, message_id: str, timestamp: str, body: bytes) -> str:
    """`v1,` and the base64 HMAC-SHA256 of `id.timestamp.body` under the secret's own bytes."""
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    signed = b".".join([message_id.encode(), timestamp.encode(), body])
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


async def email(server: str, message: Message, *, sender: str, to: Sequence[str]) -> None:
    """By `server`, `smtp://user:password@host:port` or `smtps://…`.

    A password is sent over TLS only; without one TLS is used where the server offers it.
    """
    with _named():
        await aiosmtplib.send(mail(message, sender=sender, to=to), **_login(server))


async def unreached(server: str) -> str | None:
    """Why no mail would leave by it: it is greeted, and logged in to; None where one would."""
    try:
        with _named():
            async with aiosmtplib.SMTP(**_login(server)):
                return None
    except NotDelivered as reason:
        return str(reason)


def _login(server: str) -> dict[str, Any]:
    parts = urlsplit(server)
    secure = parts.scheme == "smtps"
    return {
        "hostname": parts.hostname,
        "port": parts.port,
        "username": unquote(parts.username) if parts.username else None,
        "password": unquote(parts.password) if parts.password else None,
        "use_tls": secure,
        "start_tls": True if parts.password and not secure else None,
        "timeout": SMTP_SECONDS,
    }


@contextmanager
def _named() -> Iterator[None]:
    """What the mail server does, as NotDelivered."""
    try:
        yield
    except aiosmtplib.SMTPResponseException as refused:
        is_answer = refused.code in SMTP_REPLIES
        raise NotDelivered(f"smtp {refused.code}", is_refused=is_answer) from None
    except aiosmtplib.SMTPRecipientsRefused:
        raise NotDelivered("smtp refused all recipients", is_refused=True) from None
    except (aiosmtplib.SMTPException, OSError):
        raise NotDelivered("smtp unreachable") from None


def mail(message: Message, *, sender: str, to: Sequence[str]) -> EmailMessage:
    """As it is sent: an id that stays the same for each attempt, text, and HTML if there is."""
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = sender, ", ".join(to), message.subject
    made["Date"] = localtime()
    made["Message-ID"] = f"<{message.id}@{sender.rpartition('@')[2]}>"
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(message.text)
    if message.html is not None:
        made.add_alternative(message.html, subtype="html")
    return made


async def _post(
    url: str, body: bytes, headers: dict[str, str], private_hosts: Collection[str]
) -> None:
    headers = {"content-type": "application/json", "user-agent": "nlu-notices", **headers}
    try:
        status = await post(url, body, headers=headers, private_hosts=private_hosts)
    except UnsafeAddress:
        raise NotDelivered("unsafe address") from None
    except TimeoutError:
        raise NotDelivered("timeout") from None
    except (httpx2.HTTPError, OSError):
        raise NotDelivered("unreachable") from None
    if not 200 <= status < 300:
        raise NotDelivered(f"status {status}", status=status)


def _escaped(text: str) -> str:
    """Slack reads `<…>` as links and mentions."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
