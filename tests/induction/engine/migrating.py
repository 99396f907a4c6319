"""Migrations whose truth is known: how often a new model is wrong is given, label by label."""

import json
import random
import re
from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

from induction.engine.data.splits import assign
from induction.engine.evaluation.results import EvalResults, judge
from induction.engine.migration.comparison import Terms, compared
from induction.engine.plan import Plan
from induction.engine.runtime import Call
from induction.task_kinds.base import Case, ModelAnswer, ModelPrediction, Outcome
from induction.task_kinds.intent import IntentTask
from nlu_shared.schemas.labels import LabelSpec
from nlu_shared.schemas.migration import Measure, ModelComparison

from tests.induction.engine.runtimes import Recording

RIGHT = 0.85
"""The share of each label's cases that the old model gets right."""
EVEN = (40,) * 5
RARE = (55,) * 9 + (5,)


def task_of(labels: int) -> IntentTask:
    return IntentTask([LabelSpec(name=f"label{at}") for at in range(labels)])


def cases_of(sizes: Sequence[int]) -> tuple[Case, ...]:
    truths = [at for at, size in enumerate(sizes) for _ in range(size)]
    return tuple(
        Case(UUID(int=n), f"text{n} says{n} things{n}", f"label{at}", f"group {n}", False)
        for n, at in enumerate(truths, start=1)
    )


def macro_f1(sizes: Sequence[int], right: Sequence[float]) -> float:
    """Of a model whose wrong answers fall on the other labels alike."""
    wrong = [
        size * (1 - share) / (len(sizes) - 1) for size, share in zip(sizes, right, strict=True)
    ]
    f1 = 0.0
    for at, (size, share) in enumerate(zip(sizes, right, strict=True)):
        hits = size * share
        f1 += 2 * hits / (hits + size + sum(wrong) - wrong[at])
    return f1 / len(sizes)


def breaking(
    sizes: Sequence[int], loss: float, *, fixes: float, only: int | None = None
) -> list[float]:
    """The share of each label's cases that a new model breaks, alike or of one label `only`, so
    that it truly loses so much macro-F1; it fixes the share `fixes` of each."""
    low, high = 0.0, RIGHT
    for _ in range(50):
        more = (low + high) / 2
        breaks = [fixes + more * (only in (None, at)) for at in range(len(sizes))]
        right = [RIGHT + fixes - one for one in breaks]
        before = macro_f1(sizes, [RIGHT] * len(sizes))
        low, high = (low, more) if before - macro_f1(sizes, right) > loss else (more, high)
    return [fixes + high * (only in (None, at)) for at in range(len(sizes))]


def compared_by(
    sizes: Sequence[int],
    breaks: Sequence[float],
    *,
    fixes: float,
    seed: int,
    margin: float = 0.02,
    looks: int = 0,
) -> ModelComparison:
    """One comparison on test cases, `sizes` of each label."""
    chance, task = random.Random(seed), task_of(len(sizes))
    before, after = {}, {}
    for case in cases_of(sizes):
        at = int(str(case.truth)[5:])
        was_right = chance.random() < RIGHT
        turned = chance.random() < (breaks[at] / RIGHT if was_right else fixes / (1 - RIGHT))
        wrong = chance.choice([f"label{other}" for other in range(len(sizes)) if other != at])
        for results, right in ((before, was_right), (after, was_right != turned)):
            label = str(case.truth) if right else wrong
            results[case.id] = judge(task, case, ModelPrediction(output=label))
    terms = Terms(
        model="new",
        version_hash="simulated",
        optimised=False,
        tested_on="test",
        measure=Measure.F1,
        margin=margin,
        models=1,
        looks=looks,
        groups=5 * sum(sizes),
        seed=seed,
    )
    return compared(task, EvalResults(before), EvalResults(after), terms)


def shown_in(system: Sequence[str]) -> int:
    """How many examples a prompt shows: one a line, as JSON of a text and its answer."""
    lines = [line for part in system for line in part.splitlines()]
    return sum(line.startswith('{"text": "text') for line in lines)


class Models(Recording):
    """Answers by the model that is asked: `answers` maps its name to what it says to case number n
    of truth t, given how often it was asked before."""

    def __init__(self, answers: Mapping[str, Callable[[int, int, int], int]], labels: int) -> None:
        super().__init__()
        self._answers, self._labels = answers, labels
        self.sent: list[Call] = []

    async def ask(self, calls: Sequence[Call], ahead: Sequence[Call] = ()) -> list[ModelAnswer]:
        self.sent += calls
        return [self._one(call) for call in calls]

    def _one(self, call: Call) -> ModelAnswer:
        if call.purpose == "proposer":
            edit = {"op": "add_block", "block": f"note{len(self.sent)}", "text": "Take great care."}
            change = {"strategy": "B", "rationale": "It might help.", "edits": [edit]}
            return ModelAnswer(Outcome.OK, json.dumps(change))
        number = int(re.findall(r"things(\d+)", call.request.user)[-1])
        label = self._answers[call.request.model](number, number % self._labels, call.sample)
        return ModelAnswer(Outcome.OK, json.dumps({"label": f"label{label % self._labels}"}))


def plan_of(
    number: int, labels: int, *, seed: int = 0, to_models: Sequence[str] = (), **parts: object
) -> Plan:
    """`number` cases; the truth of case n is label n modulo `labels`."""
    task = task_of(labels)
    cases = tuple(
        Case(UUID(int=n), f"text{n} says{n} things{n}", f"label{n % labels}", f"group {n}", True)
        for n in range(1, number + 1)
    )
    return Plan(
        task=task,
        cases=cases,
        dataset_hash="simulated",
        splits=assign(cases, {case.id: str(case.truth) for case in cases}, {}, seed),
        baseline=task.baseline(),
        task_model="old",
        proposer_model="proposer",
        to_models=dict.fromkeys(to_models),
        seed=seed,
        **parts,  # type: ignore[arg-type]
    )
