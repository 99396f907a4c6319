"""Message Batches of runs: how a worker opens those of the run it drives, and what becomes of those
that a run has left open at its end.

A run that is cancelled or fails while its provider works on a batch does not wait for it. A worker
has the provider stop it, and once it has ended settles what it came to: what was answered is paid
for, and what was not is free again. Until then all of it stays booked. No text is stored of what
comes after a run's end.
"""

from collections.abc import Callable
from decimal import Decimal
from functools import partial

import structlog
from nlu_shared.kit.data.db import session_scope
from nlu_shared.kit.process.clock import by_clock

from induction.llm.accounting.accounting import Account, Accounting
from induction.llm.accounting.entries import LeaseLost
from induction.llm.adapters.models import Answering
from induction.llm.batches import rows as batch_rows
from induction.llm.batches.batches import Batches
from induction.llm.batches.hearing import Hear
from induction.llm.errors import ParkRun, StopRun
from induction.llm.prices import PriceTable
from induction.llm.retry import outage_pause
from induction.llm.servers import Server
from induction.pricing import service as pricing
from induction.resources import APP_IDENTITY, Resources
from induction.runs.models import RunRow
from induction.settings import Settings

log = structlog.get_logger(__name__)


def opened(
    resources: Resources,
    account: Account,
    answering: Answering,
    check: Callable[[], None],
    hear: Hear,
    *,
    keeps_answers: bool = True,
) -> Callable[[Accounting], Batches]:
    """What makes the batches of a run beside its accounting; `check` raises LeaseLost, `hear` what
    the operator asks for."""
    settings = resources.settings
    return lambda accounting: Batches(
        account,
        accounting,
        answering,
        resources.database,
        APP_IDENTITY,
        check=check,
        hear=hear,
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
    """Until cancelled: looks after the batches of runs that are over."""
    await by_clock(
        partial(settle_once, resources),
        seconds=resources.settings.poll_seconds,
        what="settling batches",
    )


async def settle_once(resources: Resources) -> None:
    """Each run that has left some, and whose turn it is; by a fence of its own, as any driver."""
    while True:
        async with session_scope(resources.database, APP_IDENTITY) as session:
            run_id = await batch_rows.take_over(
                session, seconds=resources.settings.batch_poll_seconds
            )
            run = None if run_id is None else await session.get(RunRow, run_id)
        if run is None:
            return
        await _settle(resources, run)


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


async def _nobody() -> None:
    """Steers a run that is over."""
