"""What changed between two prompts, block by block and line by line. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from nlu_shared.schemas.base import canonical
from nlu_shared.schemas.prompts import (
    Block,
    BlockDiff,
    ChangeType,
    Example,
    Hunk,
    PromptContent,
    PromptDiff,
)

CONTEXT = 3
"""Unchanged lines shown around a change."""
MOST_PAIRS = 1_000_000
"""Pairs of lines that may be compared within one block. Beyond it the whole block is one hunk:
the time difflib takes grows faster than the pairs."""

_Key = tuple[str, int]


def compare(before: PromptContent, after: PromptContent) -> PromptDiff:
    """What must be done to `before` to get `after`.

    Blocks are paired by name, and by turn where a name stands twice; examples by what the model
    is told of them, not by the case they quote.
    """
    old, new = _named(before), _named(after)
    gone = [key for key in old if key not in new]
    blocks = [_block(key[0], old.get(key), new.get(key)) for key in [*new, *gone]]
    return PromptDiff(
        blocks=[block for block in blocks if block is not None],
        is_reordered=[key for key in old if key in new] != [key for key in new if key in old],
        examples_added=_without(after.examples, before.examples),
        examples_removed=_without(before.examples, after.examples),
        tokens_before=before.tokens,
        tokens_after=after.tokens,
    )


def as_lines(diff: PromptDiff) -> Iterator[str]:
    """The same for a terminal, in the manner of a unified diff."""
    for block in diff.blocks:
        yield f"{block.change_type} block {block.name}"
        for hunk in block.hunks:
            yield f"@@ -{hunk.before_line} +{hunk.after_line} @@"
            yield from hunk.lines
    if diff.is_reordered:
        yield "blocks reordered"
    for sign, examples in (("-", diff.examples_removed), ("+", diff.examples_added)):
        for example in examples:
            yield f"{sign} example {canonical([example.text, example.output])}"
    yield f"tokens {diff.tokens_before} -> {diff.tokens_after}"


def _named(content: PromptContent) -> dict[_Key, Block]:
    turns: dict[str, int] = defaultdict(int)
    named: dict[_Key, Block] = {}
    for block in content.instructions:
        named[block.name, turns[block.name]] = block
        turns[block.name] += 1
    return named


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


def _without(examples: Sequence[Example], others: Sequence[Example]) -> list[Example]:
    """The examples that `others` does not hold, each as often as it is missing there."""
    held = Counter(_line(other) for other in others)
    missing = []
    for example in examples:
        line = _line(example)
        if held[line]:
            held[line] -= 1
        else:
            missing.append(example)
    return missing


def _line(example: Example) -> str:
    return canonical([example.text, example.output])
