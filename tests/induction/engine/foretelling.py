"""Tasks whose headroom is known: how often a model is right depends on what its prompt shows, in a
way that is drawn for each task."""

import json
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from induction.engine.headroom.measure import measure
from induction.engine.plan import Plan
from induction.engine.run import improve
from induction.engine.runtime import Call
from induction.task_kinds.base import ModelAnswer, Outcome
from nlu_shared.schemas.base import digest
from nlu_shared.schemas.events import HeadroomEstimated, VerdictReached
from nlu_shared.schemas.headroom import Headroom
from nlu_shared.schemas.verdicts import VerdictKind

from tests.induction.engine.migrating import plan_of, shown_in
from tests.induction.engine.runtimes import Recording, events_of

LABELS = 5
SHOWN_FOR_ALL = 40
"""Examples from which on more of them change nothing."""


@dataclass(frozen=True)
class Nature:
    """right: with the baseline. few, many: what one example a label gains, and forty. note: what a
    block that is proposed gains, at most. churn: the share of cases that any change turns anew.
    noise: of the answers that are left to chance."""

    seed: int
    cases: int
    right: float
    few: float
    many: float
    note: float
    churn: float
    noise: float


def drawn(seed: int) -> Nature:
    chance = random.Random(f"nature {seed}")
    right = chance.uniform(0.4, 0.9)
    gains = chance.random() < 2 / 3
    many = chance.uniform(0.0, 0.8 * (1 - right)) if gains else chance.uniform(-0.1, 0.02)
    return Nature(
        seed=seed,
        cases=chance.choice([120, 200, 350, 600]),
        right=right,
        few=many * chance.uniform(-0.2, 1.2),
        many=many,
        note=chance.choice([0.0, 0.02, 0.04]),
        churn=chance.uniform(0.02, 0.15),
        noise=chance.choice([0.0, 0.0, 0.1, 0.2]),
    )


class World(Recording):
    """Answers as its nature is."""

    def __init__(self, nature: Nature) -> None:
        super().__init__()
        self._nature = nature
        self._proposed = 0
        self.calls = 0

    async def ask(self, calls: Sequence[Call], ahead: Sequence[Call] = ()) -> list[ModelAnswer]:
        self.calls += len(calls)
        return [self._one(call) for call in calls]

    def _one(self, call: Call) -> ModelAnswer:
        if call.purpose == "proposer":
            self._proposed += 1
            edit = {"op": "add_block", "block": f"note{self._proposed}", "text": "Take great care."}
            change = {"strategy": "B", "rationale": "It might help.", "edits": [edit]}
            return ModelAnswer(Outcome.OK, json.dumps(change))
        nature, number = self._nature, int(re.findall(r"things(\d+)", call.request.user)[-1])
        system = digest(call.request.system)
        fate = random.Random(f"{nature.seed} {system} {number} {call.sample}")
        own = random.Random(f"{nature.seed} {number}")
        anew = random.Random(f"{nature.seed} {system} {number}")
        if fate.random() < nature.noise:
            return _label(fate.randrange(LABELS))
        level = own.random()
        if anew.random() < nature.churn:
            level = anew.random()
        right = level < self._right(call.request.system)
        return _label(number + (0 if right else own.randrange(1, LABELS)))

    def _right(self, system: Sequence[str]) -> float:
        nature = self._nature
        shown = shown_in(system)
        part = min(1.0, shown / LABELS)
        rest = min(1.0, max(0, shown - LABELS) / (SHOWN_FOR_ALL - LABELS))
        notes = {
            one: random.Random(f"{nature.seed} {one}") for one in re.findall(r"care", system[0])
        }
        gained = sum(one.uniform(-nature.note, nature.note) for one in notes.values())
        return nature.right + nature.few * part + (nature.many - nature.few) * rest + gained


def _label(number: int) -> ModelAnswer:
    return ModelAnswer(Outcome.OK, json.dumps({"label": f"label{number % LABELS}"}))


def plan_for(nature: Nature) -> Plan:
    return plan_of(nature.cases, LABELS, seed=nature.seed, max_iterations=3)


async def foretold(nature: Nature) -> Headroom:
    events = await events_of(plan_for(nature), World(nature), measure)
    (headroom,) = [one.headroom for one in events if isinstance(one, HeadroomEstimated)]
    return headroom


async def is_proven(nature: Nature) -> bool:
    """Whether an improve run of the task ends so."""
    events = await events_of(plan_for(nature), World(nature), improve)
    (verdict,) = [one.verdict for one in events if isinstance(one, VerdictReached)]
    return verdict.kind is VerdictKind.PROVEN
