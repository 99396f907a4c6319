"""What a rung chooses its examples from, and how many of them a request shows. Pure.

Examples near to a text teach more than drawn ones (Liu et al., What Makes Good In-Context Examples
for GPT-3?, DeeLIO 2022), and a request pays for a few of them only. Which are near is for the
selector (see `nlu_shared.rendering.bm25`). Where the strata are few, one case of each stays fixed
before them, so that every answer stands in every request.
"""

from collections.abc import Iterator, Sequence

from nlu_shared.rendering import part_tokens
from nlu_shared.schemas.retrieval import MOST_BANKED, RetrievalSettings, Selector

from induction.engine.leak_guard.screen import BANK_TOKENS
from induction.task_kinds.base import Case, Task

SIZES = (8, 16, 32)
"""Examples chosen for a request, the first where only one size can be tried."""
SMALLER = (2, 1)
"""Where more examples do no good, or there is no room for more."""
LEAST_BANK = 24
"""Fewer cases than that are no choice."""
LEAST_PER_ANSWER = 2
MOST_FIXED = 32
"""Strata of which one case each is shown to every request."""
ANSWERS = 8
"""Different answers among the chosen ones, at least, where there are as many."""
NEARLY_ALL = 0.9


def parted(task: Task, cases: Sequence[Case], *, strata: int) -> tuple[list[Case], list[Case]]:
    """The cases that are fixed, and the bank; no bank where there are too few.

    task: makes examples of cases.
    cases: that may be quoted, one of each stratum in turn.
    strata: that there are.
    """
    fitting = list(_fitting(task, cases))
    if len(fitting) < LEAST_BANK:
        return [], []
    fixed = strata if strata <= MOST_FIXED else 0
    return fitting[:fixed], fitting[fixed:]


def settings(task: Task, bank: Sequence[Case], k: int) -> RetrievalSettings | None:
    """How k are chosen, bound to what k of nearly all examples take: a long one is shown where
    others are short. None where the bank is too small to choose so many from."""
    if len(bank) < 2 * k:
        return None
    answers = {task.stratum(case.truth) for case in bank}
    sizes = sorted(len(task.answers.example_line(task.example(case))) for case in bank)
    return RetrievalSettings(
        selector=Selector.BM25_1,
        k=k,
        per_answer=max(LEAST_PER_ANSWER, -(-k // min(ANSWERS, len(answers)))),
        max_characters=k * sizes[int(NEARLY_ALL * (len(sizes) - 1))],
    )


def _fitting(task: Task, cases: Sequence[Case]) -> Iterator[Case]:
    """As many, in their order, as a bank holds, each text once."""
    keys, left = set[str](), BANK_TOKENS
    for case in cases:
        example = task.example(case)
        if example.content_key in keys:
            continue
        left -= part_tokens(example, task.answers)
        if left < 0 or len(keys) == MOST_BANKED:
            return
        keys.add(example.content_key)
        yield case
