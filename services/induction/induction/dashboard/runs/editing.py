"""What becomes of a version that a person edits. Pure."""

from collections.abc import Sequence

from nlu_shared.kit.errors import Invalid
from nlu_shared.schemas.prompts import PromptContent


def edited(old: PromptContent, texts: Sequence[str]) -> PromptContent:
    """The version with other texts in its blocks, in their order; a block without one goes. Raises
    Invalid where there are not as many, or none is left."""
    if len(texts) != len(old.instructions):
        raise Invalid("The version has other blocks: open its page anew.", code="other_blocks")
    blocks = [
        block.model_copy(update={"text": text})
        for block, text in zip(old.instructions, texts, strict=True)
        if text.strip()
    ]
    if not blocks:
        raise Invalid("A prompt has at least one block with a text.", code="no_text")
    return PromptContent(instructions=tuple(blocks), examples=old.examples, retrieval=old.retrieval)
