"""Runs and verdicts whose truth is known, because chance makes them and not a model."""

import json
import random
import re
from collections.abc import Sequence
from uuid import UUID

from induction.engine.data.splits import assign
from induction.engine.evaluation.evaluate import EvalResults, judge
from induction.engine.plan import Plan
from induction.engine.runtime import Call
from induction.engine.verdict.verdict import Ground, verdict
from induction.task_kinds.base import Case, ModelAnswer, Outcome, Prediction
from induction.task_kinds.intent import IntentTask
from nlu_shared.schemas.base import digest
from nlu_shared.schemas.events import Split, VerdictReached
from nlu_shared.schemas.labels import LabelSpec
from nlu_shared.schemas.verdicts import Verdict

from tests.induction.engine.runtimes import Recording, events_of

LABELS = ["one", "two", "three", "four", "five"]
TASK = IntentTask([LabelSpec(name=name) for name in LABELS])
BEFORE = 0.6
"""The share of cases that a prompt gets right."""


def cases(number: int) -> list[Case]:
    return [
        Case(UUID(int=n), f"text{n} says{n} things{n}", LABELS[n % 5], f"group {n}", False)
        for n in range(1, number + 1)
    ]


def judged_by(
    *, fixes: float, breaks: float, noise: float, seed: int, number: int = 200, repeats: int = 0
) -> Verdict:
    """On `number` test cases, of a change that turns so many of them, with so many answers left to
    chance, each case asked `repeats` times more."""
    chance = random.Random(seed)
    known = cases(number)
    before, after = [], []
    for _ in known:
        right = chance.random() < BEFORE
        turned = chance.random() < (breaks / BEFORE if right else fixes / (1 - BEFORE))
        before.append(right)
        after.append(right != turned)

    def asked(right: Sequence[bool]) -> EvalResults:
        said = [
            chance.choice(LABELS) if chance.random() < noise else _said(case, one, chance)
            for case, one in zip(known, right, strict=True)
        ]
        return EvalResults(
            {
                case.id: judge(TASK, case, Prediction(output=label))
                for case, label in zip(known, said, strict=True)
            }
        )

    books = [(asked(before), asked(after)) for _ in range(1 + repeats)]
    ground = Ground(split=Split.TEST, groups=1_000, again=tuple(books[1:]))
    return verdict(TASK, *books[0], ground, seed=seed)


def _said(case: Case, right: bool, chance: random.Random) -> str:
    others = [label for label in LABELS if label != case.truth]
    return str(case.truth) if right else chance.choice(others)


class Indifferent(Recording):
    """A model to which no prompt makes a difference, and a proposer that does not know. It answers
    a share of `noise` by chance, another one for each prompt."""

    def __init__(self, *, noise: float, seed: int) -> None:
        super().__init__()
        self._noise, self._seed, self._proposals = noise, seed, 0

    async def ask(self, calls: Sequence[Call]) -> list[ModelAnswer]:
        return [self._one(call) for call in calls]

    def _one(self, asked: Call) -> ModelAnswer:
        if asked.purpose == "proposer":
            self._proposals += 1
            edit = {"op": "add_block", "block": f"note{self._proposals}", "text": "Take care."}
            change = {"strategy": "B", "rationale": "It might help.", "edits": [edit]}
            return ModelAnswer(Outcome.OK, json.dumps(change))
        number = int(re.findall(r"things(\d+)", asked.request.user)[-1])
        fate = random.Random(f"{self._seed} {digest([asked.request.key, asked.sample])}")
        nature = random.Random(f"{self._seed} {number}")
        if fate.random() < self._noise:
            return _told(fate.choice(LABELS))
        right = nature.random() < BEFORE
        return _told(LABELS[number % 5] if right else nature.choice(LABELS))


def _told(label: str) -> ModelAnswer:
    return ModelAnswer(Outcome.OK, json.dumps({"label": label}))


async def run_of_nothing(*, noise: float, seed: int, number: int = 300) -> Verdict:
    """The verdict of a whole run in which no change can change anything."""
    known = tuple(cases(number))
    plan = Plan(
        task=TASK,
        cases=known,
        dataset_hash="simulated",
        splits=assign(known, {case.id: str(case.truth) for case in known}, {}, seed),
        baseline=TASK.baseline(),
        task_model="claude-haiku-4-5",
        proposer_model="claude-haiku-4-5",
        seed=seed,
        max_iterations=5,
    )
    for event in await events_of(plan, Indifferent(noise=noise, seed=seed)):
        if isinstance(event, VerdictReached):
            return event.verdict
    raise AssertionError("the run came to no verdict")
