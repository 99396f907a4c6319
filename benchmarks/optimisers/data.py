"""The cases of one round: drawn by its seed, the same for every method.

`labelled` is all a method may see; `hidden` scores its prompt in the end and counts for nothing
else. Wrong labels, where a variant asks for them, are put into `labelled` only. A `Problem` is what
a peer is given of them.
"""

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path
from uuid import UUID

from induction.engine.data.chance import shuffled
from induction.task_kinds.base import Case, Task
from induction.task_kinds.intent import IntentTask
from nlu_shared.rendering import part_tokens, prompt_tokens
from nlu_shared.schemas.labels import LabelSpec
from nlu_shared.schemas.prompts import PromptContent

from deploy.demo.data import Row, read
from deploy.demo.options import SHIPPED

INTENTS, LABELLED, HIDDEN = 20, 200, 400
"""Drawn by each seed, where there are so many."""
HEADING = 16
"""Tokens of the line above the examples."""


@dataclass(frozen=True, slots=True)
class Pool:
    """Rows to label and rows to test on; one file serves as both, and is then divided."""

    name: str
    train: tuple[Row, ...]
    test: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Round:
    seed: int
    task: IntentTask
    labelled: tuple[Case, ...]
    hidden: tuple[Case, ...]
    max_prompt_tokens: int | None = None
    """Of the prompt a method ends with, where it can be bounded."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A prompt to improve, cases to learn from and cases to choose by."""

    task: Task
    baseline: PromptContent
    seed: int
    train: tuple[Case, ...]
    validation: tuple[Case, ...]
    max_prompt_tokens: int | None = None

    @classmethod
    def of(
        cls,
        task: Task,
        baseline: PromptContent,
        seed: int,
        train: Sequence[Case],
        validation: Sequence[Case],
    ) -> "Problem":
        """With the cases in an order drawn by the seed."""
        mixed = shuffled(train, name=_id, seed=seed, purpose="training")
        choosing = shuffled(validation, name=_id, seed=seed, purpose="validation")
        return cls(task, baseline, seed, tuple(mixed), tuple(choosing))


def divided(round: Round) -> Problem:
    """80 % of the labelled cases to learn from and 20 % to choose by, the same for every peer,
    in proportion to the intents."""
    by_truth: dict[str, list[Case]] = defaultdict(list)
    for case in round.labelled:
        by_truth[str(case.truth)].append(case)
    ordered = [case for truth in sorted(by_truth) for case in by_truth[truth]]
    rest = [case for number, case in enumerate(ordered) if number % 5]
    problem = Problem.of(round.task, round.task.baseline(), round.seed, rest, ordered[::5])
    return replace(problem, max_prompt_tokens=round.max_prompt_tokens)


def most_shown(problem: Problem) -> int:
    """How many of the cases to learn from fit into the prompt as examples, in their order."""
    bound, answers = problem.max_prompt_tokens, problem.task.answers
    if bound is None:
        return len(problem.train)
    left = bound - prompt_tokens(problem.baseline, answers) - HEADING
    sizes = accumulate(part_tokens(problem.task.example(case), answers) for case in problem.train)
    return sum(size <= left for size in sizes)


def _id(case: Case) -> object:
    return case.id


def pool(path: Path | None, *, text: str, label: str) -> Pool:
    """A folder with `train.csv` and `test.csv`, one file, or, without a path, the shipped one."""
    if path is None:
        path, text, label = SHIPPED, "text", "label"
    if path.is_dir():
        files = (path / "train.csv", path / "test.csv")
        train, test = (read(file, text=text, label=label).rows for file in files)
        return Pool(path.name, train, test)
    rows = read(path, text=text, label=label).rows
    return Pool(path.stem, rows, rows)


def drawn(
    source: Pool,
    *,
    seed: int,
    wrong: float = 0.0,
    labelled: int = LABELLED,
    hidden: int = HIDDEN,
) -> Round:
    """Intents, labelled cases and hidden cases of one seed; as many as there are of each.

    Labelled and hidden cases are drawn evenly over the intents and share no text.
    """
    chance = random.Random(seed)  # noqa: S311
    names = sorted({str(row.truth) for row in source.train})
    names = sorted(chance.sample(names, min(INTENTS, len(names))))
    known_rows = _even(source.train, names, labelled, chance)
    taken = {row.text for row in known_rows}
    others = [row for row in source.test if row.text not in taken]
    hidden_rows = _even(others, names, hidden, chance)
    cases = [
        Case(UUID(int=number), row.text, row.truth, f"{number}", may_quote=True)
        for number, row in enumerate((*known_rows, *hidden_rows), 1)
    ]
    task = IntentTask([LabelSpec(name=name) for name in names])
    known, unseen = cases[: len(known_rows)], tuple(cases[len(known_rows) :])
    return Round(seed, task, tuple(_mislabelled(known, names, wrong, chance)), unseen)


def _even(rows: Sequence[Row], names: list[str], size: int, chance: random.Random) -> list[Row]:
    by_name: dict[str, list[Row]] = defaultdict(list)
    for row in chance.sample(list(rows), len(rows)):
        by_name[str(row.truth)].append(row)
    return [row for name in names for row in by_name[name][: size // len(names)]]


def _mislabelled(
    cases: list[Case], names: list[str], share: float, chance: random.Random
) -> list[Case]:
    wrong = {case.id for case in chance.sample(cases, round(share * len(cases)))}
    return [
        replace(case, truth=chance.choice([one for one in names if one != case.truth]))
        if case.id in wrong
        else case
        for case in cases
    ]
