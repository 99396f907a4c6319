"""Where notices go, and how far one got. Addresses and secrets go in, never out."""

import re
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, StringConstraints

from nlu_shared.schemas.base import Expectation, Schema

_WEBHOOK_SECRET = re.compile(r"whsec_[A-Za-z0-9+/]{32,86}={0,2}")


class DeliveryStatus(StrEnum):
    """How far a notice got."""

    WAITING = "waiting"
    SENT = "sent"
    GIVEN_UP = "given_up"


def _signing(secret: SecretStr) -> SecretStr:
    if not _WEBHOOK_SECRET.fullmatch(secret.get_secret_value()):
        raise Expectation("whsec_ and base64 of 24 to 64 bytes")
    return secret


Url = Annotated[SecretStr, Field(min_length=1, max_length=2_000)]
_WORD = r"[A-Za-z0-9_%+'-]+"
_HOST = r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"
Address = Annotated[
    str,
    StringConstraints(
        pattern=rf"^{_WORD}(\.{_WORD})*@{_HOST}(\.{_HOST})*$",
        max_length=254,
    ),
]
"""The addresses people have; not all that RFC 5322 allows, lest a mail's header misread one."""


class SlackChannel(Schema):
    """An incoming webhook of Slack, or of what understands the same."""

    kind: Literal["slack"] = Field(description="Slack, or what understands its incoming webhooks")
    url: Url = Field(description="of the incoming webhook; never shown again")


class EmailChannel(Schema):
    """Mail to people, where a mail server is set."""

    kind: Literal["email"] = Field(description="mail, where a mail server is set")
    to: Annotated[
        list[Address], Field(min_length=1, max_length=20, description="who gets each notice")
    ]


class WebhookChannel(Schema):
    """Any receiver. Posts are signed as standardwebhooks.com says; `secret` is `whsec_…`."""

    kind: Literal["webhook"] = Field(description="any HTTP receiver")
    url: Url = Field(description="where notices are posted; never shown again")
    secret: Annotated[SecretStr, AfterValidator(_signing)] = Field(
        description="whsec_ and base64 of 24 to 64 bytes; signs each post, never shown again"
    )


Channel = Annotated[SlackChannel | EmailChannel | WebhookChannel, Field(discriminator="kind")]


class ChannelView(Schema):
    """Where notices go; of a webhook only the host is shown."""

    kind: Literal["slack", "email", "webhook"] = Field(description="how notices travel")
    to: str = Field(description="the addresses, or the host of the webhook")
