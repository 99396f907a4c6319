"""Our engine, unchanged, on a world that is the counted door. Its calls include validation and,
where a part is set aside for it, the final look."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from induction.engine.loop import improve
from induction.engine.plan import Plan
from induction.engine.split import assign
from induction.engine.world import Asked, Inbox
from induction.tasks.base import ModelAnswer
from nlu_shared.schemas.events import PartName, PromptProposed, RunFinished, VerdictReached
from nlu_shared.schemas.prompts import PromptContent
from nlu_shared.schemas.runs import Verdict

from benchmarks.optimisers.data import Round
from benchmarks.optimisers.door import MODEL, Door
from benchmarks.optimisers.proposing import divided


@dataclass(frozen=True, slots=True)
class Run:
    best: PromptContent
    verdict: Verdict | None


class _World:
    def __init__(self, door: Door) -> None:
        self._door = door

    async def complete(self, asked: Sequence[Asked]) -> list[ModelAnswer]:
        return [
            self._door.ask(one.request, one.sample)
            if one.purpose == "task"
            else self._door.propose(one.request, one.sample)
            for one in asked
        ]

    async def inbox(self, _: int) -> Inbox:
        return Inbox()


def improved(given: Round, door: Door) -> Run:
    """With its own three parts; the verdict is on the untouched one."""
    strata = {case.id: str(case.truth) for case in given.labelled}
    parts = assign(given.labelled, strata, {}, given.seed)
    return asyncio.run(_improved(_plan(given, parts, door.left), _World(door)))


def untested(given: Round, door: Door) -> Run:
    """With the parts the peers have, and none set aside to judge."""
    named = zip((PartName.TRAIN, PartName.VALIDATION), divided(given), strict=True)
    parts = {case.id: part for part, cases in named for case in cases}
    return asyncio.run(_improved(_plan(given, parts, door.left), _World(door)))


async def _improved(plan: Plan, world: _World) -> Run:
    prompts = {plan.baseline.version_hash: plan.baseline}
    best, verdict = plan.baseline, None
    async for event in improve(plan, world):
        match event:
            case PromptProposed():
                prompts[event.version_hash] = event.content
            case VerdictReached():
                verdict = event.verdict
            case RunFinished() if event.best_hash:
                best = prompts[event.best_hash]
    return Run(best, verdict)


def _plan(given: Round, parts: Mapping[UUID, PartName], calls: int) -> Plan:
    return Plan(
        task=given.task,
        cases=given.labelled,
        dataset_hash="benchmark",
        parts=parts,
        baseline=given.task.baseline(),
        task_model=MODEL,
        proposer_model=MODEL,
        seed=given.seed,
        calls=calls,
    )
