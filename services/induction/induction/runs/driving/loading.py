"""What a run is played by, read from rows, and logged predictions from nlu-logger. Nothing is
written here."""

import asyncio
from dataclasses import replace
from uuid import UUID

from nlu_shared.kit.data.db import session_scope
from nlu_shared.schemas.predictions import Prediction
from nlu_shared.schemas.traffic import TrafficReplay

from induction.cases import service as cases
from induction.engine.data.splits import splits_for
from induction.engine.plan import Plan
from induction.engine.traffic import on_traffic
from induction.history import failures
from induction.llm.errors import ParkRun
from induction.prompts import service as prompts
from induction.resources import APP_IDENTITY, Resources
from induction.runs.computing.process import EngineProcess
from induction.runs.driving.looks import Ended
from induction.runs.models import RunRow
from induction.runs.starting import canaries, replayed, traffic
from induction.runs.starting.planning import held_to, plan_of, trying, usable
from induction.task_kinds.registry import task_of
from induction.tasks import service as tasks
from induction.upstream import UpstreamAway

GONE = "A prediction that it is about was erased meanwhile: start it anew."


async def plan(resources: Resources, run: RunRow, engine: EngineProcess) -> Plan:
    """The run's plan, with the splits that were decided once, or as they would be now."""
    async with session_scope(resources.database, APP_IDENTITY) as session:
        spec = held_to((await tasks.get(session, run.task)).spec(), run)
        baseline = await prompts.get(session, run.task, run.baseline_version_id)
        frozen = await cases.load(session, run.task, run.dataset_hash)
        known = await cases.known_splits(session, run.task)
        remembered = await failures.remembered(session, run.remembered)
        earlier = await canaries.answers(session, run.compares_with)
        serving = await prompts.production_id(session, run.task)
        ids = await replayed.ids(session, run.id)
        members = await prompts.members_of(session, run.task, run.member_ids)
        candidate = await prompts.candidate(session, run.task, run.candidate_version_id)
    frozen = await asyncio.to_thread(usable, run, task_of(spec), frozen)
    splits = await engine.call(splits_for, task_of(spec), frozen, known, run.seed)
    made = plan_of(run, spec, baseline.prompt(), frozen, splits, remembered, earlier)
    made = trying(made, candidate)
    if not run.is_on_traffic:
        return replace(made, members=members)
    measured = None if run.replay is None else TrafficReplay.model_validate(run.replay)
    logged = [] if measured else await _logged(resources, run, ids)
    return await asyncio.to_thread(
        on_traffic, made, logged, known, serving=serving, measured=measured
    )


async def _logged(resources: Resources, run: RunRow, ids: list[UUID]) -> list[Prediction]:
    """Raises ParkRun where nlu-logger is away, and Ended where one is not there any more."""
    try:
        return await traffic.again(resources.logger, run.task, ids)
    except traffic.PredictionGone:
        raise Ended("cancelled", GONE) from None
    except UpstreamAway as away:
        raise ParkRun(resources.settings.outage_seconds, f"{away.title}: {away}") from away
