"""A prompt read from a `prompts.py` or a JSON export; nothing in them is run. Pure.

Reading takes literals only. What Python would make of a module and this would not is refused by
name: nothing that belongs to a prompt is dropped.
"""

import ast
import json
from dataclasses import dataclass
from typing import Any

from nlu_shared.rendering import AnswerSpace
from nlu_shared.schemas.base import canonical
from nlu_shared.schemas.prompts import Block, PromptContent, TaskKind
from nlu_shared.schemas.rendered import ModuleConstants

from induction.prompts import export
from induction.prompts.export import BLOCKS, CHECKED, EXAMPLES, INSTRUCTIONS, METADATA, ROW
from induction.prompts.handwritten import (
    Constant,
    UnreadableModule,
    constants_of,
    literal,
    of_texts,
    require_utf8,
)
from induction.prompts.source import MOST_CODE, TooMuchCode, bounded

BOM = "\ufeff"
OURS = frozenset({BLOCKS, EXAMPLES})


@dataclass(frozen=True, slots=True)
class ReadPrompt:
    """What a file says: a prompt, and the names its module has for it."""

    content: PromptContent
    constants: ModuleConstants | None = None


def read_module(text: str, *, most_code: int | None = MOST_CODE) -> ReadPrompt:
    """The prompt in a `prompts.py`, from its literals.

    Reads what `export.to_module` writes, and a hand-written module (see `handwritten`). A module as
    it was written is read line by line, any other as a whole, and neither where that takes more
    code than `most_code` (see `source`). Raises UnreadableModule.
    """
    text = text.removeprefix(BOM)
    try:
        require_utf8(text)
        read = _as_written(text, most_code) or _of_a_tree(text, most_code)
        # Python has literals that JSON has not, such as whole numbers of 5,000 digits.
        canonical(read.content)
    except UnreadableModule:
        raise
    except TooMuchCode as too_much:
        raise UnreadableModule(str(too_much)) from None
    except SyntaxError:
        raise UnreadableModule("The module is not Python.") from None
    except (ValueError, TypeError, AttributeError, RecursionError, MemoryError):
        # ValidationError is a ValueError.
        raise UnreadableModule("The module's values are not the literals of a prompt.") from None
    return read


def read_document(text: str) -> ReadPrompt:
    """The prompt in a JSON export, or in a JSON that is nothing but its content.

    Raises UnreadableModule.
    """
    try:
        document = json.loads(text.removeprefix(BOM))
        content = PromptContent.model_validate(document.get("content", document))
        return ReadPrompt(content, _constants(document))
    except (ValueError, AttributeError, RecursionError):  # ValidationError is a ValueError
        raise UnreadableModule("The document holds no content of a prompt.") from None


def _as_written(text: str, most_code: int | None) -> ReadPrompt | None:
    """None where the text is not, to the letter, what `to_module` wrote."""
    _, mark, rest = text.partition(CHECKED)
    claimed, _, body = rest.partition("\n")
    if not mark or claimed != export.sha256(body):
        return None
    rows: dict[str, list[Any]] = {BLOCKS: [], EXAMPLES: []}
    metadata: Any = {}
    within: list[Any] | None = None
    for line in body.split("\n"):
        if line.startswith(f"{METADATA} = "):
            metadata = ast.literal_eval(bounded(line.removeprefix(f"{METADATA} = "), most_code))
        elif not line.startswith(ROW):
            within = rows.get(line.removesuffix(" = ["))
        elif within is not None:
            row = bounded(line.strip().removesuffix(","), most_code)
            within.append(ast.literal_eval(row))
    return ReadPrompt(_structured(rows[BLOCKS], rows[EXAMPLES]), _constants(metadata))


def _of_a_tree(text: str, most_code: int | None) -> ReadPrompt:
    assigned = constants_of(ast.parse(bounded(text, most_code)))
    if assigned.keys() >= OURS:
        return _edited(assigned)
    return ReadPrompt(*of_texts(assigned))


def _edited(assigned: dict[str, Constant]) -> ReadPrompt:
    """A module of ours that somebody has changed: in its blocks and examples, or not at all."""
    content = _structured(*(literal(assigned[name]) for name in (BLOCKS, EXAMPLES)))
    metadata = literal(assigned[METADATA]) if METADATA in assigned else {}
    if not isinstance(metadata, dict):
        raise TypeError("metadata is a table")
    constants = _constants(metadata)
    if "kind" in metadata:
        labels = tuple(map(str, metadata["labels"]))
        follows = export.derived(
            content, AnswerSpace(TaskKind(metadata["kind"]), labels), constants
        )
    else:  # written before modules said their request
        follows = {INSTRUCTIONS: content.instruction_text}
    for name, one in assigned.items():
        if name in OURS or name == METADATA:
            continue
        if name not in follows:
            raise UnreadableModule(f"{one} is not read: it stands in no export.")
        if literal(one) != follows[name]:
            raise UnreadableModule(
                f"{one} is not what {BLOCKS} and {EXAMPLES} make of it: change those."
            )
    return ReadPrompt(content, constants)


def _constants(document: dict[str, Any]) -> ModuleConstants | None:
    constants = document.get("constants")
    return None if constants is None else ModuleConstants.model_validate(constants)


def _structured(blocks: Any, examples: Any) -> PromptContent:
    return PromptContent(
        instructions=tuple(
            Block(name=name, text=text, protected=protected) for name, text, protected in blocks
        ),
        examples=tuple(export.example_of(*row) for row in examples),
    )
