"""Settings as they are read from the environment, by every program of ours in the same way."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from pydantic import SecretStr, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsError,
)

from nlu_shared.environment import is_given
from nlu_shared.kit.expected import NOUNS, expected_in

AS_JSON = 'a list as JSON is expected, as in ["first", "second"]'
_RULE = "Value error, "
"""What pydantic puts before the words of a rule of ours."""
Settings = TypeVar("Settings", bound="EnvironmentSettings")


class UnusableSettings(Exception):
    """What is wrong with the settings, a line for each, without a value."""


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


def from_environment(kind: type[Settings]) -> Settings:
    """The settings that the environment gives. Raises UnusableSettings."""
    try:
        return kind()
    except ValidationError as wrong:
        raise UnusableSettings("; ".join(_faults(kind, wrong))) from None
    except SettingsError as wrong:
        place = next((name for name in kind.model_fields if f'"{name}"' in str(wrong)), "a setting")
        raise UnusableSettings(f"{_variable(kind, place)}: {AS_JSON}") from None


def _faults(kind: type[EnvironmentSettings], wrong: ValidationError) -> Iterator[str]:
    faults = [one for one in wrong.errors(include_url=False, include_input=False) if one["loc"]]
    if missing := [one["loc"][0] for one in faults if one["type"] == "missing"]:
        names = ", ".join(_variable(kind, str(name)) for name in missing)
        yield f"set {names} (see .env.example)"
    schema = kind.model_json_schema(by_alias=False)
    for one in faults:
        if one["type"] == "missing":
            continue
        name = str(one["loc"][0])
        field = name.lower() if name.lower() in kind.model_fields else name
        words = expected_in(schema, [field, *one["loc"][1:]], schema)
        rule = one["msg"].removeprefix(_RULE)
        is_told = rule == one["msg"] and words and not words.startswith(NOUNS["string"])
        reason = f"{words} is expected" if is_told else rule
        yield f"{_variable(kind, name)}: {reason}"


def _variable(kind: type[EnvironmentSettings], name: str) -> str:
    """As the environment has it; a field with a name of its own there goes by that."""
    return name if name.isupper() else f"{kind.model_config.get('env_prefix', '')}{name}".upper()


class _Given(EnvSettingsSource):
    """Before a list or a number is read from a text that says nothing."""

    def _load_env_vars(self) -> Mapping[str, str | None]:
        variables = super()._load_env_vars()
        return {name: value for name, value in variables.items() if not _is_blank(value)}


def _is_blank(value: object) -> bool:
    text = value.get_secret_value() if isinstance(value, SecretStr) else value
    return isinstance(text, str) and not is_given(text)
