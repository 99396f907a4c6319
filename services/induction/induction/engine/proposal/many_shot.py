"""The opening change, made by no proposer: as many training cases as examples as there is room.

Showing many cases is the plainest way to use them, and among the most reliable: scores mostly rise
with the number of examples into the hundreds (Agarwal et al., Many-Shot In-Context Learning,
NeurIPS 2024). One look at validation tells whether it holds here. There is no gate before it:
it is aimed at no mistake in particular. Shown cases go on to teach, and where training cases choose
the prompt also to choose: none is asked with its own example (see `folds`).
"""

from collections import defaultdict
from collections.abc import Sequence

from nlu_shared.schemas.prompts import MOST_EDITS, Change, Edit, Op, PromptContent, Strategy

from induction.engine.data.chance import shuffled
from induction.engine.leak_guard.screen import EXAMPLE_TOKENS
from induction.engine.proposal import edits
from induction.task_kinds.base import Case, Task

RATIONALE = "Shows {} training cases, drawn evenly over the strata, as examples."


def opening(
    task: Task, prompt: PromptContent, train: Sequence[Case], *, seed: int
) -> tuple[Change, PromptContent] | None:
    """As many quotable cases as fit, as a change and the prompt it makes; None where there are
    none.

    task: makes examples of cases.
    prompt: its own examples stay and take their room.
    train: to draw from.
    seed: of the run.
    """
    shown = {example.content_key for example in prompt.examples}
    quotable = [
        case for case in train if case.may_quote and task.example(case).content_key not in shown
    ]
    drawn = _fitting(task, _evenly(task, quotable, seed), prompt)
    if not drawn:
        return None
    change = Change(
        strategy=Strategy.EXAMPLES,
        rationale=RATIONALE.format(len(drawn)),
        edits=tuple(Edit(op=Op.ADD_EXAMPLE, case=case.id) for case in drawn),
    )
    content = edits.apply(
        prompt,
        change,
        shown={case.id: case for case in drawn},
        most_examples=len(drawn),
        task=task,
    )
    return change, content


def _evenly(task: Task, cases: Sequence[Case], seed: int) -> list[Case]:
    """The first of every stratum, then the second of every stratum, and so on."""
    strata: dict[str, list[Case]] = defaultdict(list)
    for case in shuffled(cases, name=lambda case: case.id, seed=seed, purpose="opening"):
        strata[task.stratum(case.truth)].append(case)
    ranked = [(turn, name, case) for name, own in strata.items() for turn, case in enumerate(own)]
    return [case for _, _, case in sorted(ranked, key=lambda one: one[:2])]


def _fitting(task: Task, cases: Sequence[Case], prompt: PromptContent) -> list[Case]:
    """As many of the cases, in their order, as the room for examples holds."""
    left = EXAMPLE_TOKENS - prompt.example_tokens
    fitting = []
    for case in cases[:MOST_EDITS]:
        left -= task.example(case).tokens
        if left < 0:
            break
        fitting.append(case)
    return fitting
