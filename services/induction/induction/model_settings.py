"""Which models induction is told of by its environment, and who answers under their names."""

import os
from collections.abc import Iterable
from typing import Self

from nlu_shared.environment import variable
from nlu_shared.kit.environment import EnvironmentSettings
from pydantic import AliasChoices, Field, SecretStr, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from induction.providers import (
    ANTHROPIC,
    OFFLINE,
    OPENAI,
    STANDS_IN,
    Api,
    Provider,
    ProviderName,
    Providers,
)


class ModelSettings(EnvironmentSettings):
    """Which models there are, and who answers."""

    model_config = SettingsConfigDict(env_prefix="INDUCTION_", extra="ignore")

    provider: ProviderName = Field(
        default=ANTHROPIC,
        description="the provider of models that name none: 'anthropic', 'openai', 'offline', which"
        " books no money, or one of INDUCTION_PROVIDERS",
    )
    providers: dict[ProviderName, Provider] = Field(
        default={},
        description="more providers by name, as a JSON object: each with its api"
        " ('chat-completions' or 'messages') and base_url; may have api_key, headers, identity,"
        " key_env, timeout_seconds, concurrency, context_window, effort, billed. Their models are"
        " named provider/model",
    )
    anthropic_api_key: SecretStr = Field(
        default=SecretStr("offline"),
        validation_alias=AliasChoices("ANTHROPIC_API_KEY", "anthropic_api_key"),
        description="the Claude key; unused by the offline model, which takes any",
    )
    anthropic_base_url: str | None = Field(
        default=None,
        validation_alias=AliasChoices("ANTHROPIC_BASE_URL", "anthropic_base_url"),
        description="another address for the Messages API; none with 'offline': in this process",
    )
    openai_api_key: SecretStr | None = Field(
        default=None,
        validation_alias=AliasChoices("OPENAI_API_KEY", "openai_api_key"),
        description="the key of the provider 'openai'",
    )
    openai_base_url: str | None = Field(
        default=None,
        validation_alias=AliasChoices("OPENAI_BASE_URL", "openai_base_url"),
        description="another address for the provider 'openai', up to /v1",
    )
    task_model: str = Field(default="claude-haiku-5-5", description="runs the prompt under test")
    proposer_model: str = Field(default="claude-sonnet-5-5", description="proposes changes")

    @model_validator(mode="after")
    def _has_its_provider(self) -> Self:
        if self.provider not in self.models_of.by_name:
            raise ValueError("INDUCTION_PROVIDER names none of the providers there are")
        return self

    @field_validator("providers")
    @classmethod
    def _with_their_keys(cls, providers: dict[str, Provider]) -> dict[str, Provider]:
        return {name: _with_key(name, one) for name, one in providers.items()}

    @property
    def models_of(self) -> Providers:
        """Every provider, those that need no description included."""
        is_offline = self.provider == OFFLINE
        known = {
            ANTHROPIC: Provider(
                api=Api.MESSAGES,
                api_key=self.anthropic_api_key,
                base_url=None if is_offline else self.anthropic_base_url,
            ),
            OPENAI: Provider(
                api=Api.CHAT_COMPLETIONS,
                api_key=self.openai_api_key,
                base_url=self.openai_base_url,
            ),
            OFFLINE: Provider(
                api=Api.OFFLINE,
                api_key=self.anthropic_api_key,
                base_url=self.anthropic_base_url if is_offline else None,
                billed=False,
            ),
        }
        return Providers({**known, **self.providers}, self.provider)

    def assumed(self, models: Iterable[str]) -> list[str]:
        """Says of models that somebody named that the one that ships answers instead. What the
        service's own names mean its operator knows."""
        own, providers = {self.task_model, self.proposer_model}, self.models_of
        named = dict.fromkeys(one for one in models if one not in own)
        return [STANDS_IN.format(one) for one in named if providers.stands_in(one)]


def _with_key(name: str, provider: Provider) -> Provider:
    """With the key that `key_env` names. Raises ValueError where that variable is not set."""
    if provider.key_env is None or provider.api_key is not None:
        return provider
    key = variable(provider.key_env, os.environ)
    if key is None:
        raise ValueError(f"{provider.key_env}, the key of {name}, is not set")
    return provider.model_copy(update={"api_key": SecretStr(key)})
