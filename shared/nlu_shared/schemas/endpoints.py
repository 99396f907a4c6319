"""How a model is asked: of which provider, in which form, and with what of a request."""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from nlu_shared.schemas.base import Schema

ANTHROPIC, OPENAI, OFFLINE = "anthropic", "openai", "offline"
"""The providers that need no description; the last is the model that ships."""
NEWER_LENGTH: Final = "max_completion_tokens"
TIMEOUT_SECONDS: Final = 120.0
"""For one answer, where an operator says nothing else."""
HeaderName = Annotated[str, StringConstraints(pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")]
"""A token of RFC 9110, 5.6.2."""


class ApiForm(StrEnum):
    """The forms of a request."""

    MESSAGES = "messages"
    CHAT_COMPLETIONS = "chat-completions"


class Dialect(Schema):
    """What of a request a server takes; what it does not take is not sent."""

    takes_schema: bool = Field(default=True, description="a JSON Schema of the answer")
    takes_temperature: bool = Field(
        default=False,
        description="a temperature, which then is 0: equal requests mostly get equal answers",
    )
    # The older name goes first: who knows only the newer one refuses it, but who knows only the
    # older one may take the newer and have no limit (Ollama, its issue 7125).
    length_field: Literal["max_tokens", "max_completion_tokens"] = Field(
        default="max_tokens", description="what it calls the most tokens of an answer"
    )
    effort: Annotated[str, StringConstraints(pattern=r"^[a-z]{1,16}$")] | None = Field(
        default=None,
        description="how hard a model that thinks is to think, as it calls it; null: not sent",
    )


WHOLE: Mapping[ApiForm, Dialect] = {
    ApiForm.MESSAGES: Dialect(),
    ApiForm.CHAT_COMPLETIONS: Dialect(takes_temperature=True),
}
"""What a server of a form mostly takes. The Messages API has no temperature any more."""


def provider_of(identity: str) -> str:
    """The provider's name in what answers are filed under, or the word of an operator's own name
    for a server that stands first."""
    return re.split("[ :]", identity, maxsplit=1)[0]


class ModelEndpoint(Schema):
    """How a model is asked. At which address and with which key is its caller's own affair."""

    provider: str = Field(description="the provider's name")
    api: ApiForm = Field(description="the form of its requests")
    model: str = Field(description="as the provider calls it")
    dialect: Dialect = Field(default=Dialect(), description="what of a request it takes")
    has_address: bool = Field(
        default=False,
        description="its provider was given an address of its own: whoever asks it needs it too",
    )
    timeout_seconds: float = Field(
        default=TIMEOUT_SECONDS, gt=0, description="for one answer, from when it is sent"
    )
    headers: tuple[HeaderName, ...] = Field(
        default=(),
        description="names of those that were sent with every request beside the form's own; what"
        " they say may be secret, and its caller's own affair",
    )

    @classmethod
    def plain(cls, model: str) -> "ModelEndpoint":
        """Of a model of Anthropic's, at their address, in the whole of the Messages form."""
        return cls(provider=ANTHROPIC, api=ApiForm.MESSAGES, model=model)
