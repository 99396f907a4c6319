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

from nlu_shared.schemas.base import Expectation
from nlu_shared.schemas.prompts import Block, Example, PromptContent
from nlu_shared.schemas.rendered import OWN_CONSTANTS, ModuleConstants, TextConstant
from pydantic import ValidationError

from induction.prompts.export import INSTRUCTIONS, example_of

READ = ("INSTRUCTIONS", "PROMPT", "EXAMPLES")
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
DEEDS = (ast.Call, ast.NamedExpr, ast.Await, ast.Global, ast.Delete)
"""What may change a constant where it is met in a definition."""
_CODING = re.compile(r"[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)", re.ASCII)
"""As Python finds it in a module's first two lines (PEP 263)."""
_LINE_ENDS = re.compile(r"\r\n?|\n")
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


def require_utf8(text: str) -> None:
    """Raises UnreadableModule where Python would read the file in another coding."""
    for number, line in enumerate(_LINE_ENDS.split(text, maxsplit=2)[:2], start=1):
        if named := _CODING.match(line):
            if named[1].lower().replace("_", "-") not in ("utf-8", "utf8", "utf-8-sig"):
                raise UnreadableModule(f"Line {number} names another coding than UTF-8.")
            return
        if line.strip() and not line.lstrip().startswith("#"):
            return


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
            blocks.append(_block(one, value))
            texts.append(TextConstant(name=one.name, block=one.name.lower()))
        elif isinstance(value, list | tuple) and one.name.endswith("EXAMPLES"):
            if rows is not None:
                raise UnreadableModule(f"{one} is a second list of examples.")
            rows = one
        else:
            raise UnreadableModule(f"{one} is neither a text nor a list of examples.")
    if not blocks:
        raise UnreadableModule(
            "The module holds no text of a prompt: the names of one are INSTRUCTION_BLOCKS, or end"
            f" in {', '.join(READ)}, in capitals."
        )
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


def _block(one: Constant, text: str) -> Block:
    try:
        return Block(name=one.name.lower(), text=text)
    except ValidationError as wrong:
        raise UnreadableModule(f"{one} is no text of a prompt: {_why(wrong)}.") from None


def _examples(one: Constant) -> Iterator[Example]:
    for number, row in enumerate(literal(one), start=1):
        rest = row[2] if isinstance(row, list | tuple) and len(row) == 3 else {}
        if not isinstance(row, list | tuple) or len(row) not in (2, 3) or not _has_names(rest):
            raise UnreadableModule(
                f"{one}, row {number} is neither (text, answer) nor (text, answer, more), where"
                " more is a dict with names for keys."
            )
        try:
            yield example_of(*row)
        except ValidationError as wrong:
            raise UnreadableModule(f"{one}, row {number} is no example: {_why(wrong)}.") from None


def _why(wrong: ValidationError) -> str:
    """The first fault in words that hold nothing of the module."""
    first = wrong.errors(include_url=False, include_input=False)[0]
    context = first.get("ctx", {})
    if "max_length" in context:
        return f"at most {context['max_length']} characters are expected"
    rule = context.get("error")
    return f"{rule} is expected" if isinstance(rule, Expectation) else first["msg"]


def _has_names(rest: object) -> bool:
    return isinstance(rest, dict) and all(isinstance(name, str) for name in rest)


def _bound(node: ast.stmt) -> Iterator[str]:
    """The names a statement gives a value to. Raises UnreadableModule for one that does more."""
    match node:
        case ast.Assign(targets=[ast.Name(id=name)]):
            yield name
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr(), annotation=annotation):
            _require_no_deeds(name, annotation)
            yield name
        case ast.AnnAssign(target=ast.Name(), value=None) | ast.Pass():
            return
        case ast.Expr(value=ast.Constant()):
            return  # a docstring
        case ast.AugAssign(target=ast.Name(id=name)):
            raise UnreadableModule(f"{shown(name, node.lineno)} is changed after it is assigned.")
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            _require_no_prompt(node)
            for one in names:
                if one.name == "*":
                    raise UnreadableModule(f"Line {node.lineno} imports names that nobody sees.")
                yield one.asname or one.name.partition(".")[0]
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            _require_no_deeds(name, node)
            _require_no_prompt(node)
            yield name
        case _:
            raise UnreadableModule(
                f"Line {node.lineno} is no assignment of a literal to one name: it is not run."
            )


def _require_no_prompt(node: ast.stmt) -> None:
    """Raises UnreadableModule where an import or a definition gives a name of a prompt, on either
    side of its `as`: its text stands elsewhere, or is none."""
    met = list(_met(node))
    bare = [one.target for one in met if isinstance(one, ast.AnnAssign) and one.value is None]
    for one in met:
        names: list[str | None] = []
        match one:
            case ast.alias(name=name, asname=asname):
                names = [asname, *name.split(".")]
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                names = [name]
            case ast.ClassDef(name=name):
                names = [name]
            case ast.Name(id=name, ctx=ast.Store()) if one not in bare:
                names = [name]
        for called in names:
            if called is not None and _is_of_a_prompt(called):
                raise UnreadableModule(
                    f"{shown(called, getattr(one, 'lineno', node.lineno))} is not assigned to the"
                    " module as a plain text or list: only such constants are read."
                )


def _is_of_a_prompt(name: str) -> bool:
    return name in OWN_CONSTANTS or (name.isupper() and name.endswith(READ))


def _require_no_deeds(name: str, node: ast.AST) -> None:
    """Raises UnreadableModule where a definition does more than define once it is met: what it
    calls, or stores outside of itself, may be one of the module's constants."""
    for one in _met(node):
        match one:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                does = bool(one.decorator_list)
            case ast.Attribute() | ast.Subscript():
                does = not isinstance(one.ctx, ast.Load)
            case _:
                does = isinstance(one, DEEDS)
        if does:
            line = getattr(one, "lineno", getattr(node, "lineno", 0))
            raise UnreadableModule(
                f"{shown(name, line)} calls or changes something where it is defined: no module is"
                " run, and what that makes of its constants is not seen."
            )


def _met(node: ast.AST) -> Iterator[ast.AST]:
    """What Python runs when it meets a definition: all but the bodies of functions."""
    yield node
    unmet = node.body if isinstance(node, FUNCTIONS) else ()
    later = unmet if isinstance(unmet, list) else [unmet]
    for inner in ast.iter_child_nodes(node):
        if not any(inner is one for one in later):
            yield from _met(inner)
