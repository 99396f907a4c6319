"""A prompt as a `prompts.py` that is safe to import, and back again without executing it. Pure.

Every string is written by `ascii()`, so no text can end its literal; reading takes literals only.
"""

import ast
import hashlib
from collections.abc import Iterator, Mapping
from uuid import UUID

from nlu_shared.schemas.base import canonical
from nlu_shared.schemas.prompts import Block, Example, PromptContent
from pydantic import JsonValue, ValidationError

_NAMES = {"INSTRUCTION_BLOCKS", "EXAMPLE_CASES"}


class UnreadableModule(ValueError):
    """The text is not a module this service wrote or could have written."""


def to_module(
    content: PromptContent, *, task: str, version_id: UUID, facts: dict[str, JsonValue]
) -> str:
    """The text of `prompts.py`. `facts` (scores, data-set hash) are written as metadata."""
    metadata = {
        "task": task,
        "version_id": str(version_id),
        "version_hash": content.version_hash,
        **facts,
    }
    body = "\n".join(
        [
            f"PROMPT_METADATA = {_literal(metadata)}",
            "",
            "INSTRUCTION_BLOCKS = [",
            *(
                f"    ({_literal(block.name)}, {_literal(block.text)}, {block.protected!r}),"
                for block in content.instructions
            ),
            "]",
            "",
            "EXAMPLE_CASES = [",
            *(f"    {_example(one)}," for one in content.examples),
            "]",
            "",
            f"INSTRUCTIONS = {_literal(_joined(content))}",
            "",
        ]
    )
    digest = hashlib.sha256(body.encode()).hexdigest()
    module = (
        '"""The prompt of one task, as exported by induction. Generated: edits are lost."""\n\n'
        f"# version {version_id}\n# sha256 of all that follows this line: {digest}\n{body}"
    )
    ast.parse(module)
    return module


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
    digest = hashlib.sha256(canonical(document).encode()).hexdigest()
    return canonical({**document, "sha256": digest})


def read_module(text: str) -> PromptContent:
    """The prompt in a `prompts.py`, from its literals; nothing in it is run.

    Reads what `to_module` writes, and a hand-written module with one string `INSTRUCTIONS`.
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise UnreadableModule("The module is not Python.") from None
    assigned = dict(_assigned(tree))
    if "INSTRUCTIONS" not in assigned and not assigned.keys() >= _NAMES:
        raise UnreadableModule("The module has neither INSTRUCTION_BLOCKS nor INSTRUCTIONS.")
    try:
        content = _structured(assigned) if assigned.keys() >= _NAMES else _plain(assigned)
        # Python has literals that JSON has not, such as whole numbers of 5,000 digits.
        canonical(content)
    except (ValueError, TypeError, ValidationError, RecursionError, MemoryError):
        raise UnreadableModule("The module's values are not the literals of a prompt.") from None
    return content


def _assigned(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name), *_], value=value):
                yield name, value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                yield name, value


def _structured(assigned: Mapping[str, ast.expr]) -> PromptContent:
    blocks = ast.literal_eval(assigned["INSTRUCTION_BLOCKS"])
    examples = ast.literal_eval(assigned["EXAMPLE_CASES"])
    return PromptContent(
        instructions=tuple(
            Block(name=name, text=text, protected=protected) for name, text, protected in blocks
        ),
        examples=tuple(Example(text=text, output=output) for text, output in examples),
    )


def _plain(assigned: Mapping[str, ast.expr]) -> PromptContent:
    instructions = ast.literal_eval(assigned["INSTRUCTIONS"])
    if not isinstance(instructions, str):
        raise TypeError("INSTRUCTIONS is no text")
    return PromptContent(instructions=(Block(name="instructions", text=instructions),))


def _joined(content: PromptContent) -> str:
    return "\n\n".join(block.text for block in content.instructions)


def _literal(value: JsonValue) -> str:
    return ascii(value)


def _example(one: Example) -> str:
    """Text and output; then, where the example has any, what stands before it."""
    before = [] if one.context is None else [_literal(one.context.short)]
    return f"({', '.join([_literal(one.text), _literal(one.output), *before])})"
