"""The worker's side: hands out reports of runs that ended, and sends them.

A report is claimed for a time, sent, and then marked. A worker that dies between sending and
marking sends it again: at least once, and each attempt carries the same id.
"""

import asyncio
from typing import Any

import structlog
from nlu_shared.kit.data.db import session_scope
from nlu_shared.kit.errors import NotFound
from nlu_shared.kit.outward import channels, notify
from nlu_shared.kit.process.clock import by_clock
from nlu_shared.schemas.channels import DeliveryStatus
from sqlalchemy import Row

from induction.notices import service, wording
from induction.reports import queries as reports
from induction.reports.html import page
from induction.reports.plain import plain
from induction.resources import APP_IDENTITY, Resources
from induction.runs import service as runs

log = structlog.get_logger(__name__)
AT_ONCE = 10
MOST_ATTEMPTS = 172
"""With the waits between them, an hour at most, a week."""


async def report_by_clock(resources: Resources) -> None:
    """Hands out and, beside that, sends, every `report_seconds` until cancelled: a receiver that is
    slow delays no other run's reports."""
    seconds = resources.settings.report_seconds
    await asyncio.gather(
        by_clock(lambda: hand_out_all(resources), seconds=seconds, what="reports of runs"),
        by_clock(lambda: send_all(resources), seconds=seconds, what="sending of reports"),
    )


async def hand_out_all(resources: Resources) -> None:
    """Every run that has ended since."""
    handed_out = AT_ONCE
    while handed_out == AT_ONCE:
        async with session_scope(resources.database, APP_IDENTITY) as session:
            handed_out = await service.hand_out(session, most=AT_ONCE)


async def send_all(resources: Resources) -> None:
    """All that wait and whose time has come, some at once side by side."""
    while True:
        async with session_scope(resources.database, APP_IDENTITY) as session:
            claimed = await service.claim(session, most=AT_ONCE)
        if not claimed:
            return
        await asyncio.gather(*(_deliver(resources, one) for one in claimed))


async def _deliver(resources: Resources, claimed: Row[Any]) -> None:
    reason, wait, status = None, None, DeliveryStatus.SENT
    try:
        message = await _message(resources, claimed)
        await channels.send(claimed.address, message, service.outward(resources.settings))
    except notify.NotDelivered as failed:
        reason = failed.reason
        wait = channels.retry_after(claimed.attempts, most=MOST_ATTEMPTS)
        status = DeliveryStatus.WAITING if wait else DeliveryStatus.GIVEN_UP
    except (ValueError, LookupError, TypeError, NotFound):  # one run's rows hold up no other's
        log.exception("report cannot be written", run_id=str(claimed.run_id))
        reason, status = "cannot be written", DeliveryStatus.GIVEN_UP
    log.info(
        "report",
        run_id=str(claimed.run_id),
        delivery_id=str(claimed.id),
        status=status.value,
        reason=reason,
    )
    async with session_scope(resources.database, APP_IDENTITY) as session:
        await service.mark(session, claimed, status, reason=reason, wait=wait)


async def _message(resources: Resources, claimed: Row[Any]) -> notify.Message:
    """Read from the run's rows each time: nothing that an erasure would have to reach is kept."""
    async with session_scope(resources.database, APP_IDENTITY) as session:
        report = await reports.of_row(session, await runs.get(session, claimed.run_id))
    ended = wording.notice(report, public_url=resources.settings.public_url)
    parts, subject = wording.parts(ended), wording.subject(ended)
    return notify.Message(
        id=claimed.id,
        subject=subject,
        text=plain(parts),
        body=ended.model_dump(mode="json"),
        html=page(subject, parts),
    )
