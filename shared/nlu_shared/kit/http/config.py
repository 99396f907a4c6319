"""Settings as they may be shown: every one, where it came from, and no secret."""

import re

from pydantic import AliasChoices, JsonValue

from nlu_shared.kit.environment import EnvironmentSettings
from nlu_shared.schemas.config import SettingView, Source

MASK = "**********"
"""What pydantic shows of a secret, too."""
_USER = re.compile(r"(?<=://)[^/?#\s]*(?=@)")


def shown(settings: EnvironmentSettings) -> list[SettingView]:
    """By the names of their variables. Secrets are masked by their type; in any other text, the
    user and password of a URL are."""
    values = settings.model_dump(mode="json")
    return sorted(
        (
            SettingView(
                name=variable(type(settings), name),
                value=_masked(values[name]),
                source=Source.ENVIRONMENT if name in settings.model_fields_set else Source.DEFAULT,
                description=field.description or "",
            )
            for name, field in type(settings).model_fields.items()
        ),
        key=lambda one: one.name,
    )


def variable(kind: type[EnvironmentSettings], name: str) -> str:
    """The name of a field in the environment."""
    alias = kind.model_fields[name].validation_alias
    if isinstance(alias, AliasChoices):
        return str(alias.choices[0])
    return f"{kind.model_config.get('env_prefix', '')}{name}".upper()


def _masked(value: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        return {name: _masked(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_masked(one) for one in value]
    return _USER.sub(MASK, value) if isinstance(value, str) else value
