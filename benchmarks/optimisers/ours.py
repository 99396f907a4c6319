"""Our engine, unchanged, on a runtime that is the counted metered, with its own search or another.
Its calls include validation and, where a split is set aside for it, the final look."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from induction.engine.data.splits import assign
from induction.engine.plan import Plan
from induction.engine.run import improve
from induction.engine.runtime import Call, Event, Inbox
from induction.engine.search.optimiser import Optimiser, hill_climb
from induction.task_kinds.base import ModelAnswer
from nlu_shared.schemas.events import PromptProposed, RunFinished, Split, VerdictReached
from nlu_shared.schemas.prompts import PromptContent
from nlu_shared.schemas.verdicts import Verdict

from benchmarks.optimisers.data import Round, divided
from benchmarks.optimisers.metered import MODEL, MeteredModel

ITERATIONS = 1_000
"""For the search of another, whose own settings know no such limit: more than any budget pays."""


@dataclass(frozen=True, slots=True)
class Run:
    best: PromptContent
    verdict: Verdict | None
    events: tuple[Event, ...]


class _Runtime:
    def __init__(self, metered: MeteredModel) -> None:
        self._metered = metered
        self.events: list[Event] = []

    async def ask(self, calls: Sequence[Call], ahead: Sequence[Call] = ()) -> list[ModelAnswer]:
        return [
            self._metered.ask(one.request, one.sample)
            if one.purpose == "task"
            else self._metered.propose(one.request, one.sample)
            for one in calls
        ]

    async def inbox(self, step: int, needs: int = 0) -> Inbox:
        return Inbox()

    async def tell(self, event: Event) -> None:
        self.events.append(event)


def improved(round: Round, metered: MeteredModel, *, retrieval: bool = False) -> Run:
    """With its own three splits; the verdict is on the untouched one. `retrieval`: banks are tried
    too."""
    strata = {case.id: str(case.truth) for case in round.labelled}
    splits = assign(round.labelled, strata, {}, round.seed)
    plan = replace(_plan(round, splits, metered.left), retrieval=retrieval)
    return asyncio.run(_improved(plan, _Runtime(metered)))


def untested(
    round: Round,
    metered: MeteredModel,
    optimise: Optimiser = hill_climb,
    *,
    retrieval: bool = False,
) -> Run:
    """With the splits the peers have, and none set aside to judge."""
    problem = divided(round)
    splits = dict.fromkeys((case.id for case in problem.train), Split.TRAIN)
    splits |= dict.fromkeys((case.id for case in problem.validation), Split.VALIDATION)
    plan = replace(_plan(round, splits, metered.left), retrieval=retrieval)
    if optimise is not hill_climb:
        plan = replace(plan, max_iterations=ITERATIONS)
    return asyncio.run(_improved(plan, _Runtime(metered), optimise))


async def _improved(plan: Plan, runtime: _Runtime, optimise: Optimiser = hill_climb) -> Run:
    prompts = {plan.baseline.version_hash: plan.baseline}
    best, verdict = plan.baseline, None
    await improve(plan, runtime, optimise)
    for event in runtime.events:
        match event:
            case PromptProposed():
                prompts[event.version_hash] = event.content
            case VerdictReached():
                verdict = event.verdict
            case RunFinished() if event.best_hash:
                best = prompts[event.best_hash]
    return Run(best, verdict, tuple(runtime.events))


def _plan(round: Round, splits: Mapping[UUID, Split], calls: int) -> Plan:
    return Plan(
        task=round.task,
        cases=round.labelled,
        dataset_hash="benchmark",
        splits=splits,
        baseline=round.task.baseline(),
        task_model=MODEL,
        proposer_model=MODEL,
        seed=round.seed,
        calls=calls,
        max_prompt_tokens=round.max_prompt_tokens,
    )
