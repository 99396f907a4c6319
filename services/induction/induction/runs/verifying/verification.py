"""Finished runs executed again: who asks for it, which worker does it, and what it showed.

A worker does it, in an engine's process like any run's and with the slots of none: the engine of a
run's version is a worker's, an API's process computes nothing, and no request has to last as long.
No model is asked; see `replay`.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from nlu_shared.kit.data.db import session_scope
from nlu_shared.kit.errors import Conflict, NotFound
from nlu_shared.kit.process.clock import AWAY, by_clock, log_put_off
from nlu_shared.kit.process.jobs import enqueue
from nlu_shared.schemas.jobs import INDUCTION_QUEUE, VERIFY_RUN, JobOrder
from nlu_shared.schemas.runs import RunKind, RunStatus
from nlu_shared.schemas.verifications import EventDifference, Verification, VerificationOutcome
from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.engine import ENGINE_VERSION
from induction.llm.accounting import answer_rows
from induction.prompts import service as prompts
from induction.resources import APP_IDENTITY, Resources
from induction.runs.computing import process as engine_process
from induction.runs.computing.process import EngineDied, EngineFailed, failed_inside
from induction.runs.driving import inbox, journal, loading
from induction.runs.models import RunRow
from induction.runs.verifying.comparison import IN_THE_ROW, AnswerGone, CutShort, Differs, Replay

log = structlog.get_logger(__name__)
MOST_ATTEMPTS = 3
"""Workers that may take a verification and not come back, before it is given up."""
OTHER_ENGINE = "The run was made by engine version {}; this is version {}."
OTHER_SCORER = "The scorer has changed since the run."
ERASED = "Cases, answers or events of the run were erased since: what is left cannot be compared."
PRUNED = "Answers of the run are no longer kept."
NOTHING = "The run ended before its first event: there is nothing to compare."
TOO_LONG = "The engine computes for longer than the run was allowed to take."
GIVEN_UP = "It was given up: three workers took it and none came back."
CHANGED_PROMPT = "What is stored as prompt {} is another one: its content has another hash."
CUT_SHORT = "Its worker ended the run, with the last event; those before are compared."

_REQUEST = """
INSERT INTO run_verifications (run_id, engine_version) VALUES (:run_id, :engine)
ON CONFLICT (run_id) DO UPDATE SET requested_at = now(), lease_until = NULL, attempts = 0,
    completed_at = NULL, outcome = NULL, events = 0, reason = NULL, difference = NULL
WHERE run_verifications.completed_at IS NOT NULL
"""
_CLAIM = """
UPDATE run_verifications SET attempts = attempts + 1,
    lease_until = clock_timestamp() + make_interval(secs => :seconds)
WHERE run_id = (
    SELECT run_id FROM run_verifications
    WHERE completed_at IS NULL AND engine_version = :engine
        AND (lease_until IS NULL OR lease_until < clock_timestamp())
    ORDER BY requested_at LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING run_id, attempts
"""
_RENEW = """
UPDATE run_verifications SET lease_until = clock_timestamp() + make_interval(secs => :seconds)
WHERE run_id = :run_id AND completed_at IS NULL
"""
_COMPLETE = text(
    """
    UPDATE run_verifications SET completed_at = now(), outcome = :outcome, events = :events,
        reason = :reason, difference = :difference
    WHERE run_id = :run_id AND completed_at IS NULL
    """
).bindparams(bindparam("difference", type_=JSONB(none_as_null=True)))
_ERASED = """
SELECT EXISTS (
    SELECT FROM snapshot_cases
    WHERE task = runs.task AND dataset_hash = runs.dataset_hash AND forgotten_hash IS NOT NULL
) OR EXISTS (
    SELECT FROM llm_calls WHERE run_id = runs.id AND outcome = 'forgotten'
) OR EXISTS (
    SELECT FROM forgotten_cases JOIN prompt_versions AS quoting ON quoting.id = ANY(quoted_in)
    WHERE quoting.id = runs.baseline_version_id OR quoting.run_id = runs.id
        OR EXISTS (SELECT FROM jsonb_array_elements(runs.remembered) AS one
            WHERE one->>'version_id' = quoting.id::text)
) OR runs.predictions IS NOT NULL  -- its answers go with its end
FROM runs WHERE id = :run_id
"""


class NotOver(Conflict):
    code = "run_not_over"
    title = "The run is not over"


@dataclass(frozen=True, slots=True)
class VerifiedRun:
    outcome: VerificationOutcome
    events: int = 0
    reason: str | None = None
    difference: EventDifference | None = None


def _unchecked(reason: str, events: int = 0) -> VerifiedRun:
    return VerifiedRun(VerificationOutcome.UNCHECKED, events, reason)


async def request(session: AsyncSession, run: RunRow) -> Verification:
    """Has the run checked by a worker of its engine version, once more where it was before. Raises
    NotOver."""
    if not RunStatus(run.status).over:
        raise NotOver
    await session.execute(text(_REQUEST), {"run_id": run.id, "engine": run.engine_version})
    if run.engine_version != ENGINE_VERSION:
        other = _unchecked(OTHER_ENGINE.format(run.engine_version, ENGINE_VERSION))
        await _complete(session, run.id, other)
    order = JobOrder(name=VERIFY_RUN, queue=INDUCTION_QUEUE, job_id=f"verify:{run.id}")
    await enqueue(session, order)
    return await get(session, run.id)


async def get(session: AsyncSession, run_id: UUID) -> Verification:
    """How far it is. Raises NotFound where nobody has asked for it."""
    rows = await session.execute(
        text("SELECT * FROM run_verifications WHERE run_id = :run_id"), {"run_id": run_id}
    )
    row = rows.mappings().one_or_none()
    if row is None:
        raise NotFound("Nobody has had this run verified.")
    return Verification.model_validate({name: row[name] for name in Verification.model_fields})


async def verify_run(context: dict[str, Any]) -> None:
    """The doorbell, as `jobs.execute_run`."""
    context["verify"].set()


async def verify_runs(resources: Resources, wake: asyncio.Event) -> None:
    """Checks runs, one after the other, until cancelled; looks when woken and by the clock."""
    while True:
        try:
            while await _verify_next(resources):
                pass
        except AWAY as away:
            log_put_off(away, what="verifying runs")
        with suppress(TimeoutError):
            async with asyncio.timeout(resources.settings.poll_seconds):
                await wake.wait()
        wake.clear()


async def _verify_next(resources: Resources) -> bool:
    """False where none waits."""
    seconds = resources.settings.lease_seconds
    async with session_scope(resources.database, APP_IDENTITY) as session:
        claimed = await session.execute(
            text(_CLAIM), {"seconds": seconds, "engine": ENGINE_VERSION}
        )
        row = claimed.one_or_none()
        run = None if row is None else await session.get(RunRow, row.run_id)
    if row is None or run is None:
        return False
    renewing = asyncio.create_task(
        by_clock(
            partial(_renew, resources, run.id), seconds=seconds / 3, what="renewing verification"
        )
    )
    try:
        given_up = row.attempts > MOST_ATTEMPTS
        checked = _unchecked(GIVEN_UP) if given_up else await _checked(resources, run)
    except EngineDied as died:  # as a worker that dies over it: once more when its lease is over
        log.warning("verification died", run_id=str(run.id), reason=str(died))
        return True
    finally:
        renewing.cancel()
        await asyncio.gather(renewing, return_exceptions=True)
    async with session_scope(resources.database, APP_IDENTITY) as session:
        await _complete(session, run.id, checked)
    log.info("run verified", run_id=str(run.id), outcome=checked.outcome, events=checked.events)
    return True


async def _renew(resources: Resources, run_id: UUID) -> None:
    async with session_scope(resources.database, APP_IDENTITY) as session:
        await session.execute(
            text(_RENEW), {"run_id": run_id, "seconds": resources.settings.lease_seconds}
        )


async def _complete(session: AsyncSession, run_id: UUID, checked: VerifiedRun) -> None:
    difference = checked.difference
    await session.execute(
        _COMPLETE,
        {
            "run_id": run_id,
            "outcome": checked.outcome.value,
            "events": checked.events,
            "reason": checked.reason,
            "difference": None if difference is None else difference.model_dump(mode="json"),
        },
    )


async def _checked(resources: Resources, run: RunRow) -> VerifiedRun:
    """What executing the run again shows."""
    async with session_scope(resources.database, APP_IDENTITY) as session:
        erased = (await session.execute(text(_ERASED), {"run_id": run.id})).scalar_one()
        recorded = {row.n: row.body for row in await journal.events(session, run.id)}
        replay = Replay(
            answers=await answer_rows.answers(session, run.id),
            readings=await inbox.readings(session, run.id),
            recorded=recorded,
            last=max([run.last_event, *recorded]),
            cancelled=run.cancel_requested,
        )
        versions = await prompts.changed(session, run.id, run.baseline_version_id)
    if erased:
        return _unchecked(ERASED)
    if versions:
        return _different(replay, CHANGED_PROMPT.format(", ".join(one[:12] for one in versions)))
    if replay.at_the_cut:
        return _unchecked(NOTHING)
    try:
        return await _executed(resources, run, replay)
    except AnswerGone:
        return _unchecked(PRUNED, replay.events)
    except _TooLong:
        return _unchecked(TOO_LONG, replay.events)
    except CutShort:
        try:
            replay.require_row(_row(run))
        except Differs as differs:
            return _different(replay, differs.reason, differs)
        return VerifiedRun(VerificationOutcome.SAME, replay.events, CUT_SHORT)
    except EngineDied:
        raise
    except EngineFailed as failed:
        log.warning("verified engine failed", run_id=str(run.id), trace=str(failed))
        if replay.at_the_cut and run.reason == failed_inside(failed.kind):
            return VerifiedRun(VerificationOutcome.SAME, replay.events, CUT_SHORT)
        return _different(replay, f"The engine raised {failed.kind}.")
    except Differs as differs:
        return _different(replay, differs.reason, differs)


async def _executed(resources: Resources, run: RunRow, replay: Replay) -> VerifiedRun:
    allowed = 60 * run.promised.minutes + resources.settings.compute_seconds
    look = partial(_look, allowed)
    async with engine_process.opened(look, seconds=resources.settings.lease_seconds) as engine:
        plan = await loading.plan(resources, run, engine)
        if run.scorer != plan.task.scorer:
            return _unchecked(OTHER_SCORER)
        await engine.run(RunKind(run.kind), plan, replay)
    replay.require_end()
    replay.require_row(_row(run))
    return VerifiedRun(VerificationOutcome.SAME, replay.events)


def _row(run: RunRow) -> dict[str, Any]:
    return run.model_dump(mode="json", include=set(IN_THE_ROW.values()))


def _different(replay: Replay, reason: str | None, differs: Differs | None = None) -> VerifiedRun:
    n = replay.events + 1
    difference = differs or Differs(n, replay.recorded.get(n), None)
    shown = EventDifference.model_validate(difference, from_attributes=True)
    return VerifiedRun(VerificationOutcome.DIFFERENT, replay.events, reason, shown)


class _TooLong(Exception):
    pass


async def _look(allowed: float, computing: float) -> None:
    if computing > allowed:
        raise _TooLong
