"""A proposed change applied to a prompt: a new prompt, or the reason why not.

Edits apply in their order. Examples are removed by their index in the prompt as it was shown,
and added ones go to the end.
"""

from collections.abc import Collection, Mapping
from uuid import UUID

from nlu_shared.schemas.prompts import (
    Block,
    Change,
    Edit,
    Example,
    Op,
    PromptContent,
    Retrieval,
    Strategy,
)
from pydantic import ValidationError

from induction.task_kinds.base import Case, Task

MOST_EXAMPLES = 12
_ON_EXAMPLES = {Op.ADD_EXAMPLE, Op.REMOVE_EXAMPLE, Op.SET_RETRIEVAL}


class InvalidChange(ValueError):
    """The change cannot be applied; the message tells its author why. It is stored, so it repeats
    nothing the author wrote freely."""


class UnknownBlock(InvalidChange): ...


class ProtectedBlock(InvalidChange): ...


class UnknownExample(InvalidChange): ...


class UnquotableCase(InvalidChange): ...


class InvalidOutput(InvalidChange): ...


def apply(
    content: PromptContent,
    change: Change,
    *,
    shown: Mapping[UUID, Case],
    most_examples: int = MOST_EXAMPLES,
    task: Task,
    keep: Collection[str] = (),
    pins: Collection[str] = (),
) -> PromptContent:
    """`content` after `change`. Raises InvalidChange.

    content: the prompt as its author was shown it.
    change: its edits apply in their order.
    shown: the cases that can be quoted, if they allow it, by id.
    most_examples: how many can be added.
    task: says which outputs are valid.
    keep: the names of blocks that must still be there.
    pins: the names of blocks that stay as they are.
    """
    _check_strategy(change)
    added = [
        _added_example(edit, shown, task) for edit in change.edits if edit.op is Op.ADD_EXAMPLE
    ]
    if len(added) > most_examples:
        raise InvalidChange(f"adds {len(added)} examples, at most {most_examples} are allowed")
    removed = {
        _removed_index(edit, content) for edit in change.edits if edit.op is Op.REMOVE_EXAMPLE
    }
    blocks = content.instructions
    kept = [one for index, one in enumerate(content.examples) if index not in removed]
    try:
        for edit in change.edits:
            if edit.op not in _ON_EXAMPLES:
                blocks = _edited(blocks, edit, pins)
        if gone := set(keep) & _names(content.instructions) - _names(blocks):
            raise ProtectedBlock(f"block {min(gone)!r} carries the task and cannot be removed")
        return PromptContent(
            instructions=blocks,
            examples=(*kept, *_new(added, kept)),
            retrieval=_retrieval(content, change, shown, task),
        )
    except ValidationError as problem:
        raise InvalidChange(problem.errors(include_input=False)[0]["msg"]) from problem


def _names(blocks: tuple[Block, ...]) -> set[str]:
    return {block.name for block in blocks}


def quoted(change: Change) -> set[UUID]:
    """The cases a change turns into examples, of the prompt or of its bank."""
    shown = {edit.case for edit in change.edits if edit.op is Op.ADD_EXAMPLE and edit.case}
    return shown.union(*(edit.retrieval.cases for edit in change.edits if edit.retrieval))


def _check_strategy(change: Change) -> None:
    touched = {edit.op in _ON_EXAMPLES for edit in change.edits}
    says = {Strategy.EXAMPLES: {True}, Strategy.INSTRUCTIONS: {False}, Strategy.BOTH: {True, False}}
    if touched != says[change.strategy]:
        raise InvalidChange(
            f"strategy {change.strategy} does not fit the edits: A changes examples only, "
            "B instructions only, C both"
        )


def _edited(blocks: tuple[Block, ...], edit: Edit, pins: Collection[str]) -> tuple[Block, ...]:
    if edit.block is None or (edit.op is not Op.REMOVE_BLOCK and not (edit.text or "").strip()):
        raise InvalidChange(f"{edit.op} needs a block and, unless it removes it, a text")
    text = edit.text or ""
    present = next((block for block in blocks if block.name == edit.block), None)
    if edit.op is Op.ADD_BLOCK:
        if present:
            raise InvalidChange(f"block {edit.block!r} exists already")
        return (*blocks, Block(name=edit.block, text=text))
    if present is None:
        names = ", ".join(block.name for block in blocks)
        raise UnknownBlock(f"there is no such block; there are {names}")
    if present.protected or present.name in pins:
        raise ProtectedBlock(f"block {edit.block!r} is protected")
    if edit.op is Op.REMOVE_BLOCK:
        return tuple(block for block in blocks if block is not present)
    after = text if edit.op is Op.REPLACE_BLOCK else f"{present.text}\n{text}"
    new = Block(name=present.name, text=after)
    return tuple(new if block is present else block for block in blocks)


def _added_example(edit: Edit, shown: Mapping[UUID, Case], task: Task) -> Example:
    if edit.case is not None:
        return _quoted(edit.case, shown, task)
    if not (edit.text or "").strip():
        raise InvalidChange("add_example needs a case, or a text and its output")
    if not task.is_valid_output(edit.output):
        raise InvalidOutput("the output of an added example is no valid output of this task")
    return Example(text=edit.text or "", output=edit.output)


def _quoted(case_id: UUID, shown: Mapping[UUID, Case], task: Task) -> Example:
    case = shown.get(case_id)
    if case is None or not case.may_quote:
        raise UnquotableCase("a case of add_example was not shown or may not be quoted")
    return task.example(case)


def _retrieval(
    content: PromptContent, change: Change, shown: Mapping[UUID, Case], task: Task
) -> Retrieval | None:
    """What examples are chosen from after the change."""
    edit = next((one for one in reversed(change.edits) if one.op is Op.SET_RETRIEVAL), None)
    if edit is None:
        return content.retrieval
    if edit.retrieval is None:
        return None
    if not all(0 <= place < len(content.bank) for place in edit.retrieval.kept):
        raise UnknownExample(f"the bank holds {len(content.bank)} examples, from 0")
    kept = [content.bank[place] for place in edit.retrieval.kept]
    added = [_quoted(case_id, shown, task) for case_id in edit.retrieval.cases]
    settings = edit.retrieval.settings.model_dump()
    return Retrieval(**settings, bank=(*kept, *_new(added, kept)))


def _removed_index(edit: Edit, content: PromptContent) -> int:
    if edit.example is None or not 0 <= edit.example < len(content.examples):
        raise UnknownExample(f"there is no such example; there are {len(content.examples)}, from 0")
    return edit.example


def _new(added: list[Example], kept: list[Example]) -> list[Example]:
    """The added examples without those that stand there already."""
    keys = {one.content_key for one in kept}
    fresh = []
    for example in added:
        if example.content_key not in keys:
            keys.add(example.content_key)
            fresh.append(example)
    return fresh
