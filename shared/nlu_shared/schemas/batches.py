"""Whether large evaluations are Message Batches."""

from pydantic import Field

from nlu_shared.schemas.base import Schema


class ChosenBatches(Schema):
    """As a run says; what it leaves out is as its task says."""

    batches: bool | None = Field(
        default=None,
        description="ask large evaluations as Message Batches? They cost half, and their answers"
        " can take up to 24 hours each time; null: as the task says",
    )
