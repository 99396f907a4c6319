"""Channels of every kind behind one door: is one fit to be kept, what is shown of it, and sending.

Not here: who is told what, and when a notice is tried again for the last time.
"""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from nlu_shared.backoff import backoff
from nlu_shared.kit.errors import Invalid
from nlu_shared.kit.outward import notify
from nlu_shared.kit.outward.outbound import UnsafeAddress, check_url
from nlu_shared.kit.settings import ServiceSettings, secret
from nlu_shared.kit.whole_files import whole_file
from nlu_shared.schemas.channels import Channel, ChannelView, EmailChannel

FIRST_RETRY = timedelta(seconds=10)
LONGEST_RETRY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Outward:
    """What it takes to send: a mail server, or a folder where mails are laid down instead; and the
    hosts of our own network that may be called."""

    server: str | None
    sender: str
    folder: Path | None
    private_hosts: Collection[str]

    @property
    def has_mail(self) -> bool:
        return self.server is not None or self.folder is not None


def outward(settings: ServiceSettings, *, sender: str, private_hosts: Collection[str]) -> Outward:
    return Outward(secret(settings.smtp_url), sender, settings.mail_dir, private_hosts)


def check(channel: Channel, by: Outward) -> None:
    """Raises Invalid for a channel that notices could not or must not be sent to."""
    if isinstance(channel, EmailChannel):
        if not by.has_mail:
            raise Invalid("No mail server is set.", code="no_mail_server")
        return
    try:
        check_url(channel.url.get_secret_value(), private_hosts=by.private_hosts)
    except UnsafeAddress as unsafe:
        raise Invalid(str(unsafe), code="unsafe_address") from None


def shown(channel: Channel) -> ChannelView:
    """Addresses of people as they are; of a webhook no more than its host: the rest is a secret."""
    if isinstance(channel, EmailChannel):
        return ChannelView(kind=channel.kind, to=", ".join(channel.to))
    parts = urlsplit(channel.url.get_secret_value())
    return ChannelView(kind=channel.kind, to=f"{parts.scheme}://{parts.hostname}/…")


def revealed(channel: Channel) -> dict[str, Any]:
    """As it is stored: the one place that writes an address down."""
    return {
        name: value.get_secret_value() if isinstance(value, SecretStr) else value
        for name, value in channel
    }


async def send(channel: Mapping[str, Any], message: notify.Message, by: Outward) -> None:
    """Once, to a channel as `revealed` gave it. Raises NotDelivered."""
    match channel["kind"]:
        case "slack":
            await notify.slack(channel["url"], message, private_hosts=by.private_hosts)
        case "webhook":
            url, key = channel["url"], channel["secret"]
            await notify.webhook(url, key, message, private_hosts=by.private_hosts)
        case _:
            await _mail(channel["to"], message, by)


def retry_after(attempts: int, *, most: int) -> timedelta | None:
    """The wait after the `attempts`-th try of at most `most` failed; None: give up."""
    if attempts >= most:
        return None
    first, longest = FIRST_RETRY.total_seconds(), LONGEST_RETRY.total_seconds()
    return timedelta(seconds=backoff(attempts, first=first, longest=longest, factor=4))


async def _mail(to: list[str], message: notify.Message, by: Outward) -> None:
    if by.server is not None:
        await notify.email(by.server, message, sender=by.sender, to=to)
    elif by.folder is not None:
        mail = notify.mail(message, sender=by.sender, to=to)
        try:
            await asyncio.to_thread(_lay_down, by.folder / f"{message.id}.eml", bytes(mail))
        except OSError:
            raise notify.NotDelivered("folder not writable") from None
    else:
        raise notify.NotDelivered("no mail server")


def _lay_down(path: Path, mail: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as file:
        file.write(mail)
