"""What a run is played by, read from rows. Nothing is written here."""

import asyncio

from nlu_shared.kit.data.db import session_scope

from induction.cases import service as cases
from induction.engine.data.splits import splits_for
from induction.engine.plan import Plan
from induction.history import failures
from induction.prompts import service as prompts
from induction.resources import APP_IDENTITY, Resources
from induction.runs import canaries
from induction.runs.engine_process import EngineProcess
from induction.runs.models import RunRow
from induction.runs.planning import held_to, plan_of, usable
from induction.task_kinds.registry import task_of
from induction.tasks import service as tasks


async def plan(resources: Resources, run: RunRow, engine: EngineProcess) -> Plan:
    """The run's plan, with the splits that were decided once, or as they would be now."""
    async with session_scope(resources.database, APP_IDENTITY) as session:
        spec = held_to((await tasks.get(session, run.task)).spec(), run)
        baseline = await prompts.get(session, run.task, run.baseline_version_id)
        frozen = await cases.load(session, run.task, run.dataset_hash)
        known = await cases.known_splits(session, run.task)
        remembered = await failures.remembered(session, run.remembered)
        earlier = await canaries.answers(session, run.compares_with)
    frozen = await asyncio.to_thread(usable, run, task_of(spec), frozen)
    splits = await engine.call(splits_for, task_of(spec), frozen, known, run.seed)
    return plan_of(run, spec, baseline.prompt(), frozen, splits, remembered, earlier)
