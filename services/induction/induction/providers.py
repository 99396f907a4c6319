"""Who can be asked: providers by name, and the models that are theirs. Pure.

A model is named `provider/model`. The part before the first slash counts only where it is the name
of a provider; a name without one is a model of the default provider, whose own names may hold
slashes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated
from urllib.parse import urlsplit

from nlu_shared.schemas import endpoints
from nlu_shared.schemas.base import Schema
from nlu_shared.schemas.endpoints import (
    TIMEOUT_SECONDS,
    WHOLE,
    ApiForm,
    HeaderName,
    ModelEndpoint,
)
from pydantic import Field, SecretStr, StringConstraints

ANTHROPIC, OPENAI, OFFLINE = endpoints.ANTHROPIC, endpoints.OPENAI, endpoints.OFFLINE
"""The last is the provider of the model that ships, and all that its answers are filed under:
wherever it listens it answers the same."""
STANDS_IN = (
    "{} is answered by the offline model, a small learner and no language model: the name has no"
    " provider, and the default one is offline. Write it as provider/model, or set"
    " INDUCTION_PROVIDER."
)
ProviderName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]


class Api(StrEnum):
    """How an operator describes the form in which a provider is asked."""

    MESSAGES = "messages"
    CHAT_COMPLETIONS = "chat-completions"
    OFFLINE = "offline"


class Provider(Schema):
    """One provider, as an operator describes it."""

    api: Api = Field(description="the form of its requests")
    base_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s?#]+$",
        description="its address, up to the path of the form, without a query; none: the SDK's own",
    )
    api_key: SecretStr | None = Field(default=None, description="none: it asks for no key")
    key_env: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z_][A-Za-z0-9_]*$",
        description="the variable of the environment that holds its key instead",
    )
    headers: dict[HeaderName, SecretStr] = Field(default={}, description="sent with every request")
    identity: str | None = Field(
        default=None,
        min_length=1,
        max_length=100,
        description="what its answers are filed under in place of its address: a server that moves"
        " keeps its answers",
    )
    timeout_seconds: float = Field(
        default=TIMEOUT_SECONDS, gt=0, le=3_600, description="for one answer, from when it is sent"
    )
    concurrency: int | None = Field(
        default=None,
        ge=1,
        description="calls on their way at once, of all runs of one worker; none: as many as it"
        " tells, else INDUCTION_CONCURRENCY",
    )
    context_window: int | None = Field(
        default=None, ge=256, description="tokens of prompt and answer; none: asked, if it tells"
    )
    effort: str | None = Field(
        default=None,
        pattern=r"^[a-z]{1,16}$",
        description="how hard a model that thinks is to think, as it calls it: low, medium, …",
    )
    billed: bool = Field(
        default=True, description="false for one's own server: its models need no price"
    )

    @property
    def takes_batches(self) -> bool:
        """Whether the form of its requests has Message Batches."""
        return self.api is not Api.CHAT_COMPLETIONS

    @property
    def has_address(self) -> bool:
        """Whether whoever asks its models has to know where; the offline one is where one runs."""
        return self.base_url is not None and not self.is_offline

    @property
    def header_names(self) -> tuple[str, ...]:
        """What they say is told to nobody."""
        return tuple(sorted(self.headers))

    @property
    def is_offline(self) -> bool:
        return self.api is Api.OFFLINE

    @property
    def form(self) -> ApiForm:
        """Of its requests."""
        is_chat = self.api is Api.CHAT_COMPLETIONS
        return ApiForm.CHAT_COMPLETIONS if is_chat else ApiForm.MESSAGES


@dataclass(frozen=True, slots=True)
class Providers:
    """All there are. `default` is the one of models that name none."""

    by_name: Mapping[str, Provider]
    default: str

    def of(self, model: str) -> tuple[str, str]:
        """The provider's name, and the model as that provider calls it."""
        name, slash, rest = model.partition("/")
        return (name, rest) if slash and rest and name in self.by_name else (self.default, model)

    def is_foreign(self, model: str) -> bool:
        """Whether it names a provider that is not there. Names of models hold slashes elsewhere;
        the model that ships has no such name."""
        name, slash, rest = model.partition("/")
        is_other = bool(slash and rest) and name not in self.by_name
        return is_other and self.by_name[self.default].is_offline

    def stands_in(self, model: str) -> bool:
        """Whether the model that ships answers under a name that does not say so: one without a
        provider, where it is the default."""
        name, _ = self.of(model)
        return self.by_name[name].is_offline and model.partition("/")[0] != name

    def provider(self, model: str) -> Provider:
        return self.by_name[self.of(model)[0]]

    def is_billed(self, model: str) -> bool:
        """Whether its calls cost money."""
        provider = self.provider(model)
        return provider.billed and not provider.is_offline

    def endpoint(self, model: str) -> ModelEndpoint | None:
        """How a model is asked, before its server was. None where it is no name that the default
        provider can have: a vendor's own models have no slash in theirs."""
        name, bare = self.of(model)
        provider = self.by_name[name]
        is_bare = bare == model and "/" in model
        if self.is_foreign(model) or (is_bare and provider.base_url is None):
            return None
        return ModelEndpoint(
            provider=name,
            api=provider.form,
            model=bare,
            dialect=WHOLE[provider.form].model_copy(update={"effort": provider.effort}),
            has_address=provider.has_address,
            timeout_seconds=provider.timeout_seconds,
            headers=provider.header_names,
        )

    def full_name(self, model: str) -> str:
        """With its provider's."""
        return "/".join(self.of(model))

    def short_name(self, model: str) -> str:
        """Without the provider's, where that is the default one."""
        name, bare = self.of(model)
        return bare if name == self.default else self.full_name(model)

    def identity(self, model: str) -> str:
        """What the answers of a model are filed under, before its server has said what it is."""
        name, _ = self.of(model)
        provider = self.by_name[name]
        if provider.is_offline:
            return OFFLINE
        if provider.identity is not None:
            return provider.identity
        return name if provider.base_url is None else f"{name} at {address(provider.base_url)}"


def address(url: str) -> str:
    """Without what may be secret in it."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname}{port}{parts.path.rstrip('/')}"
