"""The worker's side of runs: claim, replay, continue. arq only wakes."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import Any
from uuid import UUID

import structlog
from nlu_shared.kit.data.db import session_scope
from nlu_shared.kit.errors import Unavailable
from nlu_shared.kit.process.clock import AWAY, log_put_off
from nlu_shared.schemas.events import RunFinished
from nlu_shared.schemas.runs import RunKind, RunStatus

from induction.cases import service as cases
from induction.engine.headroom.classifier import with_classifier
from induction.engine.plan import Plan
from induction.engine.runtime import CANCELLED
from induction.llm.accounting.accounting import Account
from induction.llm.accounting.entries import LeaseLost
from induction.llm.adapters.models import Answering
from induction.llm.errors import ParkRun, StopRun
from induction.llm.ledger import Ledger
from induction.llm.prices import PriceTable
from induction.pricing import service as pricing
from induction.resources import APP_IDENTITY, Resources
from induction.runs import batches
from induction.runs.computing import process as engine_process
from induction.runs.computing.patience import Patience, patience_while_parked
from induction.runs.computing.process import EngineProcess, failed_inside
from induction.runs.driving import clock, inbox, journal, lease, loading, probed
from induction.runs.driving.looks import UNANSWERED_MINUTES, Ended, Looks, RunEnd
from induction.runs.driving.runtime import ApprovalPending, PauseRequested, RunRuntime
from induction.runs.models import RunRow
from induction.runs.starting.answering import models_of
from induction.runs.starting.planning import keep
from induction.runs.streaming import stream

log = structlog.get_logger(__name__)
NO_PRICE = "A model of this run has no price any more: PUT /v1/admin/prices, and start it anew."
CRASHED = "It crashed {} times in a row without coming any further; the last time {}."


async def execute_run(context: dict[str, Any], run_id: str) -> None:
    """The doorbell: a run may be waiting, or somebody has steered it. Which, the database knows."""
    context["wake"].set()
    await stream.announce(context["resources"].redis, UUID(run_id))


async def drive_runs(resources: Resources, wake: asyncio.Event) -> None:
    """Claims and drives runs until cancelled, at most `runs_at_once`; looks when woken
    and every `poll_seconds`, so a lost wake costs seconds."""
    driving: set[asyncio.Task[None]] = set()
    settings = resources.settings
    try:
        while True:
            try:
                while len(driving) < settings.runs_at_once and (
                    run := await lease.claim(
                        resources.database, APP_IDENTITY, seconds=settings.lease_seconds
                    )
                ):
                    task = asyncio.create_task(drive(resources, run), name=f"run-{run.id}")
                    driving.add(task)
                    task.add_done_callback(driving.discard)
                    task.add_done_callback(lambda _: wake.set())
                if len(driving) >= settings.runs_at_once:
                    await lease.explain_waiting(
                        resources.database, APP_IDENTITY, seconds=settings.silent_seconds
                    )
            except AWAY as away:
                log_put_off(away, what="claiming runs")
            # Not `wait_for`, which on Python 3.11 loses a cancellation that meets the wake.
            with suppress(TimeoutError):
                async with asyncio.timeout(settings.poll_seconds):
                    await wake.wait()
            wake.clear()
    finally:
        for task in driving:
            task.cancel()
        await asyncio.gather(*driving, return_exceptions=True)


async def drive(resources: Resources, run: RunRow) -> None:
    """Drives one claimed run to its end, or to where it has to be let go.

    Raises nothing but the cancellation of a worker that is told to stop; the run is then free
    for the next worker at once.
    """
    keys = {"run_id": str(run.id), "fence": run.fence}
    log.info("run claimed", **keys)
    async with lease.hold(
        resources.database, APP_IDENTITY, run, seconds=resources.settings.lease_seconds
    ) as held:
        try:
            if run.crashes >= lease.MOST_CRASHES:
                raise Ended("failed", CRASHED.format(run.crashes, run.last_error))
            await _replay_and_continue(resources, run, held)
        except LeaseLost:
            log.warning("run lost to another worker", **keys)
        except Unavailable as away:
            log.warning("run left for the next claim", reason=str(away), **keys)
        except PauseRequested:
            await _release(held, RunStatus.PAUSED)
        except ApprovalPending:
            log.info("run waits for approval", **keys)
        except ParkRun as park:
            await _park(resources, run, held, park)
        except StopRun as stop:
            await _end(resources, run, f"The provider stopped the run: {stop.reason}")
        except Ended as ended:
            log.warning("run ended while it computed", status=ended.status, **keys)
            await _end(resources, run, ended.reason, status=ended.status)
        except asyncio.CancelledError:
            await _release(held, RunStatus.WAITING)
            raise
        except engine_process.EngineDied as died:
            log.error("engine died", reason=str(died), **keys)
            with suppress(Unavailable):
                await lease.crashed(held, str(died))
        except engine_process.EngineFailed as failed:
            log.error("run failed", error=failed.kind, trace=str(failed), **keys)
            await _end(resources, run, failed_inside(failed.kind))
        except Exception as error:
            log.exception("run failed", **keys)
            await _end(resources, run, failed_inside(type(error).__name__))
    await stream.announce(resources.redis, run.id)


async def _replay_and_continue(resources: Resources, run: RunRow, held: lease.Lease) -> None:
    looks = Looks(resources, run)
    ledger = await _ledger(resources, run, held, looks)
    pace = resources.settings.look_seconds
    async with (
        ledger,
        engine_process.opened(looks.while_computing, seconds=pace) as engine,
    ):
        plan = await _plan(resources, run, engine)
        if run.scorer != plan.task.scorer:
            await _end(resources, run, "The scorer has changed since the run began: start it anew.")
            return
        await _drive(resources, run, held, plan, engine, ledger)


async def _ledger(resources: Resources, run: RunRow, held: lease.Lease, looks: Looks) -> Ledger:
    """The run's ledger. What its models' servers can do is found out once, and stays: no replay
    depends on what a server says today."""
    async with session_scope(resources.database, APP_IDENTITY) as session:
        table = await pricing.table(session, resources.settings)
        standing = await clock.standing(session, run.id, run.fence)
    deadline = asyncio.get_running_loop().time() - standing.seconds_over
    answering = Answering(resources.models, batches.servers_of(run))
    account = _account(resources, run, table, deadline)
    ledger = Ledger(
        account,
        resources.ledger_commits,
        answering,
        batching=(
            batches.opened(resources, account, answering, held.check, looks.while_asking)
            if run.batches
            else None
        ),
        look=looks.while_asking,
        look_seconds=resources.settings.look_seconds,
    )
    looks.ledger, looks.answering = ledger, answering
    await ledger.load(resources.database, APP_IDENTITY)
    await probed.introduce_all(resources, run, ledger, answering, held.check)
    return ledger


async def _drive(
    resources: Resources,
    run: RunRow,
    held: lease.Lease,
    plan: Plan,
    engine: EngineProcess,
    ledger: Ledger,
) -> None:
    async with session_scope(resources.database, APP_IDENTITY) as session:
        runtime = RunRuntime(
            ledger,
            held,
            resources.redis,
            readings=await inbox.readings(session, run.id),
            recorded=await journal.events(session, run.id),
        )
    await engine.run(RunKind(run.kind), plan, runtime)


async def _plan(resources: Resources, run: RunRow, engine: EngineProcess) -> Plan:
    """The run's plan; splits of cases that no run has used are decided here, once."""
    plan = await loading.plan(resources, run, engine)
    if run.kind == RunKind.HEADROOM and run.splits is None:
        plan = await engine.call(with_classifier, plan)
    async with session_scope(resources.database, APP_IDENTITY) as session:
        row = await journal.held(session, run.id, run.fence)
        if row.splits is None:
            await cases.remember_splits(session, run.task, run.id, plan.splits)
            keep(row, plan)
    return plan


def _account(resources: Resources, run: RunRow, table: PriceTable, deadline: float) -> Account:
    """Raises Ended where a model's price was taken away since the run began.

    resources: know the providers.
    run: whose calls they are.
    table: of prices.
    deadline: past which no call is on its way, by the event loop's clock.
    """
    if pricing.without_price(models_of(run), table, resources.settings.models_of):
        raise Ended("failed", NO_PRICE)
    account = batches.account_of(run, resources.settings, table)
    return replace(account, deadline=deadline, minutes=run.promised.minutes)


async def _park(resources: Resources, run: RunRow, held: lease.Lease, park: ParkRun) -> None:
    """While a question is open the engine reads no inbox: a cancellation is heard here, and the end
    of the minutes."""
    log.warning(
        "run parked",
        run_id=str(run.id),
        reason=park.reason,
        seconds=park.seconds,
        outage=park.is_outage,
    )
    with suppress(LeaseLost, Unavailable):
        async with session_scope(resources.database, APP_IDENTITY) as session:
            row = await journal.held(session, run.id, run.fence)
            standing = await clock.standing(session, run.id, run.fence)
            over = None
            match patience_while_parked(standing):
                case Patience.CANCEL:
                    over = RunFinished(status="cancelled", reason=CANCELLED)
                case Patience.TOO_SLOW:
                    over = RunFinished(status="failed", reason=UNANSWERED_MINUTES)
            if over is not None:
                await journal.record(session, run.id, run.fence, row.last_event + 1, over)
                return
            row.outages += park.is_outage
    await _release(held, RunStatus.PARKED, reason=park.reason, seconds=park.seconds)


async def _release(
    held: lease.Lease, status: RunStatus, *, reason: str | None = None, seconds: float = 0
) -> None:
    with suppress(Unavailable):
        await lease.release(held, status, reason=reason, seconds=seconds)
    log.info("run let go", run_id=str(held.run.id), status=status.value)


async def _end(
    resources: Resources, run: RunRow, reason: str, *, status: RunEnd = "failed"
) -> None:
    """Ends the run with a last event; where even that fails, the next claim tries again."""
    with suppress(LeaseLost, Unavailable):
        async with session_scope(resources.database, APP_IDENTITY) as session:
            row = await journal.held(session, run.id, run.fence)
            await journal.record(
                session,
                run.id,
                run.fence,
                row.last_event + 1,
                RunFinished(status=status, reason=reason),
            )
