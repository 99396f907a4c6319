"""A version of a prompt as one JSON document."""

from uuid import UUID

from pydantic import Field

from nlu_shared.schemas.base import Schema
from nlu_shared.schemas.endpoints import ModelEndpoint
from nlu_shared.schemas.prompts import MadeOn, PromptContent, TaskKind
from nlu_shared.schemas.rendered import ModuleConstants, RenderedPrompt


class PromptExport(Schema):
    """A version as data: what it says, the request it makes, and what it was made with. As it was
    written it can be brought in again."""

    task: str = Field(description="whose prompt it is")
    version_id: UUID = Field(description="the version")
    version_hash: str = Field(description="SHA-256, hex, of all that the prompt tells")
    rendered_hash: str = Field(description="SHA-256, hex, of all of `rendered`")
    kind: TaskKind = Field(description="what its answers are")
    labels: list[str] = Field(description="of an intent: what it may answer")
    spellings: dict[str, str] = Field(
        description="of an intent: other spellings, and the label each is read as"
    )
    constants: ModuleConstants | None = Field(
        default=None,
        exclude_if=lambda constants: constants is None,
        description="the constants of the module it came from; left out: none",
    )
    content: PromptContent = Field(description="blocks and examples")
    rendered: RenderedPrompt = Field(description="what a request says of it, to the letter")
    validation_f1: float | None = Field(
        description="on validation, by the run that made it, 0 to 1; null: not measured"
    )
    train_f1: float | None = Field(description="the same on train")
    dataset_hash: str | None = Field(
        description="SHA-256, hex, of the data set of these scores; null: there are none"
    )
    model: str | None = Field(description="that it was made or last measured with")
    endpoint: ModelEndpoint | None = Field(
        description="how that model is asked, as it was measured; null: it is not known here"
    )
    made_on: MadeOn | None = Field(
        description="what answered in the run that made it; null: imported"
    )
    caution: str | None = Field(
        description="what to know before it serves; null: a language model answered, or none did"
    )
    sha256: str = Field(description="hex, over the canonical JSON of all the rest")
