"""What a newcomer calls in the engine says of each value what it is: more than three are a line
each."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = [ROOT / "services/induction/induction/engine", ROOT / "shared/nlu_shared/measure"]
MANY = 4
Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def public(body: list[ast.stmt]) -> Iterator[Definition]:
    for node in body:
        if isinstance(node, Definition) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from public(node.body)


def values(node: Definition) -> list[str]:
    """Fields of a class, parameters of a function."""
    if isinstance(node, ast.ClassDef):
        named = [one.target for one in node.body if isinstance(one, ast.AnnAssign)]
        names = [one.id for one in named if isinstance(one, ast.Name)]
    else:
        listed = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
        names = [one.arg for one in listed if one.arg not in ("self", "cls")]
    return [name for name in names if not name.startswith("_")]


def explained(node: Definition) -> set[str]:
    lines = (ast.get_docstring(node) or "").splitlines()
    return {line.partition(":")[0].strip() for line in lines if ":" in line}


MODULES = sorted(path for room in ROOMS for path in room.rglob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_many_values_are_a_line_each(path: Path) -> None:
    missing = {
        node.name: sorted(unsaid)
        for node in public(ast.parse(path.read_text()).body)
        if len(values(node)) >= MANY and (unsaid := set(values(node)) - explained(node))
    }
    assert not missing
