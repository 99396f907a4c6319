"""Runs and verdicts whose truth is known, because chance makes them and not a model."""

import json
import random
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from induction.engine.data.splits import assign
from induction.engine.evaluation.repeats import Pair, affordable
from induction.engine.evaluation.results import EvalResults, compare, judge
from induction.engine.plan import Plan
from induction.engine.runtime import Call
from induction.engine.verdict.verdict import VerdictBasis, verdict
from induction.task_kinds.base import Case, ModelAnswer, ModelPrediction, Outcome
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


@dataclass(frozen=True)
class World:
    """What a change does to `number` test cases, drawn by `seed`.

    fixes: the share of all cases that it turns right.
    breaks: the share of all cases that it turns wrong.
    noise: the share of answers that is left to chance.
    lapses: the share of its right answers that the winner gets wrong, each time anew.
    """

    seed: int
    fixes: float = 0.0
    breaks: float = 0.0
    noise: float = 0.0
    lapses: float = 0.0
    number: int = 200

    @property
    def gain(self) -> float:
        """In accuracy, were there no end of cases."""
        after = BEFORE + self.fixes - self.breaks
        return (1 - self.noise) * (after * (1 - self.lapses) - BEFORE)


class Questioning:
    """Puts both prompts of a world to its cases; `calls` counts what that took."""

    def __init__(self, world: World) -> None:
        self.world, self.calls = world, 0
        self._chance = random.Random(world.seed)
        self.cases = cases(world.number)
        self._right = [self._nature() for _ in self.cases]

    def pair(self, only: Collection[UUID] | None = None, kept: Pair | None = None) -> Pair:
        """Both prompts, on these cases only where such are named; the others keep what they had."""
        books = []
        for after in (False, True):
            results = {} if kept is None else dict(kept[after].by_case)
            for case, right in zip(self.cases, self._right, strict=True):
                if only is None or case.id in only:
                    label = self._answer(case, right[after], self.world.lapses * after)
                    results[case.id] = judge(TASK, case, ModelPrediction(output=label))
                    self.calls += 1
            books.append(EvalResults(results))
        return books[0], books[1]

    def _nature(self) -> tuple[bool, bool]:
        world, chance = self.world, self._chance
        right = chance.random() < BEFORE
        turned = chance.random() < (world.breaks / BEFORE if right else world.fixes / (1 - BEFORE))
        return right, right != turned

    def _answer(self, case: Case, right: bool, lapses: float) -> str:
        chance = self._chance
        if chance.random() < self.world.noise:
            return chance.choice(LABELS)
        return _label_of(case, right and chance.random() >= lapses, chance)


def judged_by(world: World, *, repeats: int = 0) -> Verdict:
    """The verdict on it, each case asked `repeats` times more."""
    asking = Questioning(world)
    pairs = [asking.pair() for _ in range(1 + repeats)]
    ground = VerdictBasis(split=Split.TEST, groups=1_000, again=tuple(pairs[1:]))
    return verdict(TASK, *pairs[0], ground, seed=world.seed)


def judged_in_stages(world: World) -> tuple[Verdict, int]:
    """The verdict as a run comes to it, and how many calls it took."""
    asking = Questioning(world)
    pairs: list[Pair] = []
    for stage in affordable(lambda _: world.noise > 0):
        while len(pairs) < stage.answers:
            pairs.append(asking.pair())
        ground = VerdictBasis(
            split=Split.TEST, groups=1_000, again=tuple(pairs[1:]), share=stage.share
        )
        verdict_now = verdict(TASK, *pairs[0], ground, seed=world.seed)
        if stage.ends_with(verdict_now):
            break
    return verdict_now, asking.calls


def judged_where_they_differ(world: World, *, repeats: int) -> tuple[Verdict, int]:
    """The verdict if only cases of which one prompt had one right were asked again (see
    `evaluation.repeats` for why no run does), and how many calls it took."""
    asking = Questioning(world)
    first = asking.pair()
    differ = {id for turned in compare(*first) for id in turned}
    again = tuple(asking.pair(differ, first) for _ in range(repeats))
    ground = VerdictBasis(split=Split.TEST, groups=1_000, again=again)
    return verdict(TASK, *first, ground, seed=world.seed), asking.calls


def _label_of(case: Case, right: bool, chance: random.Random) -> str:
    others = [label for label in LABELS if label != case.truth]
    return str(case.truth) if right else chance.choice(others)


class Indifferent(Recording):
    """A model to which no prompt makes a difference, and a proposer that does not know. It answers
    a share of `noise` by chance, another one for each prompt."""

    def __init__(self, *, noise: float, seed: int) -> None:
        super().__init__()
        self._noise, self._seed, self._proposals = noise, seed, 0

    async def ask(self, calls: Sequence[Call], ahead: Sequence[Call] = ()) -> list[ModelAnswer]:
        return [self._one(call) for call in calls]

    def _one(self, call: Call) -> ModelAnswer:
        if call.purpose == "proposer":
            self._proposals += 1
            edit = {"op": "add_block", "block": f"note{self._proposals}", "text": "Take care."}
            change = {"strategy": "B", "rationale": "It might help.", "edits": [edit]}
            return ModelAnswer(Outcome.OK, json.dumps(change))
        number = int(re.findall(r"things(\d+)", call.request.user)[-1])
        fate = random.Random(f"{self._seed} {digest([call.request.key, call.sample])}")
        nature = random.Random(f"{self._seed} {number}")
        if fate.random() < self._noise:
            return _answering(fate.choice(LABELS))
        right = nature.random() < BEFORE
        return _answering(LABELS[number % 5] if right else nature.choice(LABELS))


def _answering(label: str) -> ModelAnswer:
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
