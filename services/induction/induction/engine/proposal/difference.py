"""The change between two prompts, for whoever writes prompts whole instead of editing them. Pure.

Edits put new blocks and examples at the end, so what is kept is the beginning of the new prompt as
far as the old one holds it in that order; the rest is taken out and added anew.
"""

from collections.abc import Collection, Hashable, Iterator, Sequence

from nlu_shared.schemas.prompts import (
    MOST_EDITS,
    Change,
    Edit,
    Example,
    Op,
    PromptContent,
    Strategy,
)
from nlu_shared.schemas.retrieval import RetrievalEdit
from pydantic import ValidationError

from induction.engine.proposal import edits
from induction.engine.proposal.edits import InvalidChange
from induction.task_kinds.base import Case, Task

_STRATEGIES = {
    (True, False): Strategy.EXAMPLES,
    (False, True): Strategy.INSTRUCTIONS,
    (True, True): Strategy.BOTH,
}


def difference(
    before: PromptContent,
    after: PromptContent,
    *,
    cases: Sequence[Case],
    rationale: str,
    task: Task,
    keep: Collection[str] = (),
    pins: Collection[str] = (),
) -> tuple[Change, PromptContent]:
    """The change that makes `after` out of `before`, and the prompt it makes: word for word
    `after`, where examples that read as one of the `cases` which may be quoted now quote it.

    Raises InvalidChange where no change does that: a protected block is not as it was, a new block
    is protected or has no text, an example stands twice, one of no case has a context, a bank has a
    new one of no case, or it takes more than MOST_EDITS edits.

    before: the prompt that is changed.
    after: the prompt it is to become.
    cases: the training cases.
    rationale: why, in the author's words.
    task: what the prompt serves.
    keep: the names of blocks that must still be there.
    pins: the names of blocks that stay as they are.
    """
    on_blocks = list(_on_blocks(before, after))
    on_examples = [
        *_on_examples(before, after, cases, task),
        *_on_retrieval(before, after, cases, task),
    ]
    if not on_blocks and not on_examples:
        raise InvalidChange("changes nothing")
    try:
        change = Change(
            strategy=_STRATEGIES[bool(on_examples), bool(on_blocks)],
            rationale=rationale,
            edits=(*on_blocks, *on_examples),
        )
    except ValidationError as problem:
        raise InvalidChange(problem.errors(include_input=False)[0]["msg"]) from problem
    content = edits.apply(
        before,
        change,
        shown={case.id: case for case in cases},
        most_examples=MOST_EDITS,
        task=task,
        keep=keep,
        pins=pins,
    )
    if content.version_hash != after.version_hash:
        raise InvalidChange("no edits make this prompt out of the best one")
    return change, content


def _on_blocks(before: PromptContent, after: PromptContent) -> Iterator[Edit]:
    old, new = before.instructions, after.instructions
    kept = _kept([block.name for block in old], [block.name for block in new])
    for place, block in enumerate(old):
        if place not in kept:
            yield Edit(op=Op.REMOVE_BLOCK, block=block.name)
    for place, block in zip(kept, new, strict=False):
        if old[place].text != block.text:
            yield Edit(op=Op.REPLACE_BLOCK, block=block.name, text=block.text)
    for block in new[len(kept) :]:
        yield Edit(op=Op.ADD_BLOCK, block=block.name, text=block.text)


def _on_examples(
    before: PromptContent, after: PromptContent, cases: Sequence[Case], task: Task
) -> Iterator[Edit]:
    old, new = before.examples, after.examples
    kept = _kept([one.content_key for one in old], [one.content_key for one in new])
    for place in sorted(set(range(len(old))) - set(kept)):
        yield Edit(op=Op.REMOVE_EXAMPLE, example=place)
    added = new[len(kept) :]
    by_key = _quotable(cases, task) if added else {}
    for example in added:
        yield _added(example, by_key.get(example.content_key))


def _on_retrieval(
    before: PromptContent, after: PromptContent, cases: Sequence[Case], task: Task
) -> Iterator[Edit]:
    new = after.retrieval
    if (new and new.wording) == (before.retrieval and before.retrieval.wording):
        return
    if new is None:
        yield Edit(op=Op.SET_RETRIEVAL)
        return
    kept = _kept([one.content_key for one in before.bank], [one.content_key for one in new.bank])
    by_key = _quotable(cases, task)
    added = [by_key.get(one.content_key) for one in new.bank[len(kept) :]]
    if None in added:
        raise InvalidChange("a new example of the bank quotes no case that may be quoted")
    quoted = tuple(case.id for case in added if case is not None)
    settings = new.settings.model_dump()
    edit = RetrievalEdit(**settings, kept=tuple(kept), cases=quoted)
    yield Edit(op=Op.SET_RETRIEVAL, retrieval=edit)


def _quotable(cases: Sequence[Case], task: Task) -> dict[str, Case]:
    """The cases that may be quoted, by what a model reads of them."""
    return {task.example(case).content_key: case for case in cases if case.may_quote}


def _added(example: Example, case: Case | None) -> Edit:
    if case is not None:
        return Edit(op=Op.ADD_EXAMPLE, case=case.id)
    return Edit(op=Op.ADD_EXAMPLE, text=example.text, output=example.output)


def _kept(before: Sequence[Hashable], after: Sequence[Hashable]) -> list[int]:
    """Where the beginning of `after` stands in `before`: as much of it as stands there in order."""
    places: list[int] = []
    for one in after:
        start = places[-1] + 1 if places else 0
        place = next((at for at in range(start, len(before)) if before[at] == one), None)
        if place is None:
            break
        places.append(place)
    return places
