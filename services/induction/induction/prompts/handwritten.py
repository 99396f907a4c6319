"""A module somebody wrote by hand: which of its constants are a prompt. Pure.

Texts whose names end in INSTRUCTIONS, PROMPT or EXAMPLES become a block each, in their order; one
list whose name ends in EXAMPLES holds the examples as rows of (text, answer). Whatever else would
change what Python makes of the module is refused, by its name and line.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from nlu_shared.schemas.prompts import Block, PromptContent
from nlu_shared.schemas.rendered import OWN_CONSTANTS, ModuleConstants, TextConstant

from induction.prompts.export import INSTRUCTIONS, example_of

READ = ("INSTRUCTIONS", "PROMPT", "EXAMPLES")
_SHOWN = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_IN_CAPITALS = re.compile(r"[A-Z][A-Z0-9_]{0,62}")


class UnreadableModule(ValueError):
    """The text is not a module this service wrote or could have written."""


@dataclass(frozen=True, slots=True)
class Constant:
    """A name with the one value it is given."""

    name: str
    line: int
    value: ast.expr

    def __str__(self) -> str:
        return shown(self.name, self.line)


def constants_of(tree: ast.Module) -> dict[str, Constant]:
    """All that the module assigns, by name. Raises UnreadableModule where a name is given twice, or
    where something else than an assignment could change one."""
    constants: dict[str, Constant] = {}
    taken: set[str] = set()
    for node in tree.body:
        for name in _bound(node):
            if name in taken:
                raise UnreadableModule(f"{shown(name, node.lineno)} is assigned twice.")
            taken.add(name)
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                constants[name] = Constant(name, node.lineno, value)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                constants[name] = Constant(name, node.lineno, value)
    return {name: one for name, one in constants.items() if not name.startswith("__")}


def literal(one: Constant) -> Any:
    """Its value. Raises UnreadableModule where that is computed."""
    if any(isinstance(node, ast.JoinedStr) for node in ast.walk(one.value)):
        raise UnreadableModule(f"{one} is an f-string: only plain texts are read.")
    try:
        return ast.literal_eval(one.value)
    except (ValueError, TypeError, MemoryError, RecursionError):
        raise UnreadableModule(f"{one} is no plain literal: only those are read.") from None


def of_texts(assigned: dict[str, Constant]) -> tuple[PromptContent, ModuleConstants | None]:
    """The prompt, and its constants by name; none where INSTRUCTIONS is all there is."""
    blocks: list[Block] = []
    texts: list[TextConstant] = []
    rows: Constant | None = None
    for one in assigned.values():
        _require_read(one)
        value = literal(one)
        if isinstance(value, str):
            blocks.append(Block(name=one.name.lower(), text=value))
            texts.append(TextConstant(name=one.name, block=one.name.lower()))
        elif isinstance(value, list | tuple) and one.name.endswith("EXAMPLES"):
            if rows is not None:
                raise UnreadableModule(f"{one} is a second list of examples.")
            rows = one
        else:
            raise UnreadableModule(f"{one} is neither a text nor a list of examples.")
    if not blocks:
        raise UnreadableModule("The module has neither INSTRUCTION_BLOCKS nor INSTRUCTIONS.")
    examples = () if rows is None else tuple(_examples(rows))
    named = ModuleConstants(texts=tuple(texts), examples=rows.name if rows else None)
    is_plain = rows is None and [one.name for one in texts] == [INSTRUCTIONS]
    content = PromptContent(instructions=tuple(blocks), examples=examples)
    return content, None if is_plain else named


def shown(name: str, line: int) -> str:
    """A name as an error says it; one that is not plain ASCII is told by its line alone."""
    called = name if _SHOWN.fullmatch(name) else "A name"
    return f"{called} (line {line})"


def _require_read(one: Constant) -> None:
    if one.name in OWN_CONSTANTS:
        raise UnreadableModule(f"{one} is a name that only an export has.")
    if not _IN_CAPITALS.fullmatch(one.name) or not one.name.endswith(READ):
        raise UnreadableModule(
            f"{one} is not read: the names of a prompt end in {', '.join(READ)}, in capitals."
        )


def _examples(one: Constant) -> Iterator[Any]:
    for row in literal(one):
        if not isinstance(row, list | tuple) or len(row) not in (2, 3):
            raise UnreadableModule(f"{one} holds other rows than (text, answer).")
        yield example_of(*row)


def _bound(node: ast.stmt) -> Iterator[str]:
    """The names a statement gives a value to. Raises UnreadableModule for one that does more."""
    match node:
        case (
            ast.Assign(targets=[ast.Name(id=name)])
            | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr())
        ):
            yield name
        case ast.AnnAssign(target=ast.Name(), value=None) | ast.Pass():
            return
        case ast.Expr(value=ast.Constant()):
            return  # a docstring
        case ast.AugAssign(target=ast.Name(id=name)):
            raise UnreadableModule(f"{shown(name, node.lineno)} is changed after it is assigned.")
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            for one in names:
                if one.name == "*":
                    raise UnreadableModule(f"Line {node.lineno} imports names that nobody sees.")
                yield one.asname or one.name.partition(".")[0]
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case _:
            raise UnreadableModule(
                f"Line {node.lineno} is no assignment of a literal to one name: it is not run."
            )
