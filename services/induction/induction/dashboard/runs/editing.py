"""What becomes of a version that a person edits. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from nlu_shared.kit.errors import Invalid
from nlu_shared.schemas.events import Split
from nlu_shared.schemas.prompts import Example, PromptContent

from induction.task_kinds.base import Case, Task


@dataclass(frozen=True, slots=True)
class Unquotable:
    """An example at this place (fixed ones first, then those to choose from) that no run may bring
    in any more: `was_judged` where its text is that of a case with another truth, or whose quoting
    is not allowed."""

    place: int
    example: Example
    was_judged: bool


def unquotable(
    edited: PromptContent,
    begins: PromptContent,
    cases: Sequence[Case],
    splits: Mapping[UUID, Split],
    task: Task,
) -> list[Unquotable]:
    """Examples of a version that a run which begins with another one would refuse.

    edited: the version.
    begins: what a run of it begins with: its examples stay as they are.
    cases: the ground truth of now.
    splits: of cases that runs have used; only those that teach are quoted.
    task: as runs know it.
    """
    teach = [one for one in cases if splits.get(one.id, Split.TRAIN) is Split.TRAIN]
    allowed = {task.example(one).content_key for one in teach if one.may_quote}
    stays = {one.content_key for one in (*begins.examples, *begins.bank)}
    known = {one.text for one in cases}
    refused = []
    for place, one in enumerate((*edited.examples, *edited.bank)):
        was_judged = one.text in known
        is_banked = place >= len(edited.examples)
        if one.content_key not in allowed | stays and (was_judged or is_banked):
            refused.append(Unquotable(place, one, was_judged))
    return refused


def edited(
    old: PromptContent, texts: Sequence[str], without: Collection[int] = ()
) -> PromptContent:
    """The version with other texts in its blocks, in their order; a block without one goes, and so
    do examples at some places, counted as in `Unquotable`. Raises Invalid where there are not as
    many, or none is left."""
    if len(texts) != len(old.instructions):
        raise Invalid("The version has other blocks: open its page anew.", code="other_blocks")
    blocks = [
        block.model_copy(update={"text": text})
        for block, text in zip(old.instructions, texts, strict=True)
        if text.strip()
    ]
    if not blocks:
        raise Invalid("A prompt has at least one block with a text.", code="no_text")
    examples = tuple(one for n, one in enumerate(old.examples) if n not in without)
    first = len(old.examples)
    banked = tuple(one for n, one in enumerate(old.bank, first) if n not in without)
    retrieval = old.retrieval
    if retrieval is not None and len(banked) < len(old.bank):
        retrieval = retrieval.model_copy(update={"bank": banked}) if banked else None
    return PromptContent(instructions=tuple(blocks), examples=examples, retrieval=retrieval)
