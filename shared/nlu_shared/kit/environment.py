"""Settings as they are read from the environment, by every program of ours in the same way."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar, get_origin

from pydantic import SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsError,
)

from nlu_shared.environment import is_set
from nlu_shared.kit.expected import NOUNS, expected_in

AS_LIST = (
    'a list is expected: one value, several parted by commas, or JSON, as in ["first", "second"]'
)
AS_OBJECT = 'an object as JSON is expected, as in {"name": "value"}'
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
        return init_settings, _SetVariables(settings_cls)

    @model_validator(mode="before")
    @classmethod
    def _given_only(cls, values: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in values.items() if not _is_blank(value)}


def from_environment(kind: type[Settings]) -> Settings:
    """The settings that the environment gives. Raises UnusableSettings."""
    try:
        return kind()
    except ValidationError as wrong:
        faults = [*_missing(kind, wrong), *_faults(kind, wrong)]
        raise UnusableSettings("; ".join(faults)) from None
    except SettingsError as wrong:
        raise UnusableSettings(_unread(kind, wrong)) from None


def require_readable(kind: type[EnvironmentSettings]) -> None:
    """Raises UnusableSettings for what the environment gives and nobody can read; what it lacks is
    another's to add."""
    try:
        kind()
    except ValidationError as wrong:
        if faults := list(_faults(kind, wrong)):
            raise UnusableSettings("; ".join(faults)) from None
    except SettingsError as wrong:
        raise UnusableSettings(_unread(kind, wrong)) from None


def _unread(kind: type[EnvironmentSettings], wrong: SettingsError) -> str:
    fields = kind.model_fields
    place = next((name for name in fields if f'"{name}"' in str(wrong)), None)
    is_list = place is None or get_origin(fields[place].annotation) is list
    name = "a setting" if place is None else _variable(kind, place)
    return f"{name}: {AS_LIST if is_list else AS_OBJECT}"


def _missing(kind: type[EnvironmentSettings], wrong: ValidationError) -> Iterator[str]:
    errors = wrong.errors(include_url=False, include_input=False)
    missing = [one["loc"][0] for one in errors if one["loc"] and one["type"] == "missing"]
    if missing:
        names = ", ".join(_variable(kind, str(name)) for name in missing)
        yield f"set {names} (see .env.example)"


def _faults(kind: type[EnvironmentSettings], wrong: ValidationError) -> Iterator[str]:
    faults = [one for one in wrong.errors(include_url=False, include_input=False) if one["loc"]]
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


class _SetVariables(EnvSettingsSource):
    """Before a list or a number is read from a text that says nothing."""

    def _load_env_vars(self) -> Mapping[str, str | None]:
        variables = super()._load_env_vars()
        return {name: value for name, value in variables.items() if not _is_blank(value)}

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        """A list that is no JSON is its items, parted by commas: one alone is that one."""
        is_plain = isinstance(value, str) and not value.lstrip().startswith("[")
        if is_plain and get_origin(field.annotation) is list:
            return [part.strip() for part in value.split(",") if part.strip()]
        return super().decode_complex_value(field_name, field, value)


def _is_blank(value: object) -> bool:
    text = value.get_secret_value() if isinstance(value, SecretStr) else value
    return isinstance(text, str) and not is_set(text)
