"""The settings a process runs with, as operators see them."""

from enum import StrEnum

from pydantic import Field, JsonValue

from nlu_shared.schemas.base import Schema


class Source(StrEnum):
    """Where a setting came from."""

    ENVIRONMENT = "environment"
    DEFAULT = "default"


class SettingView(Schema):
    """One setting. What is secret in it is masked."""

    name: str = Field(description="the variable that sets it")
    value: JsonValue = Field(description="what holds in the process that answers")
    source: Source = Field(description="where it came from")
    description: str = Field(description="what it is, with its unit")
