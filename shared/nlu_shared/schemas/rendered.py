"""A prompt as it goes out: all of a request that stays the same, and the constants of a module."""

from typing import Annotated

from pydantic import AfterValidator, Field, JsonValue, StringConstraints

from nlu_shared.schemas.base import Schema

OWN_CONSTANTS = frozenset(
    {
        "PROMPT_METADATA",
        "SYSTEM_PARTS",
        "RESPONSE_SCHEMA",
        "MAX_TOKENS",
        "INSTRUCTION_BLOCKS",
        "EXAMPLE_CASES",
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


class RenderedPrompt(Schema):
    """All of a request that stays the same from text to text, as it was measured. The text goes
    beside it, framed as JSON: `{"text": …}`, with what stands before it where there is any."""

    system: tuple[str, ...] = Field(description="the parts of the system text, in order")
    response_schema: dict[str, JsonValue] = Field(description="JSON Schema of the answer")
    max_tokens: int = Field(ge=1, description="of the answer, at most")
    rendered_hash: str = Field(description="SHA-256 of these three")


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
