"""A prompt without what cases say. Pure."""

from nlu_shared.schemas.prompts import PromptContent


def without_examples(content: PromptContent) -> tuple[PromptContent, int]:
    """The instructions alone, and how many examples there were, those of a bank too."""
    bare = content.model_copy(update={"examples": (), "retrieval": None})
    return bare, len(content.all_examples)
