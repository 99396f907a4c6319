"""What says that it is pure opens nothing: no file, no connection, no module by a name in a text.

The contracts of `pyproject.toml` hold the imports of the rooms they name. This holds what no import
shows, and every module that calls itself pure, named there or not.
"""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
CONTRACTS: list[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"][
    "importlinter"
]["contracts"]
PURE = next(one for one in CONTRACTS if one["name"] == "Pure rooms do no I/O")
ROOMS: list[str] = PURE["source_modules"]
FORBIDDEN: list[str] = PURE["forbidden_modules"]
PURE_PARTS = {
    "nlu_shared.kit.errors", "nlu_shared.kit.http.plain", "nlu_shared.kit.refusals",
    "nlu_shared.client.prompted.served", "nlu_shared.kit.pages.scale",
    "nlu_shared.kit.pages.tables", "nlu_shared.kit.order", "nlu_shared.kit.pages.unseen",
}  # fmt: skip
OPENERS = {"open", "__import__", "import_module", "exec", "eval"}
OF_FILES = {
    "open", "read_text", "read_bytes", "write_text", "write_bytes", "unlink", "mkdir", "iterdir",
    "rglob", "import_module",
}  # fmt: skip
OPTIONAL = {"obstore", "obstore.store", "nlu_logger.exports.parquet"}
"""What an extra installs, and the file that imports one: loaded when somebody asks for it."""


def modules() -> Iterator[tuple[str, ast.Module]]:
    for package in sorted([ROOT / "shared", *(ROOT / "services").iterdir()]):
        for path in sorted(package.rglob("*.py")):
            name = ".".join(path.relative_to(package).with_suffix("").parts)
            yield name.removesuffix(".__init__"), ast.parse(path.read_text())


def is_within(name: str, rooms: list[str]) -> bool:
    return any(name == room or name.startswith(f"{room}.") for room in rooms)


PURE_MODULES = {
    name: tree
    for name, tree in modules()
    if is_within(name, ROOMS) or "Pure." in (ast.get_docstring(tree) or "")
}


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (one.name for one in names)
            case ast.ImportFrom(module=str(module), names=names):
                yield from (f"{module}.{one.name}" for one in names)


def opened(tree: ast.AST) -> Iterator[str]:
    """The calls that reach a file, or a module that no import names."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in OPENERS:
                yield f"{name} in line {node.lineno}"
            case ast.Call(func=ast.Attribute(attr=name)) if name in OF_FILES:
                yield f".{name} in line {node.lineno}"


def test_pure_modules_are_found() -> None:
    assert {"induction.prompts.export", "induction.engine.plan"} <= PURE_MODULES.keys()


@pytest.mark.parametrize("name", sorted(PURE_MODULES))
def test_a_pure_module_reaches_nothing_outside(name: str) -> None:
    tree = PURE_MODULES[name]
    assert not list(opened(tree))
    reached = {one for one in imported(tree) if is_within(one, FORBIDDEN)}
    assert not {one for one in reached if not is_within(one, [*PURE_PARTS])}


def test_modules_are_imported_by_statements_that_the_contracts_see() -> None:
    """An import by a name in a text is an arrow that nobody checks."""
    unseen = {
        (name, ast.unparse(node))
        for name, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).rpartition(".")[2] in {"import_module", "__import__"}
        and not (isinstance(node.args[0], ast.Constant) and node.args[0].value in OPTIONAL)
    }
    assert not unseen


def test_every_contract_of_layers_knows_every_room() -> None:
    """A new room without a floor would stand beside the arrows."""
    layers = [one for one in CONTRACTS if one["type"] == "layers"]
    assert layers
    assert all(one.get("exhaustive") is True for one in layers)
