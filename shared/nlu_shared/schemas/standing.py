"""How a run stands, as its stream tells it between events: never stored, and without an id."""

from typing import Annotated, Literal

from pydantic import Field

from nlu_shared.schemas.base import Schema
from nlu_shared.schemas.event_fields import TYPE


class CancelRequested(Schema):
    """An operator has cancelled the run, which is on its way to its end."""

    type: Annotated[Literal["cancel_requested"], TYPE] = "cancel_requested"


class RunWaits(Schema):
    """The run stands still for now."""

    type: Annotated[Literal["run_waits"], TYPE] = "run_waits"
    status: str = Field(
        description="of the run: waiting, running, paused, parked or awaiting_approval"
    )
    reason: str = Field(description="what it waits for, in words")
