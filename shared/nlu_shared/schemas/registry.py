"""What goes into the registry of prompts, and what serves."""

from uuid import UUID

from pydantic import Field

from nlu_shared.schemas.base import Body, Note, SafeText, Schema
from nlu_shared.schemas.prompts import BlockText, MadeOn, PromptContent, TaskKind
from nlu_shared.schemas.rendered import ModuleConstants, RenderedPrompt


class PromptImport(Body):
    """A baseline from outside: blocks and examples, or a plain text that becomes one block.

    Where neither is given, the task writes its plain instructions-only prompt.
    """

    content: PromptContent | None = Field(default=None, description="blocks and examples")
    text: BlockText | None = Field(default=None, description="a plain text that becomes one block")
    module: SafeText | None = Field(
        default=None,
        description="the text of a prompts.py of any length; read, never executed",
    )
    constants: ModuleConstants | None = Field(
        default=None, description="with `content`: the names its export is to have again"
    )
    notes: Note | None = Field(default=None, description="kept with the version")
    promote: bool = Field(default=False, description="let it serve at once")


class ActivePrompt(Schema):
    """What to run now: the version and the exact request to send with a text."""

    task: str = Field(description="whose prompt it is")
    version_id: UUID = Field(description="the version that serves")
    version_hash: str = Field(description="SHA-256 of all the model is told")
    content: PromptContent = Field(description="blocks and examples")
    kind: TaskKind = Field(description="what its answers are")
    labels: tuple[str, ...] = Field(default=(), description="of an intent: what it may answer")
    spellings: dict[str, str] = Field(
        default={}, description="of an intent: other spellings, and the label each is read as"
    )
    rendered: RenderedPrompt = Field(description="what a request says of it, to the letter")
    model: str | None = Field(
        default=None, description="that it was last measured with; null: the task's, if it has one"
    )
    made_on: MadeOn | None = Field(
        default=None, description="what answered in the run that made it; null: imported"
    )
