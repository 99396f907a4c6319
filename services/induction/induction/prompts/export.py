"""A prompt as a `prompts.py` that is safe to import, and back again without executing it. Pure.

Every string is written by `repr()`: it can end no literal and breaks no line, and says readably
what can be printed. Reading takes literals only.
"""

import ast
import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from nlu_shared.schemas.base import canonical
from nlu_shared.schemas.prompts import Block, Example, PromptContent
from pydantic import JsonValue

from induction.prompts.source import MOST_CODE, TooMuchCode, bounded

BLOCKS, EXAMPLES = "INSTRUCTION_BLOCKS", "EXAMPLE_CASES"
_ROW = "    "
_CHECKED = "# sha256 of all that follows this line: "


class UnreadableModule(ValueError):
    """The text is not a module this service wrote or could have written."""


def to_module(
    content: PromptContent, *, task: str, version_id: UUID, facts: dict[str, JsonValue]
) -> str:
    """The text of `prompts.py`, to be kept as UTF-8. `facts` (scores, data-set hash) are written
    as metadata. Each block and each example is a line of its own."""
    metadata = {
        "task": task,
        "version_id": str(version_id),
        "version_hash": content.version_hash,
        **facts,
    }
    body = "\n".join(
        [
            f"PROMPT_METADATA = {metadata!r}",
            "",
            f"{BLOCKS} = [",
            *(f"{_ROW}{_block_row(block)!r}," for block in content.instructions),
            "]",
            "",
            f"{EXAMPLES} = [",
            *(f"{_ROW}{tuple(example.row)!r}," for example in content.examples),
            "]",
            "",
            f"INSTRUCTIONS = {content.instruction_text!r}",
            "",
        ]
    )
    return (
        '"""The prompt of one task, as exported by induction. Generated: edits are lost."""\n\n'
        f"# version {version_id}\n{_CHECKED}{_sha256(body)}\n{body}"
    )


def to_json(
    content: PromptContent, *, task: str, version_id: UUID, facts: dict[str, JsonValue]
) -> str:
    """The same as one JSON document, its `sha256` taken over the canonical JSON of the rest."""
    document: dict[str, JsonValue] = {
        "task": task,
        "version_id": str(version_id),
        "version_hash": content.version_hash,
        "content": content.model_dump(mode="json"),
        **facts,
    }
    checked = {**document, "sha256": _sha256(canonical(document))}
    return json.dumps(checked, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def read_module(text: str, *, most_code: int | None = MOST_CODE) -> PromptContent:
    """The prompt in a `prompts.py`, from its literals; nothing in it is run.

    Reads what `to_module` writes, and a hand-written module with one string `INSTRUCTIONS`. A
    module as it was written is read line by line, any other as a whole, and neither where that
    takes more code than `most_code` (see `source`). Raises UnreadableModule.
    """
    try:
        content = _as_written(text, most_code) or _of_a_tree(text, most_code)
        # Python has literals that JSON has not, such as whole numbers of 5,000 digits.
        canonical(content)
    except UnreadableModule:
        raise
    except TooMuchCode as too_much:
        raise UnreadableModule(str(too_much)) from None
    except SyntaxError:
        raise UnreadableModule("The module is not Python.") from None
    except (ValueError, TypeError, AttributeError, RecursionError, MemoryError):
        # ValidationError is a ValueError.
        raise UnreadableModule("The module's values are not the literals of a prompt.") from None
    return content


def read_document(text: str) -> PromptContent:
    """The prompt in a JSON export, or in a JSON that is nothing but its content.

    Raises UnreadableModule.
    """
    try:
        document = json.loads(text)
        content = document.get("content", document)
        return PromptContent.model_validate(content)
    except (ValueError, AttributeError, RecursionError):  # ValidationError is a ValueError
        raise UnreadableModule("The document holds no content of a prompt.") from None


def _as_written(text: str, most_code: int | None) -> PromptContent | None:
    """None where the text is not, to the letter, what `to_module` wrote."""
    _, mark, rest = text.partition(_CHECKED)
    claimed, _, body = rest.partition("\n")
    if not mark or claimed != _sha256(body):
        return None
    rows: dict[str, list[Any]] = {BLOCKS: [], EXAMPLES: []}
    within: list[Any] | None = None
    for line in body.split("\n"):
        if not line.startswith(_ROW):
            within = rows.get(line.removesuffix(" = ["))
        elif within is not None:
            row = bounded(line.strip().removesuffix(","), most_code)
            within.append(ast.literal_eval(row))
    return _structured(rows[BLOCKS], rows[EXAMPLES])


def _of_a_tree(text: str, most_code: int | None) -> PromptContent:
    assigned = dict(_assigned(ast.parse(bounded(text, most_code))))
    if assigned.keys() >= {BLOCKS, EXAMPLES}:
        return _structured(*(ast.literal_eval(assigned[name]) for name in (BLOCKS, EXAMPLES)))
    if "INSTRUCTIONS" not in assigned:
        raise UnreadableModule("The module has neither INSTRUCTION_BLOCKS nor INSTRUCTIONS.")
    return _plain(assigned)


def _assigned(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name), *_], value=value):
                yield name, value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                yield name, value


def _structured(blocks: Any, examples: Any) -> PromptContent:
    return PromptContent(
        instructions=tuple(
            Block(name=name, text=text, protected=protected) for name, text, protected in blocks
        ),
        examples=tuple(_example(*row) for row in examples),
    )


def _plain(assigned: Mapping[str, ast.expr]) -> PromptContent:
    text = ast.literal_eval(assigned["INSTRUCTIONS"])
    if not isinstance(text, str):
        raise TypeError("INSTRUCTIONS is no text")
    return PromptContent(instructions=(Block(name="instructions", text=text),))


def _block_row(block: Block) -> tuple[str, str, bool]:
    return block.name, block.text, block.protected


def _example(text: str, output: JsonValue, rest: Mapping[str, Any] | None = None) -> Example:
    """Before there were other fields, a third value was the context itself."""
    rest = rest or {}
    named = rest if rest.keys() <= Example.model_fields.keys() else {"context": rest}
    return Example.model_validate({"text": text, "output": output, **named})


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
