"""A prompt as it goes out: all of a request that stays the same, and the constants of a module."""

from typing import Annotated

from pydantic import AfterValidator, Field, JsonValue, StringConstraints

from nlu_shared.schemas.base import Schema, digest
from nlu_shared.schemas.retrieval import MOST_BANKED, RetrievalSettings

OWN_CONSTANTS = frozenset(
    {
        "PROMPT_METADATA",
        "SYSTEM_PARTS",
        "RESPONSE_SCHEMA",
        "MAX_TOKENS",
        "INSTRUCTION_BLOCKS",
        "EXAMPLE_CASES",
        "SELECTOR",
        "RETRIEVAL",
        "BANK_LINES",
        "BANK_CASES",
    }
)
"""What an exported module calls its own; no constant of somebody else's module is called so."""


def _not_ours(name: str) -> str:
    if name in OWN_CONSTANTS:
        raise ValueError("must not be a name of the export's own")
    return name


BlockName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
ConstantName = Annotated[
    str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{0,62}$"), AfterValidator(_not_ours)
]


class RenderedRetrieval(RetrievalSettings):
    """A bank as its selector reads it. What is chosen is the last part of the system text."""

    lines: tuple[str, ...] = Field(
        min_length=1, max_length=MOST_BANKED, description="the examples as the model reads them"
    )


class RenderedPrompt(Schema):
    """All of a request that stays the same from text to text, as it was measured. The text goes
    beside it, framed as JSON: `{"text": …}`, with what stands before it where there is any."""

    system: tuple[str, ...] = Field(description="the parts of the system text, in order")
    response_schema: dict[str, JsonValue] = Field(description="JSON Schema of the answer")
    max_tokens: int = Field(ge=1, description="of the answer, at most")
    retrieval: RenderedRetrieval | None = Field(
        default=None,
        exclude_if=lambda retrieval: retrieval is None,
        description="what more examples are chosen from, for each text; left out: nothing",
    )
    rendered_hash: str = Field(description="SHA-256 of all of these")

    @property
    def computed_hash(self) -> str:
        """What `rendered_hash` is in a form that is whole."""
        chosen = [] if self.retrieval is None else [self.retrieval]
        return digest([self.system, self.response_schema, self.max_tokens, *chosen])

    @classmethod
    def of(
        cls,
        system: tuple[str, ...],
        response_schema: dict[str, JsonValue],
        max_tokens: int,
        retrieval: RenderedRetrieval | None = None,
    ) -> "RenderedPrompt":
        """With its hash."""
        form = cls(
            system=system,
            response_schema=response_schema,
            max_tokens=max_tokens,
            retrieval=retrieval,
            rendered_hash="",
        )
        return form.model_copy(update={"rendered_hash": form.computed_hash})


class TextConstant(Schema):
    """A text of a module, and the block it became."""

    name: ConstantName = Field(description="of the constant, in capitals")
    block: BlockName = Field(description="the block that begins with its text")


class ModuleConstants(Schema):
    """Under which names a module of one's own holds its prompt: its export has them again.

    The texts, in the order of their blocks, are all of the system text, joined by a blank line.
    """

    texts: tuple[TextConstant, ...] = Field(default=(), max_length=100, description="its texts")
    examples: ConstantName | None = Field(
        default=None, description="the list of examples; null: it had none"
    )
