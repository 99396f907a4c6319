"""A prompt as a `prompts.py` that is safe to import, and as JSON. Pure.

Every string is written by `repr()`: it can end no literal and breaks no line, and says readably
what can be printed. How both are read again, without executing anything, is in `reading`.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from nlu_shared.rendering import AnswerSpace, rendered
from nlu_shared.rendering.prompt import examples_text
from nlu_shared.rendering.retrieval import source
from nlu_shared.schemas.base import canonical
from nlu_shared.schemas.endpoints import ModelEndpoint
from nlu_shared.schemas.prompts import Block, Example, PromptContent
from nlu_shared.schemas.rendered import ModuleConstants, RenderedPrompt
from pydantic import JsonValue

from induction.prompts import documented

METADATA = "PROMPT_METADATA"
PARTS, SCHEMA, MOST_TOKENS = "SYSTEM_PARTS", "RESPONSE_SCHEMA", "MAX_TOKENS"
BLOCKS, EXAMPLES, INSTRUCTIONS = "INSTRUCTION_BLOCKS", "EXAMPLE_CASES", "INSTRUCTIONS"
SELECTOR, RETRIEVAL, LINES, BANK = "SELECTOR", "RETRIEVAL", "BANK_LINES", "BANK_CASES"
ROW = "    "
SELECTOR_BEGINS = (
    "# The selector, to the letter. No other is read from here, and none is run by us."
)
SELECTOR_ENDS = "# The end of the selector."
CHECKED = "# sha256 of all that follows this line: "


def to_module(
    content: PromptContent,
    *,
    task: str,
    version_id: UUID,
    answers: AnswerSpace,
    facts: dict[str, JsonValue],
    endpoint: ModelEndpoint | None = None,
    constants: ModuleConstants | None = None,
) -> str:
    """The text of `prompts.py`, to be kept as UTF-8.

    answers: what the prompt's answers can be; with it the module says the request to the letter.
    facts: scores, models and data-set hash, written as metadata; a `caution` stands above them
        as a comment too.
    endpoint: how its model is asked; None: nobody knows.
    constants: the names of the module it came from; they are written beside ours.
    """
    form = rendered(content, answers)
    metadata = {
        **_head(content, task, version_id, answers, constants, form),
        **facts,
        "endpoint": _dumped(endpoint),
    }
    body = "\n".join(
        [
            f"{METADATA} = {metadata!r}",
            "",
            *_listed(PARTS, form.system),
            f"{SCHEMA} = {form.response_schema!r}",
            f"{MOST_TOKENS} = {form.max_tokens!r}",
            "",
            *_listed(BLOCKS, map(_block_row, content.instructions)),
            *_listed(EXAMPLES, (tuple(example.row) for example in content.examples)),
            *_texts(content, answers, constants),
            *_chosen(content, form),
            "",
        ]
    )
    caution = f"# {facts['caution']}\n" if facts.get("caution") else ""
    head = documented.head(form, endpoint)
    return f"{head}\n# version {version_id}\n{caution}{CHECKED}{sha256(body)}\n{body}"


def to_json(
    content: PromptContent,
    *,
    task: str,
    version_id: UUID,
    answers: AnswerSpace,
    facts: dict[str, JsonValue],
    endpoint: ModelEndpoint | None = None,
    constants: ModuleConstants | None = None,
) -> str:
    """The same as one JSON document, its `sha256` taken over the canonical JSON of the rest."""
    form = rendered(content, answers)
    document: dict[str, JsonValue] = {
        **_head(content, task, version_id, answers, constants, form),
        "content": content.model_dump(mode="json"),
        "rendered": form.model_dump(mode="json"),
        **facts,
        "endpoint": _dumped(endpoint),
    }
    checked = {**document, "sha256": sha256(canonical(document))}
    return json.dumps(checked, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def derived(
    content: PromptContent, answers: AnswerSpace, constants: ModuleConstants | None
) -> dict[str, Any]:
    """The constants of a module that its blocks and examples decide, by name."""
    form = rendered(content, answers)
    return {
        PARTS: list(form.system),
        SCHEMA: form.response_schema,
        MOST_TOKENS: form.max_tokens,
        INSTRUCTIONS: content.instruction_text,
        **texts_of(content, answers, constants),
        **({} if form.retrieval is None else {LINES: list(form.retrieval.lines)}),
    }


def texts_of(
    content: PromptContent, answers: AnswerSpace, constants: ModuleConstants | None
) -> dict[str, Any]:
    """A module's own constants with what they hold now.

    A text holds its block and those after it that no constant names, so that all texts, joined by
    a blank line, are the system text but for the shape of an answer at its end; one whose block is
    gone is empty. Without a list for them the examples are the end of the last text.
    """
    if constants is None:
        return {}
    name_of = {one.block: one.name for one in constants.texts}
    held: dict[str, list[str]] = {one.name: [] for one in constants.texts}
    name = next((name_of[one.name] for one in content.instructions if one.name in name_of), None)
    for block in content.instructions:
        name = name_of.get(block.name, name)
        if name is not None:
            held[name].append(block.text)
    if constants.examples is not None:
        rows = [tuple(example.row) for example in content.examples]
        return {**_joined(held), constants.examples: rows}
    if name is not None and content.examples:
        held[name].append(examples_text(content.examples, answers))
    return _joined(held)


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _head(
    content: PromptContent,
    task: str,
    version_id: UUID,
    answers: AnswerSpace,
    constants: ModuleConstants | None,
    form: RenderedPrompt,
) -> dict[str, JsonValue]:
    head: dict[str, JsonValue] = {
        "task": task,
        "version_id": str(version_id),
        "version_hash": content.version_hash,
        "rendered_hash": form.rendered_hash,
        "kind": answers.kind.value,
        "labels": list(answers.labels),
        "spellings": dict(answers.other_spellings),
    }
    return head if constants is None else {**head, "constants": constants.model_dump(mode="json")}


def _dumped(endpoint: ModelEndpoint | None) -> JsonValue:
    return None if endpoint is None else endpoint.model_dump(mode="json")


def _listed(name: str, rows: Sequence[Any] | Iterator[Any]) -> Iterator[str]:
    """A list with each of its rows on a line of its own."""
    yield f"{name} = ["
    yield from (f"{ROW}{row!r}," for row in rows)
    yield from ("]", "")


def _texts(
    content: PromptContent, answers: AnswerSpace, constants: ModuleConstants | None
) -> Iterator[str]:
    own = {INSTRUCTIONS: content.instruction_text, **texts_of(content, answers, constants)}
    for name, value in own.items():
        if isinstance(value, str):
            yield f"{name} = {value!r}"
        else:
            yield from _listed(name, value)


def _chosen(content: PromptContent, form: RenderedPrompt) -> Iterator[str]:
    """What examples are chosen from, and by what."""
    if content.retrieval is None or form.retrieval is None:
        return
    settings = content.retrieval.settings.model_dump(mode="json")
    yield f"{SELECTOR} = {settings.pop('selector')!r}"
    yield f"{RETRIEVAL} = {settings!r}"
    yield from _listed(LINES, form.retrieval.lines)
    yield from _listed(BANK, (tuple(example.row) for example in content.bank))
    yield SELECTOR_BEGINS
    yield f"{source(content.retrieval.selector)}{SELECTOR_ENDS}"


def _joined(held: Mapping[str, Sequence[str]]) -> dict[str, str]:
    return {name: "\n\n".join(texts) for name, texts in held.items()}


def _block_row(block: Block) -> tuple[str, str, bool]:
    return block.name, block.text, block.protected


def example_of(text: str, output: JsonValue, rest: Mapping[str, Any] | None = None) -> Example:
    """The example of a row. Before there were other fields, a third value was the context."""
    rest = rest or {}
    named = rest if rest.keys() <= Example.model_fields.keys() else {"context": rest}
    return Example.model_validate({"text": text, "output": output, **named})
