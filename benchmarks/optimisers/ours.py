"""Our engine, unchanged, on a world that is the metered model. Its calls include validation and,
where a split is set aside for it, the final look."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from induction.engine.data.splits import assign
from induction.engine.plan import Plan
from induction.engine.run import improve
from induction.engine.runtime import Call, Event, Inbox
from induction.task_kinds.base import ModelAnswer
from nlu_shared.schemas.events import PromptProposed, RunFinished, Split, VerdictReached
from nlu_shared.schemas.prompts import PromptContent
from nlu_shared.schemas.runs import Verdict

from benchmarks.optimisers.data import Round
from benchmarks.optimisers.metered import MODEL, MeteredModel
from benchmarks.optimisers.proposing import divided


@dataclass(frozen=True, slots=True)
class Run:
    best: PromptContent
    verdict: Verdict | None


class _Runtime:
    def __init__(self, model: MeteredModel) -> None:
        self._model = model
        self.events: list[Event] = []

    async def ask(self, calls: Sequence[Call]) -> list[ModelAnswer]:
        return [
            self._model.ask(one.request, one.sample)
            if one.purpose == "task"
            else self._model.propose(one.request, one.sample)
            for one in calls
        ]

    async def inbox(self, step: int) -> Inbox:
        return Inbox()

    async def tell(self, event: Event) -> None:
        self.events.append(event)


def improved(given: Round, model: MeteredModel) -> Run:
    """With its own three splits; the verdict is on the untouched one."""
    strata = {case.id: str(case.truth) for case in given.labelled}
    splits = assign(given.labelled, strata, {}, given.seed)
    return asyncio.run(_improved(_plan(given, splits, model.left), _Runtime(model)))


def untested(given: Round, model: MeteredModel) -> Run:
    """With the splits the peers have, and none set aside to judge."""
    named = zip((Split.TRAIN, Split.VALIDATION), divided(given), strict=True)
    splits = {case.id: split for split, cases in named for case in cases}
    return asyncio.run(_improved(_plan(given, splits, model.left), _Runtime(model)))


async def _improved(plan: Plan, runtime: _Runtime) -> Run:
    prompts = {plan.baseline.version_hash: plan.baseline}
    best, verdict = plan.baseline, None
    await improve(plan, runtime)
    for event in runtime.events:
        match event:
            case PromptProposed():
                prompts[event.version_hash] = event.content
            case VerdictReached():
                verdict = event.verdict
            case RunFinished() if event.best_hash:
                best = prompts[event.best_hash]
    return Run(best, verdict)


def _plan(given: Round, splits: Mapping[UUID, Split], calls: int) -> Plan:
    return Plan(
        task=given.task,
        cases=given.labelled,
        dataset_hash="benchmark",
        splits=splits,
        baseline=given.task.baseline(),
        task_model=MODEL,
        proposer_model=MODEL,
        seed=given.seed,
        calls=calls,
    )
