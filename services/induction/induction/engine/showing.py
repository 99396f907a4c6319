"""The opening change, made by no proposer: as many training cases as examples as there is room.

Showing many cases is the plainest way to use them, and among the most reliable: scores mostly rise
with the number of examples into the hundreds (Agarwal et al., Many-Shot In-Context Learning,
NeurIPS 2024). One look at validation tells whether it holds here. There is no gate before it:
it is aimed at no mistake in particular. Shown cases go on to teach, and where training cases choose
the prompt also to choose: none is asked with its own example (see `unseen`).
"""

from collections import defaultdict
from collections.abc import Sequence

from nlu_shared.schemas.prompts import MOST_EDITS, Change, Edit, Op, PromptContent, Strategy

from induction.engine.chance import shuffled
from induction.engine.screen import EXAMPLE_TOKENS
from induction.tasks.base import Case, Task

RATIONALE = "Shows {} training cases, drawn evenly over the strata, as examples."


def opening(
    task: Task, prompt: PromptContent, train: Sequence[Case], *, seed: int
) -> Change | None:
    """As many quotable cases as fit, or None where there are none."""
    told = {example.text for example in prompt.examples}
    quotable = [case for case in train if case.may_quote and case.text not in told]
    drawn = _fitting(task, _evenly(task, quotable, seed), prompt)
    edits = tuple(Edit(op=Op.ADD_EXAMPLE, case=case.id) for case in drawn)
    rationale = RATIONALE.format(len(edits))
    return Change(strategy=Strategy.EXAMPLES, rationale=rationale, edits=edits) if edits else None


def _evenly(task: Task, cases: Sequence[Case], seed: int) -> list[Case]:
    """The first of every stratum, then the second of every stratum, and so on."""
    strata: dict[str, list[Case]] = defaultdict(list)
    for case in shuffled(cases, name=lambda case: case.id, seed=seed, purpose="opening"):
        strata[task.stratum(case.truth)].append(case)
    ranked = [(turn, name, case) for name, own in strata.items() for turn, case in enumerate(own)]
    return [case for _, _, case in sorted(ranked, key=lambda one: one[:2])]


def _fitting(task: Task, cases: Sequence[Case], prompt: PromptContent) -> list[Case]:
    """As many of the cases, in their order, as the room for examples holds."""
    left = EXAMPLE_TOKENS * 4 - sum(len(e.text) + len(str(e.output)) for e in prompt.examples)
    fitting = []
    for case in cases[:MOST_EDITS]:
        example = task.example(case)
        left -= len(example.text) + len(str(example.output))
        if left < 0:
            break
        fitting.append(case)
    return fitting
