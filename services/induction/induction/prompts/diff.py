"""What changed between two prompts, block by block and line by line. Pure."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import TypeVar

from nlu_shared.rendering import AnswerSpace, prompt_tokens
from nlu_shared.schemas.diffs import BlockDiff, ChangeType, Hunk, PromptDiff, RetrievalDiff
from nlu_shared.schemas.prompts import Block, Example, PromptContent

CONTEXT = 3
"""Unchanged lines shown around a change."""
MOST_PAIRS = 1_000_000
"""Pairs of lines that may be compared within one block. Beyond it the whole block is one hunk:
the time difflib takes grows faster than the pairs."""

Part = TypeVar("Part", Block, Example)
_Key = tuple[str, int]
"""A part's name or words, and the number of parts before it that share them."""


def compare(before: PromptContent, after: PromptContent, answers: AnswerSpace) -> PromptDiff:
    """What must be done to `before` to get `after`; `answers` are what `after` can be answered.

    Blocks are paired by name, and by turn where a name stands twice; examples by what the model
    is told of them, not by the case they quote.
    """
    old, new = _turns(before.instructions), _turns(after.instructions)
    gone = [key for key in old if key not in new]
    blocks = [_block(key[0], old.get(key), new.get(key)) for key in [*new, *gone]]
    old_examples, new_examples = _turns(before.examples), _turns(after.examples)
    return PromptDiff(
        blocks=[block for block in blocks if block is not None],
        is_reordered=_is_reordered(old, new) or _is_reordered(old_examples, new_examples),
        examples_added=_without(new_examples, old_examples),
        examples_removed=_without(old_examples, new_examples),
        retrieval=_retrieval(before, after),
        tokens_before=prompt_tokens(before, answers),
        tokens_after=prompt_tokens(after, answers),
    )


def as_lines(diff: PromptDiff) -> Iterator[str]:
    """The same for a terminal, in the manner of a unified diff."""
    for block in diff.blocks:
        yield f"{block.change_type} block {block.name}"
        for hunk in block.hunks:
            yield f"@@ -{hunk.before_line} +{hunk.after_line} @@"
            yield from hunk.lines
    if diff.is_reordered:
        yield "reordered"
    for sign, examples in (("-", diff.examples_removed), ("+", diff.examples_added)):
        for example in examples:
            yield f"{sign} example {spelled(example)}"
    if diff.retrieval is not None:
        yield from _bank_lines(diff.retrieval)
    yield f"tokens {diff.tokens_before} -> {diff.tokens_after}"


def spelled(example: Example) -> str:
    """All a model reads of it, on one line."""
    return json.dumps(example.row, ensure_ascii=False, separators=(",", ":"))


def _turns(parts: Sequence[Part]) -> dict[_Key, Part]:
    turns: Counter[str] = Counter()
    named: dict[_Key, Part] = {}
    for part in parts:
        name = part.name if isinstance(part, Block) else part.content_key
        named[name, turns[name]] = part
        turns[name] += 1
    return named


def _is_reordered(before: Mapping[_Key, Part], after: Mapping[_Key, Part]) -> bool:
    return [key for key in before if key in after] != [key for key in after if key in before]


def _block(name: str, before: Block | None, after: Block | None) -> BlockDiff | None:
    if before == after:
        return None
    if before and after:
        change_type = ChangeType.CHANGED
    else:
        change_type = ChangeType.ADDED if after else ChangeType.REMOVED
    return BlockDiff(
        name=name,
        change_type=change_type,
        was_protected=before.protected if before else None,
        is_protected=after.protected if after else None,
        hunks=list(_hunks(_lines(before), _lines(after))),
    )


def _retrieval(before: PromptContent, after: PromptContent) -> RetrievalDiff | None:
    """The bank as one part: a page would not hold its examples."""
    old, new = before.retrieval, after.retrieval
    if (old and old.wording) == (new and new.wording):
        return None
    if old and new:
        change_type = ChangeType.CHANGED
    else:
        change_type = ChangeType.ADDED if new else ChangeType.REMOVED
    old_bank, new_bank = _turns(before.bank), _turns(after.bank)
    return RetrievalDiff(
        change_type=change_type,
        before=old and old.settings,
        after=new and new.settings,
        examples_before=len(before.bank),
        examples_after=len(after.bank),
        examples_added=len(_without(new_bank, old_bank)),
        examples_removed=len(_without(old_bank, new_bank)),
        is_reordered=_is_reordered(old_bank, new_bank),
    )


def _bank_lines(diff: RetrievalDiff) -> Iterator[str]:
    yield f"{diff.change_type} bank of examples"
    sides = (("-", diff.before, diff.examples_before), ("+", diff.after, diff.examples_after))
    for sign, chosen, size in sides:
        if chosen is not None:
            yield (
                f"{sign} {chosen.k} of {size} by {chosen.selector}, {chosen.per_answer} with one"
                f" answer and {chosen.max_characters} characters at most"
            )
    yield f"bank +{diff.examples_added} -{diff.examples_removed} examples"


def _lines(block: Block | None) -> list[str]:
    return block.text.split("\n") if block else []


def _hunks(before: list[str], after: list[str]) -> Iterator[Hunk]:
    if len(before) * len(after) > MOST_PAIRS:
        yield _hunk(before, after, [("replace", 0, len(before), 0, len(after))])
        return
    for group in SequenceMatcher(None, before, after).get_grouped_opcodes(CONTEXT):
        yield _hunk(before, after, group)


def _hunk(
    before: list[str], after: list[str], group: Sequence[tuple[str, int, int, int, int]]
) -> Hunk:
    lines: list[str] = []
    for tag, old, old_end, new, new_end in group:
        if tag == "equal":
            lines += [f" {line}" for line in before[old:old_end]]
        else:
            lines += [f"-{line}" for line in before[old:old_end]]
            lines += [f"+{line}" for line in after[new:new_end]]
    return Hunk(before_line=group[0][1] + 1, after_line=group[0][3] + 1, lines=lines)


def _without(examples: Mapping[_Key, Example], others: Mapping[_Key, Example]) -> list[Example]:
    """The examples that `others` does not hold, each as often as it is missing there."""
    return [example for key, example in examples.items() if key not in others]
