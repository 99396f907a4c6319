"""What goes into the registry of prompts, and what serves."""

from typing import Any
from uuid import UUID

from pydantic import Field, model_validator

from nlu_shared.schemas.base import Body, Expectation, Note, SafeText, Schema, digest
from nlu_shared.schemas.endpoints import ModelEndpoint
from nlu_shared.schemas.ensembles import RenderedEnsemble
from nlu_shared.schemas.experiments import Assigned
from nlu_shared.schemas.prompts import BlockText, MadeOn, PromptContent, TaskKind
from nlu_shared.schemas.rendered import ModuleConstants, RenderedPrompt

EXPORTED = frozenset({"content", "rendered", "version_hash", "sha256"})
"""The fields by which an export in JSON is known."""


class PromptImport(Body):
    """A baseline from outside: blocks and examples, or a plain text that becomes one block.

    Where neither is given, the task writes its plain instructions-only prompt. In place of all of
    it an export in JSON may come, as it was written.
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
    promote: bool = Field(
        default=False,
        description="let it serve in production at once, or where the task asks for approvals"
        " propose it",
    )

    @model_validator(mode="before")
    @classmethod
    def _exported(cls, body: Any) -> Any:
        """What an export says beside the prompt is of the service that wrote it."""
        if not isinstance(body, dict) or not body.keys() >= EXPORTED:
            return body
        document = {name: value for name, value in body.items() if name != "sha256"}
        if digest(document) != body["sha256"]:
            raise Expectation("an export as it was written, or the content of one alone")
        return {"content": body["content"], "constants": body.get("constants")}


class ActivePrompt(Schema):
    """What to run now: the version and the exact request to send with a text."""

    task: str = Field(description="whose prompt it is")
    version_id: UUID = Field(description="the version that serves")
    version_hash: str = Field(description="SHA-256 of all the model is told")
    content: PromptContent | None = Field(
        description="blocks and examples; null: it is an ensemble"
    )
    kind: TaskKind = Field(description="what its answers are")
    labels: tuple[str, ...] = Field(default=(), description="of an intent: what it may answer")
    spellings: dict[str, str] = Field(
        default={}, description="of an intent: other spellings, and the label each is read as"
    )
    rendered: RenderedPrompt | None = Field(
        description="what a request says of it, to the letter; null: it is an ensemble"
    )
    ensemble: RenderedEnsemble | None = Field(
        default=None,
        exclude_if=lambda ensemble: ensemble is None,
        description="the versions that are all asked, and vote; left out: it is a prompt",
    )
    model: str | None = Field(
        default=None,
        description="the task's own where it was measured with that, or with none; else the one it"
        " was made for, else the one it was last measured with",
    )
    endpoint: ModelEndpoint | None = Field(
        default=None,
        exclude_if=lambda endpoint: endpoint is None,
        description="how that model was asked; left out: as a model of Anthropic's of this name, by"
        " the Messages API at their address",
    )
    made_on: MadeOn | None = Field(
        default=None,
        description="what answered in the run that made it or its origin; null: from outside",
    )
    assigned: Assigned | None = Field(
        default=None, description="why this one, where a unit was named; null: none was"
    )
