"""A prompt as a document of named blocks and examples, and a version of it in the registry."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, JsonValue, StringConstraints

from nlu_shared.schemas.base import (
    Body,
    Moment,
    Note,
    SafeJson,
    SafeText,
    Schema,
    canonical,
    digest,
)
from nlu_shared.schemas.ensembles import RenderedEnsemble
from nlu_shared.schemas.ground_truth import Context, transcript
from nlu_shared.schemas.rendered import BlockName, ModuleConstants, RenderedPrompt
from nlu_shared.schemas.retrieval import MOST_BANKED, RetrievalEdit, RetrievalSettings

BlockText = Annotated[SafeText, StringConstraints(max_length=65_536)]


class Block(Body):
    """A named part of the instructions. A protected block cannot be edited by a proposal."""

    name: BlockName = Field(description="names the part, once in a prompt")
    text: BlockText = Field(description="what the model reads")
    protected: bool = Field(default=False, description="may no proposal edit it?")


class Example(Schema):
    """A worked case inside the prompt, with what of its context is shown; `case_id` says which
    ground-truth case it quotes."""

    text: BlockText = Field(description="what a user said")
    output: SafeJson = Field(description="the right answer to it")
    case_id: UUID | None = Field(default=None, description="the case it quotes, if any")
    context: Context | None = Field(
        default=None,
        exclude_if=lambda context: context is None,
        description="what of the case's context is shown; left out: nothing",
    )

    @property
    def transcript(self) -> str:
        return transcript(self.text, self.context)

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


class Retrieval(RetrievalSettings):
    """A bank of examples, of which each request shows those nearest to its text."""

    bank: tuple[Example, ...] = Field(
        min_length=1,
        max_length=MOST_BANKED,
        description="earlier ones first where a choice is even",
    )

    @property
    def wording(self) -> dict[str, JsonValue]:
        """All that decides what a model reads: every field but where the examples came from."""
        rest = self.model_dump(mode="json", exclude={"bank"})
        return {**rest, "bank": [example.wording for example in self.bank]}


class PromptContent(Schema):
    """What a model is told before it sees the text: instruction blocks, then examples, then those
    that are chosen for the text."""

    instructions: tuple[Block, ...] = Field(min_length=1, max_length=100, description="in order")
    examples: tuple[Example, ...] = Field(default=(), max_length=2_000, description="after these")
    retrieval: Retrieval | None = Field(
        default=None,
        exclude_if=lambda retrieval: retrieval is None,
        description="examples chosen for each request; left out: none",
    )

    @property
    def bank(self) -> tuple[Example, ...]:
        """What requests choose examples from; empty where they choose none."""
        return () if self.retrieval is None else self.retrieval.bank

    @property
    def all_examples(self) -> tuple[Example, ...]:
        """Every example that some request may show."""
        return (*self.examples, *self.bank)

    @property
    def most_shown(self) -> int:
        """Examples that one request shows, at most."""
        chosen = 0 if self.retrieval is None else min(self.retrieval.k, len(self.bank))
        return len(self.examples) + chosen

    def block(self, name: str) -> Block | None:
        return next((block for block in self.instructions if block.name == name), None)

    @property
    def instruction_text(self) -> str:
        """The instructions as a model reads them."""
        return "\n\n".join(block.text for block in self.instructions)

    @property
    def version_hash(self) -> str:
        """Hex SHA-256 of all the model is told; where an example came from is not part of it."""
        rest = self.model_dump(mode="json", exclude={"examples", "retrieval"})
        rest["examples"] = [example.wording for example in self.examples]
        if self.retrieval is not None:
            rest["retrieval"] = self.retrieval.wording
        return digest(rest)


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
    SET_RETRIEVAL = "set_retrieval"


class Edit(Schema):
    """Blocks go by `block` and `text`; examples are added by `case` (or by `text` and `output`)."""

    op: Op = Field(description="what is done")
    block: BlockName | None = Field(default=None, description="the block it is about")
    text: BlockText | None = Field(default=None, description="of the block or the new example")
    case: UUID | None = Field(default=None, description="the case a new example quotes")
    output: SafeJson = Field(default=None, description="of a new example that quotes no case")
    example: int | None = Field(default=None, description="index of the example to remove, from 0")
    retrieval: RetrievalEdit | None = Field(
        default=None,
        exclude_if=lambda retrieval: retrieval is None,
        description="of set_retrieval: what examples are chosen from then; left out: nothing",
    )


MOST_EDITS = 500
"""Of one change, beside the one that sets the retrieval. A proposer is held to fewer; the opening
change may show hundreds of cases."""


class Change(Schema):
    """One targeted change to a prompt, as proposed by a model."""

    strategy: Strategy = Field(description="A examples, B instructions, C both")
    rationale: Note = Field(description="why its proposer expects a gain")
    edits: tuple[Edit, ...] = Field(min_length=1, max_length=MOST_EDITS + 1, description="in order")


class SplitScore(Schema):
    """How a version did on one part of one snapshot. `components` are F1 scores, 0 to 1."""

    split: str = Field(description="train, validation or test")
    run_id: UUID = Field(description="the run that measured it")
    objective: float = Field(description="what is optimised, 0 to 1")
    components: dict[str, float] = Field(description="F1 by component, 0 to 1")
    cases: int = Field(description="how many were scored")
    dataset_hash: str = Field(description="SHA-256 of the data set they come from")
    model: str = Field(description="that answered")
    answered_by: str | None = Field(
        default=None,
        description="the server behind the model; another one is another era; null: not recorded",
    )
    scorer: str = Field(description="what measured it, and its version")
    rendered_hash: str | None = Field(
        default=None, description="of the rendered form that was measured; null: not recorded"
    )
    labels_version: int = Field(
        default=0, description="of the label set it was measured with; another one is another era"
    )
    era: str = Field(
        default="",
        description="one word for request, model, server, data set, scorer and label set: scores of"
        " two eras make no one line",
    )


class Aim(Schema):
    """What a change means to correct: a pattern by its kind, truth and prediction."""

    kind: str = Field(description="of mistake")
    truth: str | None = Field(default=None, description="the label that is right; null: any")
    predicted: str | None = Field(default=None, description="the label answered; null: any")


class ServingAlias(StrEnum):
    """A name under which one version of a task serves."""

    PRODUCTION = "production"
    STAGING = "staging"


class VersionSource(StrEnum):
    IMPORT = "import"
    RUN = "run"


class MadeOn(Schema):
    """What answered in the run that made a version."""

    provider: str = Field(
        description="what its answers are filed under: a server's address or its name"
    )
    model: str = Field(description="that answered the cases")
    is_offline: bool = Field(
        description="the offline learner answered, which is no language model: what it was measured"
        " to gain there need not hold on one"
    )


OFFLINE_CAUTION = (
    "Made on the offline learner, which is no language model: measure it on yours before it serves."
)


def caution_of(made_on: MadeOn | None) -> str | None:
    """What whoever takes such a version should know; None where a language model answered."""
    return OFFLINE_CAUTION if made_on is not None and made_on.is_offline else None


class PromptVersion(Schema):
    id: UUID = Field(description="names the version in paths")
    task: str = Field(description="whose prompt it is")
    version_hash: str = Field(description="SHA-256 of all the model is told")
    content: PromptContent | None = Field(
        description="blocks and examples; null: it is an ensemble"
    )
    rendered: RenderedPrompt | None = Field(
        description="what a request says of it, to the letter; null: it is an ensemble"
    )
    ensemble: RenderedEnsemble | None = Field(
        default=None,
        exclude_if=lambda ensemble: ensemble is None,
        description="the versions that are all asked, and vote; left out: it is a prompt",
    )
    constants: ModuleConstants | None = Field(
        default=None, description="the constants of the module it came from; null: none"
    )
    parent_id: UUID | None = Field(description="the version it was made from; null: none")
    run_id: UUID | None = Field(description="the run that made it; null: imported")
    source: VersionSource = Field(description="where it came from")
    made_on: MadeOn | None = Field(
        default=None,
        description="what answered in the run that made it or its origin; null: from outside",
    )
    is_production: bool = Field(description="does it serve in production?")
    serves_as: list[ServingAlias] = Field(
        default=[], description="the aliases under which it serves"
    )
    validation_f1: float | None = Field(
        description="on validation, 0 to 1, by the run that made it, or of an imported one by the"
        " first that measured it: later measurements are `scores`"
    )
    train_f1: float | None = Field(description="the same on train; null: none")
    scores: list[SplitScore] = Field(description="every measurement of it")
    notes: str | None = Field(description="what its importer or run added")
    created_at: Moment = Field(description="when it was made")


class TaskKind(StrEnum):
    INTENT = "intent"
    EXTRACTION = "extraction"
