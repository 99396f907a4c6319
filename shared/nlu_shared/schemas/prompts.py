"""A prompt as a document of named blocks and examples, and a version of it in the registry."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, JsonValue, StringConstraints

from nlu_shared.schemas.base import (
    Label,
    Moment,
    Note,
    SafeJson,
    SafeText,
    Schema,
    Slug,
    canonical,
    digest,
)
from nlu_shared.schemas.ground_truth import Context, said

BlockName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
BlockText = Annotated[SafeText, StringConstraints(max_length=65_536)]


def _tokens(characters: int) -> int:
    return -(-characters // 4)


class Block(Schema):
    """A named part of the instructions. A protected block cannot be edited by a proposal."""

    name: BlockName
    text: BlockText
    protected: bool = False

    @property
    def tokens(self) -> int:
        """See `PromptContent.tokens`."""
        return _tokens(len(self.text))


class Example(Schema):
    """A worked case inside the prompt, with what of its context is shown; `case_id` says which
    ground-truth case it quotes."""

    text: BlockText
    output: SafeJson
    case_id: UUID | None = None
    context: Context | None = Field(default=None, exclude_if=lambda context: context is None)

    @property
    def said(self) -> str:
        return said(self.text, self.context)

    @property
    def known(self) -> JsonValue:
        return None if self.context is None else self.context.known

    @property
    def wording(self) -> dict[str, JsonValue]:
        """All a model reads of it: every field but where it came from."""
        return self.model_dump(mode="json", exclude={"case_id"})

    @property
    def row(self) -> list[JsonValue]:
        """The same as files hold it: text and output, then the fields of the rest that it has."""
        rest = self.model_dump(
            mode="json", exclude={"text", "output", "case_id"}, exclude_defaults=True
        )
        return [self.text, self.output, *([rest] if rest else [])]

    @property
    def content_key(self) -> str:
        """Equal for examples that read the same."""
        return canonical(self.wording)

    @property
    def tokens(self) -> int:
        """See `PromptContent.tokens`."""
        return _tokens(self.characters)

    @property
    def characters(self) -> int:
        """Of all a model reads of it."""
        known = 0 if self.known is None else len(str(self.known))
        return len(self.said) + len(str(self.output)) + known


class PromptContent(Schema):
    """What a model is told before it sees the text: instruction blocks, then examples."""

    instructions: Annotated[tuple[Block, ...], Field(min_length=1, max_length=100)]
    examples: Annotated[tuple[Example, ...], Field(max_length=2_000)] = ()

    def block(self, name: str) -> Block | None:
        return next((block for block in self.instructions if block.name == name), None)

    @property
    def instruction_text(self) -> str:
        """The instructions as a model reads them."""
        return "\n\n".join(block.text for block in self.instructions)

    @property
    def version_hash(self) -> str:
        """Hex SHA-256 of all the model is told; where an example came from is not part of it."""
        rest = self.model_dump(mode="json", exclude={"examples"})
        return digest({**rest, "examples": [example.wording for example in self.examples]})

    @property
    def tokens(self) -> int:
        """A count of tokens good enough for limits and ties: a quarter of the characters."""
        return _tokens(self._instruction_characters + self._example_characters)

    @property
    def instruction_tokens(self) -> int:
        """Of the instructions alone."""
        return _tokens(self._instruction_characters)

    @property
    def example_tokens(self) -> int:
        """Of the examples alone."""
        return _tokens(self._example_characters)

    @property
    def _instruction_characters(self) -> int:
        return sum(len(block.text) for block in self.instructions)

    @property
    def _example_characters(self) -> int:
        return sum(example.characters for example in self.examples)


class Strategy(StrEnum):
    EXAMPLES = "A"
    INSTRUCTIONS = "B"
    BOTH = "C"


class Op(StrEnum):
    ADD_BLOCK = "add_block"
    REPLACE_BLOCK = "replace_block"
    APPEND_TO_BLOCK = "append_to_block"
    REMOVE_BLOCK = "remove_block"
    ADD_EXAMPLE = "add_example"
    REMOVE_EXAMPLE = "remove_example"


class Edit(Schema):
    """One edit. Blocks go by `block` and `text`; examples are added by the `case` they quote
    (or by `text` and `output`) and removed by `example`, their index from 0."""

    op: Op
    block: BlockName | None = None
    text: BlockText | None = None
    case: UUID | None = None
    output: SafeJson = None
    example: int | None = None


MOST_EDITS = 500
"""Of one change. A proposer is held to fewer; the opening change may show hundreds of cases."""


class Change(Schema):
    """One targeted change to a prompt, as proposed by a model."""

    strategy: Strategy
    rationale: Note
    edits: Annotated[tuple[Edit, ...], Field(min_length=1, max_length=MOST_EDITS)]


class SplitScore(Schema):
    """How a version did on one part of one snapshot. `components` are F1 scores, 0 to 1."""

    split: str
    run_id: UUID
    objective: float
    components: dict[str, float]
    cases: int
    dataset_hash: str
    model: str
    scorer: str


class Aim(Schema):
    """What a change means to correct: a pattern by its kind, truth and prediction."""

    kind: str
    truth: str | None = None
    predicted: str | None = None


class PromptSource(StrEnum):
    IMPORT = "import"
    RUN = "run"


class PromptVersion(Schema):
    id: UUID
    task: str
    version_hash: str
    content: PromptContent
    parent_id: UUID | None
    run_id: UUID | None
    source: PromptSource
    is_production: bool
    validation_f1: float | None
    train_f1: float | None
    scores: list[SplitScore]
    notes: str | None
    created_at: Moment


class Ancestor(Schema):
    """A version in its task's lineage. An imported one has no parent, run or change."""

    id: UUID
    version_hash: str
    parent_id: UUID | None
    source: PromptSource
    run_id: UUID | None
    iteration: int | None = Field(description="of the run that proposed it")
    change: Change | None = Field(description="what made it out of its parent")
    validation_f1: float | None
    scorer: str | None = Field(description="what measured it; two scorers make no one line")
    is_production: bool
    created_at: Moment


class FailedIdea(Schema):
    """A change that runs refused after asking a model about it, told without its rationale."""

    version_id: UUID = Field(description="the version the change made")
    run_id: UUID = Field(description="the newest run that refused it")
    strategy: Strategy
    edits: tuple[Edit, ...]
    aims: list[Aim]
    stage: str
    reason: str
    runs: int
    fixed: int = Field(description="cases, over all these runs")
    broke: int
    is_settled: bool = Field(description="later runs do not try it again on the same prompt")
    at: Moment


class PromptImport(Schema):
    """A baseline from outside: blocks and examples, or a plain text that becomes one block.

    Where neither is given, the task writes its plain instructions-only prompt.
    """

    content: PromptContent | None = None
    text: BlockText | None = None
    module: SafeText | None = Field(
        default=None,
        description="the text of a prompts.py of any length; read, never executed",
    )
    notes: Note | None = None
    promote: bool = False


class ActivePrompt(Schema):
    """What to run now: the version and the exact request to send with a text."""

    task: str
    version_id: UUID
    version_hash: str
    content: PromptContent


class LabelSpec(Schema):
    name: Label
    description: Note = ""


class TaskKind(StrEnum):
    INTENT = "intent"
    EXTRACTION = "extraction"


class TaskIn(Schema):
    """What can be optimised. Models are named per role; None takes the service's default."""

    slug: Slug
    kind: TaskKind
    labels: Annotated[tuple[LabelSpec, ...], Field(max_length=1_000)] = ()
    task_model: Label | None = None
    proposer_model: Label | None = None
