"""What a prompt says, text by text, as a model reads it. Pure."""

from nlu_shared.schemas.prompts import Change, Example, PromptContent

from induction.engine.data.folding import words
from induction.engine.leak_guard.decoding import decoded
from induction.task_kinds.base import Task


def names(prompt: PromptContent) -> str:
    return " ".join(block.name.replace("_", " ") for block in prompt.instructions)


def own_texts(prompt: PromptContent) -> list[str]:
    """What a prompt says without quoting: the instructions by themselves and as a whole, and
    examples that are no case's; with all that is encoded in them."""
    made_up = [example.transcript for example in prompt.all_examples if example.case_id is None]
    shown = [block.text for block in prompt.instructions]
    return [text for one in (*shown, prompt.instruction_text, *made_up) for text in revealed(one)]


def unquoted(prompt: PromptContent) -> list[str]:
    """The same with the made-up answers, of which the instructions only as a whole."""
    made_up = [example for example in prompt.all_examples if example.case_id is None]
    shown = [prompt.instruction_text, *(text for one in made_up for text in texts_of(one))]
    return [text for one in shown for text in revealed(one)]


def revealed(text: str) -> list[str]:
    return [text, *decoded(text)]


def texts(prompt: PromptContent) -> list[str]:
    return [block.text for block in prompt.instructions] + [
        one.transcript for one in prompt.all_examples
    ]


def own_words(task: Task) -> list[str]:
    return [*texts(task.baseline()), *strings(task.describe())]


def strings(value: object) -> list[str]:
    """Every text inside a JSON value."""
    if isinstance(value, dict):
        return [text for pair in value.items() for one in pair for text in strings(one)]
    if isinstance(value, list):
        return [text for one in value for text in strings(one)]
    return [value] if isinstance(value, str) else []


def shown_texts(prompt: PromptContent, parent: PromptContent | None = None) -> list[str]:
    """All that is stored of a prompt, the instructions as a whole; of examples only those that the
    parent does not have."""
    kept = () if parent is None else {one.content_key for one in parent.all_examples}
    shown = [one for one in prompt.all_examples if one.content_key not in kept]
    texts = [prompt.instruction_text, names(prompt)]
    texts += [text for example in shown for text in texts_of(example)]
    return [text for one in texts for text in revealed(one)]


def changed(change: Change) -> list[str]:
    """What a change says in its author's own words: its rationale, and in its edits the names of
    blocks, the texts and the answers."""
    names = " ".join((edit.block or "").replace("_", " ") for edit in change.edits)
    texts = [edit.text for edit in change.edits if edit.text is not None]
    texts += [text for edit in change.edits for text in strings(edit.output)]
    return [change.rationale, *([names] if names.strip() else []), *texts]


def texts_of(example: Example) -> list[str]:
    """What people say in it, then the strings of its answer and of what it takes as known: each
    after a word, so that its own first opens no sentence."""
    answers = [text for answer in (example.output, example.known) for text in strings(answer)]
    return [example.transcript, *(f"a {text}" for text in answers)]


def whole(text: str) -> str:
    """A text as a whole, marked so that it meets only another whole."""
    return f"={''.join(words(text)) or text.strip()}"
