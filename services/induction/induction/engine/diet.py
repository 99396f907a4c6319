"""What a prompt could do without: which parts to try without, and when a shorter prompt is as good.

Coarse to fine, as in delta debugging (Zeller and Hildebrandt, IEEE TSE 28 (2002) 183-200): the
parts with the most tokens first, examples by halves, quarters and eighths in the order they came.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from nlu_shared.schemas.prompts import MOST_EDITS, Change, Edit, Op, PromptContent, Strategy

from induction.engine import unanswered
from induction.engine.evaluate import CaseBook
from induction.engine.paired import F1, fall
from induction.engine.plan import Plan
from induction.tasks.base import Task

TRIES = 6
"""Parts tried without, each for one look at validation."""
PATIENCE = 3
"""Refusals in a row that end a diet."""
MARGIN = 0.02
"""How far the validation score may fall, at most, for a shorter prompt."""
SURE = 1.645
"""Standard errors: one side of 95 %."""
FINENESS = (2, 4, 8)


def changes(task: Task, prompt: PromptContent) -> list[tuple[Change, PromptContent]]:
    """Each change that takes one part away, and the prompt it leaves: those that leave least first.

    Blocks come before examples. Protected ones stay, and all that the task cannot do without.
    """
    allowed = set(task.problems(prompt))
    found = []
    for parts in (_blocks(prompt), _examples(prompt)):
        left = [(change, _without(prompt, change)) for change in parts]
        found += sorted(left, key=lambda one: one[1].tokens)
    return [(change, after) for change, after in found if set(task.problems(after)) <= allowed]


def objection(plan: Plan, before: CaseBook, after: CaseBook) -> str | None:
    """Why the shorter prompt is not shown to be as good, or None. The books are on validation.

    It is when the upper end of the fall's 95 % interval (one-sided) lies within the margin: a test
    of non-inferiority (Piaggio et al., JAMA 308 (2012) 2594-2604). With few cases that takes a
    prompt that turns almost no answer. A higher score alone does not do: of several tries on the
    same few cases one scores higher by luck, and half of the examples would go for it.
    """
    if unheard := unanswered.objection(before.entries, before, after):
        return unheard
    scores: dict[str, F1] = {"validation": plan.task.objective}
    if plan.focused is not None:
        scores[plan.focused.name] = plan.focused.f1
    for name, f1 in scores.items():
        seen = fall(plan.task, f1, before, after)
        if seen.size + SURE * seen.error > MARGIN:
            return (
                f"not shown to be as good without it: {name} goes from {seen.before:.4f} to"
                f" {seen.after:.4f}, and a fall of more than {MARGIN:g} cannot be ruled out"
            )
    return None


def _blocks(prompt: PromptContent) -> Iterator[Change]:
    if len(prompt.instructions) == 1:
        return
    for block in prompt.instructions:
        if not block.protected:
            edit = Edit(op=Op.REMOVE_BLOCK, block=block.name)
            yield _change(Strategy.INSTRUCTIONS, f"block {block.name!r}", [edit])


def _examples(prompt: PromptContent) -> Iterator[Change]:
    size, told = len(prompt.examples), set[tuple[int, int]]()
    for parts in FINENESS:
        bounds = [part * size // parts for part in range(parts + 1)]
        for first, end in pairwise(bounds):
            if not 0 < end - first <= MOST_EDITS or (first, end) in told:
                continue
            told.add((first, end))
            edits = [Edit(op=Op.REMOVE_EXAMPLE, example=index) for index in range(first, end)]
            what = f"examples {first + 1} to {end}" if end - first > 1 else f"example {end}"
            yield _change(Strategy.EXAMPLES, f"{what} of {size}", edits)


def _change(strategy: Strategy, what: str, edits: Sequence[Edit]) -> Change:
    return Change(strategy=strategy, rationale=f"Diet: without {what}.", edits=tuple(edits))


def _without(prompt: PromptContent, change: Change) -> PromptContent:
    blocks = {edit.block for edit in change.edits}
    indices = {edit.example for edit in change.edits if edit.example is not None}
    return PromptContent(
        instructions=tuple(block for block in prompt.instructions if block.name not in blocks),
        examples=tuple(one for at, one in enumerate(prompt.examples) if at not in indices),
    )
