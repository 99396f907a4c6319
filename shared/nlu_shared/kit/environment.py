"""Settings as they are read from the environment, by every program of ours in the same way."""

from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr, model_validator
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource

from nlu_shared.environment import is_given


class EnvironmentSettings(BaseSettings):
    """Settings of ours, wherever they are read: what is empty or blank is not set."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, _Given(settings_cls)

    @model_validator(mode="before")
    @classmethod
    def _given_only(cls, values: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in values.items() if not _is_blank(value)}


class _Given(EnvSettingsSource):
    """Before a list or a number is read from a text that says nothing."""

    def _load_env_vars(self) -> Mapping[str, str | None]:
        variables = super()._load_env_vars()
        return {name: value for name, value in variables.items() if not _is_blank(value)}


def _is_blank(value: object) -> bool:
    text = value.get_secret_value() if isinstance(value, SecretStr) else value
    return isinstance(text, str) and not is_given(text)
