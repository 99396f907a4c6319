"""A prompt read from a `prompts.py` or a JSON export; nothing in them is run. Pure.

Reading takes literals only. What Python would make of a module and this would not is refused by
name: nothing that belongs to a prompt is dropped.
"""

import ast
import json
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from nlu_shared.rendering import AnswerSpace
from nlu_shared.rendering.retrieval import SOURCES
from nlu_shared.schemas.base import Slug, canonical
from nlu_shared.schemas.endpoints import ApiForm, Dialect, ModelEndpoint
from nlu_shared.schemas.prompts import Block, PromptContent, Retrieval, TaskKind
from nlu_shared.schemas.rendered import ModuleConstants
from pydantic import BaseModel, ConfigDict, ValidationError

from induction.prompts import export
from induction.prompts.export import (
    BANK,
    BLOCKS,
    CHECKED,
    EXAMPLES,
    INSTRUCTIONS,
    METADATA,
    RETRIEVAL,
    ROW,
    SELECTOR,
    SELECTOR_BEGINS,
    SELECTOR_ENDS,
)
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
CHOOSING = frozenset({SELECTOR, RETRIEVAL, BANK})
CHANGED = OURS | CHOOSING
"""What of a module of ours a person may change."""


class ExportOrigin(BaseModel):
    """What an export says of the version it holds, and of what its answers can be."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    task: Slug
    version_id: UUID
    version_hash: str
    rendered_hash: str | None = None
    kind: TaskKind | None = None
    labels: tuple[str, ...] = ()
    spellings: dict[str, str] = {}
    endpoint: ModelEndpoint | None = None

    @property
    def form(self) -> tuple[ApiForm, Dialect]:
        """In which its request is sent; before there were others it was Messages, whole."""
        endpoint = self.endpoint or ModelEndpoint.plain("")
        return endpoint.api, endpoint.dialect


@dataclass(frozen=True, slots=True)
class ReadPrompt:
    """What a file says: a prompt, the names its module has for it, and where it is from; None for
    one that is no export."""

    content: PromptContent
    constants: ModuleConstants | None = None
    origin: ExportOrigin | None = field(default=None, compare=False)


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
        return ReadPrompt(content, _constants(document), _origin(document))
    except (ValueError, AttributeError, RecursionError):  # ValidationError is a ValueError
        raise UnreadableModule("The document holds no content of a prompt.") from None


def _as_written(text: str, most_code: int | None) -> ReadPrompt | None:
    """None where the text is not, to the letter, what `to_module` wrote."""
    _, mark, rest = text.partition(CHECKED)
    claimed, _, body = rest.partition("\n")
    if not mark or claimed != export.sha256(body):
        return None
    rows: dict[str, list[Any]] = {BLOCKS: [], EXAMPLES: [], BANK: []}
    values: dict[str, Any] = {METADATA: {}}
    within: list[Any] | None = None
    for line in _without_selector(body)[0].split("\n"):
        name, _, value = line.partition(" = ")
        if name in (METADATA, SELECTOR, RETRIEVAL):
            values[name], within = ast.literal_eval(bounded(value, most_code)), None
        elif not line.startswith(ROW):
            within = rows.get(line.removesuffix(" = ["))
        elif within is not None:
            row = bounded(line.strip().removesuffix(","), most_code)
            within.append(ast.literal_eval(row))
    metadata = values.pop(METADATA)
    chosen = values | {BANK: rows[BANK]} if values else {}
    content = _structured(rows[BLOCKS], rows[EXAMPLES], chosen)
    return ReadPrompt(content, _constants(metadata), _origin(metadata))


def _without_selector(text: str) -> tuple[str, bool]:
    """The text with the lines of its selector left empty, and whether it had one. Raises
    UnreadableModule for one that is not, to the letter, a selector of ours: none is run here."""
    before, begins, rest = text.partition(f"\n{SELECTOR_BEGINS}")
    if not begins:
        return text, False
    within, ends, after = rest.partition(f"\n{SELECTOR_ENDS}")
    _, _, selector = f"{within}\n".replace("\r\n", "\n").partition("\n")
    if not ends or export.sha256(selector) not in SOURCES.values():
        raise UnreadableModule("The selector is not, to the letter, one that an export has.")
    return before + "\n" * (within.count("\n") + 2) + after, True


def _of_a_tree(text: str, most_code: int | None) -> ReadPrompt:
    rest, has_selector = _without_selector(text)
    tree = ast.parse(bounded(rest, most_code))
    assigned = constants_of(tree)
    if has_selector != (BANK in assigned):
        raise UnreadableModule(f"A selector and {BANK} stand together, or neither does.")
    if has_selector:
        _require_plain(tree)
    if assigned.keys() >= OURS:
        return _edited(assigned)
    return ReadPrompt(*of_texts(assigned))


def _require_plain(tree: ast.Module) -> None:
    """What has a name beside the selector could be taken for a part of it."""
    for node in tree.body:
        if not isinstance(node, ast.Assign | ast.AnnAssign | ast.Expr):
            raise UnreadableModule(f"Line {node.lineno} is neither a constant nor the selector.")


def _edited(assigned: dict[str, Constant]) -> ReadPrompt:
    """A module of ours that somebody has changed: in its blocks and examples, or not at all."""
    named = {name: literal(assigned[name]) for name in CHANGED & assigned.keys()}
    content = _structured(named.pop(BLOCKS), named.pop(EXAMPLES), named)
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
        if name in CHANGED or name == METADATA:
            continue
        if name not in follows:
            raise UnreadableModule(f"{one} is not read: it stands in no export.")
        if literal(one) != follows[name]:
            raise UnreadableModule(
                f"{one} is not what {BLOCKS} and {EXAMPLES} make of it: change those."
            )
    return ReadPrompt(content, constants, _origin(metadata))


def _origin(document: dict[str, Any]) -> ExportOrigin | None:
    try:
        return ExportOrigin.model_validate(document)
    except ValidationError:
        return None


def _constants(document: dict[str, Any]) -> ModuleConstants | None:
    constants = document.get("constants")
    return None if constants is None else ModuleConstants.model_validate(constants)


def _structured(blocks: Any, examples: Any, chosen: dict[str, Any]) -> PromptContent:
    """`chosen` are the constants of a module that chooses examples, by name."""
    return PromptContent(
        instructions=tuple(
            Block(name=name, text=text, protected=protected) for name, text, protected in blocks
        ),
        examples=tuple(export.example_of(*row) for row in examples),
        retrieval=_retrieval(chosen) if chosen else None,
    )


def _retrieval(chosen: dict[str, Any]) -> Retrieval:
    if missing := CHOOSING - chosen.keys():
        raise UnreadableModule(f"{min(missing)} is missing.")
    bank = tuple(export.example_of(*row) for row in chosen[BANK])
    return Retrieval(selector=chosen[SELECTOR], **chosen[RETRIEVAL], bank=bank)
