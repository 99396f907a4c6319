"""What a search aims at: the whole score or one component of it, and what may not fall."""

from typing import Annotated, Any

from pydantic import Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from nlu_shared.schemas.base import Body, Expectation, Fraction, Label


def _as_one(value: Any, read: ValidatorFunctionWrapHandler) -> Any:
    """Where a table is wrong, the place of the error would name a key, which is a caller's text."""
    try:
        return read(value)
    except ValidationError:
        raise Expectation("a table of tolerances from 0 to 1 by component") from None


Guards = Annotated[dict[Label, Fraction], Field(max_length=50), WrapValidator(_as_one)]


class Objective(Body):
    """What runs of a task that do not say raise and guard. The score itself is the kind's: macro-F1
    of an intent, micro-F1 of an extraction."""

    focus: Label | None = Field(
        default=None, description="the component to raise; null: the score of all of them"
    )
    guards: Guards = Field(
        default={}, description="by how much a component's F1 on validation may fall, at most"
    )
