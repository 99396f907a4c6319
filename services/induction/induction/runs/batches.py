"""Message Batches of runs: how a worker opens those of the run it drives, what becomes of those
that a run has left open at its end, and of what lies at a provider when all is read.

A run that is cancelled or fails while its provider works on a batch does not wait for it. A worker
has the provider stop it, and once it has ended settles what it came to: what was answered is paid
for, and what was not is free again. Until then all of it stays booked. No text is stored of what
comes after a run's end.

A batch that has come to its end is deleted at its provider, with the texts of its cases: after the
commit that says so, by a row, so that no kill before it loses an answer and none after it leaves
the batch there.
"""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import partial

import structlog
from nlu_shared.kit.data.db import session_scope
from nlu_shared.kit.process.clock import by_clock

from induction.llm.accounting.accounting import Account, Accounting
from induction.llm.accounting.entries import LeaseLost
from induction.llm.adapters import batching
from induction.llm.adapters.models import Answering
from induction.llm.batches import rows as batch_rows
from induction.llm.batches.batches import Batches
from induction.llm.batches.interruptible import ReadInbox
from induction.llm.batches.rows import ReadBatch
from induction.llm.errors import ParkRun, StopRun
from induction.llm.prices import PriceTable
from induction.llm.retry import outage_pause
from induction.llm.servers import Server
from induction.pricing import service as pricing
from induction.resources import APP_IDENTITY, Resources
from induction.runs.models import RunRow
from induction.settings import Settings

log = structlog.get_logger(__name__)
DELETE_AGAIN = timedelta(hours=1)
"""After which one that a provider did not delete, or whose worker died over it, is tried again."""
UNHURRIED = 4
"""Looks for other work to one for batches of runs that are over: nobody waits for these."""


def opened(
    resources: Resources,
    account: Account,
    answering: Answering,
    check: Callable[[], None],
    read_inbox: ReadInbox,
    *,
    keeps_answers: bool = True,
) -> Callable[[Accounting], Batches]:
    """What makes the batches of a run beside its accounting; `check` raises LeaseLost,
    `read_inbox` what the operator asks for."""
    settings = resources.settings
    return lambda accounting: Batches(
        account,
        accounting,
        answering,
        resources.database,
        APP_IDENTITY,
        check=check,
        read_inbox=read_inbox,
        look_seconds=settings.look_seconds,
        least=settings.batch_calls,
        poll_seconds=settings.batch_poll_seconds,
        settling_seconds=settings.batch_settling_seconds,
        keeps_answers=keeps_answers,
    )


def account_of(run: RunRow, settings: Settings, table: PriceTable) -> Account:
    return Account(
        run_id=run.id,
        fence=run.fence,
        epoch=run.epoch,
        calls_limit=run.promised.calls,
        usd_limit=run.money_limit,
        month_cap_usd=Decimal(str(settings.month_cap_usd)),
        prices=table,
        outages=run.outages,
        outage_pause=outage_pause(run.outages, settings.outage_seconds),
    )


def servers_of(run: RunRow) -> dict[str, Server]:
    return {model: Server.model_validate(known) for model, known in run.servers.items()}


async def settle_by_clock(resources: Resources) -> None:
    """Until cancelled: looks after the batches of runs that are over, and deletes what was read."""
    await by_clock(
        partial(settle_once, resources),
        seconds=resources.settings.poll_seconds,
        what="settling batches",
    )


async def settle_once(resources: Resources) -> None:
    """Each run that has left some, and whose turn it is, by a fence of its own, as any driver; and
    each batch that was read, at its provider."""
    while True:
        run = read = None
        async with session_scope(resources.database, APP_IDENTITY) as session:
            if run_id := await batch_rows.take_over(
                session, seconds=resources.settings.batch_poll_seconds
            ):
                run = await session.get_one(RunRow, run_id)
            elif read := await batch_rows.take_read(
                session, kept=batching.KEPT, pause=DELETE_AGAIN
            ):
                run = await session.get_one(RunRow, read.run_id)
        if run is None:
            return
        await (_settle(resources, run) if read is None else _delete(resources, run, read))


async def _settle(resources: Resources, run: RunRow) -> None:
    async with session_scope(resources.database, APP_IDENTITY) as session:
        table = await pricing.table(session, resources.settings)
    account = account_of(run, resources.settings, table)
    answering = Answering(resources.models, servers_of(run))
    accounting = Accounting(account, resources.ledger_commits, answering)
    left = opened(resources, account, answering, lambda: None, _nobody, keeps_answers=False)(
        accounting
    )
    try:
        await left.stop()
        await left.look()
    except (ParkRun, StopRun, LeaseLost) as waits:
        log.info("batch of an ended run stays booked", run_id=str(run.id), reason=str(waits))


async def _delete(resources: Resources, run: RunRow, batch: ReadBatch) -> None:
    if await _is_gone(Answering(resources.models, servers_of(run)), batch):
        async with session_scope(resources.database, APP_IDENTITY) as session:
            await batch_rows.deleted(session, batch.id)


async def _is_gone(answering: Answering, batch: ReadBatch) -> bool:
    """Whether nothing is left to try."""
    try:
        api = answering.batches(batch.model)
    except StopRun as gone:  # its provider is no longer set up; it may be again
        log.warning("batch stays at its provider", batch=str(batch.id), reason=str(gone))
        return False
    failure = None if api is None else await api.delete(batch.provider_id)
    if failure is None:
        return True
    log.warning("batch not deleted", batch=str(batch.id), reason=str(failure))
    return batching.is_undeletable(failure)


async def _nobody() -> None:
    """Steers a run that is over."""
