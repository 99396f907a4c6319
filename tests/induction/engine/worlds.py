"""Worlds to run the engine in, and cases to run it on. The model is the shipped offline one."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from induction.engine.plan import Plan
from induction.engine.split import assign
from induction.engine.world import Asked, Inbox, World
from induction.llm.claude import Claude
from induction.llm.offline.serve import in_process
from induction.llm.offline.settings import OfflineSettings
from induction.tasks.base import Case, ModelAnswer, Outcome
from induction.tasks.intent import IntentTask
from nlu_shared.schemas.prompts import LabelSpec

from tests.induction.llm.toys import MODEL, toy

Answer = Callable[[Asked], ModelAnswer]


class OfflineWorld:
    """Asks the offline model through the real SDK and adapter, each different question once.

    `arrival` reorders the calls of a block, `budget` is how many different questions are paid
    for, `inboxes` are readings by step number.
    """

    def __init__(
        self,
        *,
        settings: OfflineSettings | None = None,
        inboxes: Mapping[int, Inbox] | None = None,
        budget: int | None = None,
        arrival: Callable[[list[int]], list[int]] = list,
    ) -> None:
        self._claude = Claude(api_key="offline", http_client=in_process(settings))
        self._answers: dict[tuple[str, int], ModelAnswer] = {}
        self._inboxes = inboxes or {}
        self._budget = budget
        self._arrival = arrival
        self.asked: list[Asked] = []
        self.steps: list[int] = []

    async def complete(self, asked: Sequence[Asked]) -> list[ModelAnswer]:
        self.asked += asked
        order = self._arrival(list(range(len(asked))))
        answers = await asyncio.gather(*(self._one(asked[index]) for index in order))
        by_index = dict(zip(order, answers, strict=True))
        return [by_index[index] for index in range(len(asked))]

    async def inbox(self, step: int) -> Inbox:
        self.steps.append(step)
        return self._inboxes.get(step, Inbox())

    async def _one(self, asked: Asked) -> ModelAnswer:
        key = asked.request.key, asked.sample
        if key not in self._answers:
            if self._budget is not None and len(self._answers) >= self._budget:
                return ModelAnswer(Outcome.OVER_BUDGET)
            self._answers[key] = ModelAnswer(Outcome.OK)
            self._answers[key] = await self._claude.complete(asked.request, sample=asked.sample)
        return self._answers[key]

    @property
    def calls(self) -> int:
        return len(self._answers)


class WithProposer:
    """A world whose proposer is another: `propose` answers in its place."""

    def __init__(self, world: World, propose: Answer) -> None:
        self._world, self._propose = world, propose
        self.proposals: list[Asked] = []

    async def complete(self, asked: Sequence[Asked]) -> list[ModelAnswer]:
        if asked[0].purpose == "task":
            return await self._world.complete(asked)
        self.proposals += asked
        return [self._propose(one) for one in asked]

    async def inbox(self, step: int) -> Inbox:
        return await self._world.inbox(step)


class Losing:
    """A world whose provider does not take some requests."""

    def __init__(self, world: World, lost: Callable[[Asked], bool]) -> None:
        self._world, self._lost = world, lost

    async def complete(self, asked: Sequence[Asked]) -> list[ModelAnswer]:
        answers = await self._world.complete(asked)
        return [
            ModelAnswer(Outcome.REJECTED) if self._lost(one) else answer
            for one, answer in zip(asked, answers, strict=True)
        ]

    async def inbox(self, step: int) -> Inbox:
        return await self._world.inbox(step)


def toy_plan(
    *, per_label: int = 30, labels: int = 5, seed: int = 1, may_quote: bool = True
) -> Plan:
    """Labels whose names say nothing, so that only a better prompt can score better. Without the
    opening, which would show all there is to learn here at once."""
    made = toy(seed, labels)
    cases = tuple(
        Case(UUID(int=number), text, label, f"group {number}", may_quote)
        for number, (text, label) in enumerate(made.cases(per_label, seed), 1)
    )
    task = IntentTask([LabelSpec(name=name) for name in made.labels])
    return Plan(
        task=task,
        cases=cases,
        dataset_hash="toy",
        parts=assign(cases, {case.id: str(case.truth) for case in cases}, {}, seed),
        baseline=task.baseline(),
        task_model=MODEL,
        proposer_model=MODEL,
        seed=seed,
        opening=False,
    )


def with_iterations(plan: Plan, iterations: int) -> Plan:
    return replace(plan, max_iterations=iterations)
