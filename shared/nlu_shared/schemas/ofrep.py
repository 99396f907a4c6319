"""What serves, in the words of OpenFeature's remote evaluation protocol (OFREP 0.3)."""

from enum import StrEnum

from pydantic import ConfigDict, Field

from nlu_shared.schemas.base import Body, Label, Schema
from nlu_shared.schemas.registry import ActivePrompt


class OfrepContext(Body):
    """Who asks. Other attributes that a client sends are left unread."""

    model_config = ConfigDict(extra="ignore")

    targeting_key: Label | None = Field(
        default=None,
        alias="targetingKey",
        description="the unit, as `active?unit=` takes it; without it production serves",
    )


class OfrepIn(Body):
    """An evaluation as it is asked for."""

    model_config = ConfigDict(extra="ignore")

    context: OfrepContext = Field(default=OfrepContext(), description="who asks")


class OfrepReason(StrEnum):
    """Why a flag has its value: no experiment parts units, no unit was named, one decided."""

    STATIC = "STATIC"
    DEFAULT = "DEFAULT"
    SPLIT = "SPLIT"


class OfrepFlag(Schema):
    """A task's prompt as a flag; its key is the task's slug."""

    key: str = Field(description="slug of the task")
    value: ActivePrompt = Field(description="as GET /v1/prompts/{task}/active answers")
    variant: str = Field(description="production, or a or b of the experiment")
    reason: OfrepReason = Field(description="why this variant")
    metadata: dict[str, str | float] = Field(
        description="`version_id`, `version_hash`; in an experiment `experiment_id` and `share`"
    )


class OfrepFlags(Schema):
    """The prompts of all tasks in which something serves."""

    flags: list[OfrepFlag] = Field(description="by key")


class OfrepErrorCode(StrEnum):
    """OpenFeature's names of what went wrong."""

    FLAG_NOT_FOUND = "FLAG_NOT_FOUND"
    PARSE_ERROR = "PARSE_ERROR"
    INVALID_CONTEXT = "INVALID_CONTEXT"


class OfrepFailure(Schema):
    """An error as OFREP has it."""

    key: str | None = Field(default=None, description="slug of the task, where one was asked for")
    error_code: OfrepErrorCode = Field(alias="errorCode", description="OpenFeature's name of it")
    error_details: str = Field(alias="errorDetails", description="in words")
