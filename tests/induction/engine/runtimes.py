"""Runtimes to run the engine on, and cases to run it with. The model is the shipped offline one."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from induction.engine.data.splits import assign
from induction.engine.inbox import Inbox
from induction.engine.plan import Plan
from induction.engine.run import improve
from induction.engine.runtime import Call, Event, Runtime
from induction.llm.adapters.claude import Claude
from induction.task_kinds.base import Case, ModelAnswer, Outcome
from induction.task_kinds.intent import IntentTask
from nlu_shared.schemas.labels import LabelSpec
from offline_model.app import in_process
from offline_model.settings import OfflineSettings

from tests.induction.llm.toys import MODEL, toy

Answer = Callable[[Call], ModelAnswer]
_ANSWERS: dict[tuple[str, int], ModelAnswer] = {}
"""By the model as it ships, whose answer is a function of the question: many tests ask the same."""


class Recording:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    async def tell(self, event: Event) -> None:
        self.events.append(event)

    async def inbox(self, step: int, needs: int = 0) -> Inbox:
        return Inbox()


async def events_of(plan: Plan, runtime: Recording, run=improve) -> list[Event]:  # type: ignore[no-untyped-def]
    """Every event of one run, progress too."""
    before = len(runtime.events)
    await run(plan, runtime)
    return runtime.events[before:]


class OfflineRuntime(Recording):
    """Asks the offline model through the real SDK and adapter, each different question once.

    `sent` are all calls, `sent_by` how many of them were sent when each event was told.
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
        super().__init__()
        self._claude = Claude(api_key="offline", http_client=in_process(settings))
        self._known_answers = _ANSWERS if settings is None else {}
        self._answers: dict[tuple[str, int], ModelAnswer] = {}
        self._inboxes = inboxes or {}
        self._budget = budget
        self._arrival = arrival
        self.sent: list[Call] = []
        self.sent_by: list[int] = []
        self.steps: list[int] = []

    async def ask(self, calls: Sequence[Call], ahead: Sequence[Call] = ()) -> list[ModelAnswer]:
        self.sent += calls
        order = self._arrival(list(range(len(calls))))
        answers = await asyncio.gather(*(self._one(calls[index]) for index in order))
        by_index = dict(zip(order, answers, strict=True))
        return [by_index[index] for index in range(len(calls))]

    async def tell(self, event: Event) -> None:
        await super().tell(event)
        self.sent_by.append(len(self.sent))

    def sent_before(self, is_it: Callable[[Event], bool]) -> list[Call]:
        """The calls sent before the first such event."""
        at = next(at for at, event in enumerate(self.events) if is_it(event))
        return self.sent[: self.sent_by[at]]

    async def inbox(self, step: int, needs: int = 0) -> Inbox:
        self.steps.append(step)
        return self._inboxes.get(step, Inbox())

    async def _one(self, call: Call) -> ModelAnswer:
        key = call.request.key, call.sample
        if key not in self._answers:
            if self._budget is not None and len(self._answers) >= self._budget:
                return ModelAnswer(Outcome.OVER_BUDGET)
            self._answers[key] = ModelAnswer(Outcome.OK)
            if key not in self._known_answers:
                self._known_answers[key] = await self._claude.complete(
                    call.request, sample=call.sample
                )
            self._answers[key] = self._known_answers[key]
        return self._answers[key]

    @property
    def calls(self) -> int:
        return len(self._answers)


class WithProposer(Recording):
    """A runtime whose proposer is another: `propose` answers in its place."""

    def __init__(self, runtime: Runtime, propose: Answer) -> None:
        super().__init__()
        self._runtime, self._propose = runtime, propose
        self.proposals: list[Call] = []

    async def ask(self, calls: Sequence[Call], ahead: Sequence[Call] = ()) -> list[ModelAnswer]:
        if calls[0].purpose == "task":
            return await self._runtime.ask(calls)
        self.proposals += calls
        return [self._propose(call) for call in calls]

    async def inbox(self, step: int, needs: int = 0) -> Inbox:
        return await self._runtime.inbox(step, needs)


class Losing(Recording):
    """A runtime whose provider does not take some requests."""

    outcome = Outcome.REJECTED

    def __init__(self, runtime: Runtime, lost: Callable[[Call], bool]) -> None:
        super().__init__()
        self._runtime, self._lost = runtime, lost

    async def ask(self, calls: Sequence[Call], ahead: Sequence[Call] = ()) -> list[ModelAnswer]:
        answers = await self._runtime.ask(calls)
        return [
            ModelAnswer(self.outcome) if self._lost(call) else answer
            for call, answer in zip(calls, answers, strict=True)
        ]

    async def inbox(self, step: int, needs: int = 0) -> Inbox:
        return await self._runtime.inbox(step, needs)


def toy_plan(
    *, per_label: int = 30, labels: int = 5, seed: int = 1, may_quote: bool = True
) -> Plan:
    """Labels whose names say nothing, so that only a better prompt can score better. Without the
    ladder, which would show all there is to learn here at once."""
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
        splits=assign(cases, {case.id: str(case.truth) for case in cases}, {}, seed),
        baseline=task.baseline(),
        task_model=MODEL,
        proposer_model=MODEL,
        seed=seed,
        tries_ladder=False,
    )


def with_iterations(plan: Plan, iterations: int) -> Plan:
    return replace(plan, max_iterations=iterations)
