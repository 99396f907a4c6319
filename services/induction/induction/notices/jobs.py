"""The worker's side: hands out reports of runs and weeks that ended, and sends them.

A report is claimed for a time, sent, and then marked. A worker that dies between sending and
marking sends it again: at least once, and each attempt carries the same id.
"""

import asyncio
from datetime import UTC, datetime, time
from typing import Any

import structlog
from nlu_shared.kit.data.db import session_scope
from nlu_shared.kit.errors import NotFound
from nlu_shared.kit.outward import channels, notify
from nlu_shared.kit.process.clock import by_clock
from nlu_shared.schemas.channels import DeliveryStatus
from sqlalchemy import Row

from induction.notices import service, weekly, wording
from induction.reports import queries as reports
from induction.reports.blocks import blocks
from induction.reports.html import page
from induction.reports.plain import plain
from induction.resources import APP_IDENTITY, Resources
from induction.runs import service as runs
from induction.triggers import queries as triggers
from induction.upstream import UpstreamAway, fetch_incidents

log = structlog.get_logger(__name__)
AT_ONCE = 10
SELDOM = 12
"""So many times as long between two looks for a digest, which is due once a week."""
MOST_ATTEMPTS = 172
"""With the waits between them, an hour at most, a week."""


async def report_by_clock(resources: Resources) -> None:
    """Hands out and, beside that, sends, every `report_seconds` until cancelled, digests more
    seldom: a receiver that is slow delays no other run's reports."""
    seconds = resources.settings.report_seconds
    await asyncio.gather(
        by_clock(lambda: hand_out_all(resources), seconds=seconds, what="reports of runs"),
        by_clock(
            lambda: hand_out_week(resources), seconds=SELDOM * seconds, what="digests of the week"
        ),
        by_clock(lambda: send_all(resources), seconds=seconds, what="sending of reports"),
    )


async def hand_out_all(resources: Resources) -> None:
    """Every run that has ended since."""
    handed_out = AT_ONCE
    while handed_out == AT_ONCE:
        async with session_scope(resources.database, APP_IDENTITY) as session:
            handed_out = await service.hand_out(session, most=AT_ONCE)


async def hand_out_week(resources: Resources) -> None:
    """Last week's digest, once it is due."""
    async with session_scope(resources.database, APP_IDENTITY) as session:
        await service.hand_out_week(session, hour=resources.settings.digest_hour)


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
        log.exception("report cannot be written", delivery_id=str(claimed.id))
        reason, status = "cannot be written", DeliveryStatus.GIVEN_UP
    log.info(
        "report",
        run_id=None if claimed.run_id is None else str(claimed.run_id),
        week=None if claimed.week is None else str(claimed.week),
        delivery_id=str(claimed.id),
        status=status.value,
        reason=reason,
    )
    async with session_scope(resources.database, APP_IDENTITY) as session:
        await service.mark(session, claimed, status, reason=reason, wait=wait)


async def _message(resources: Resources, claimed: Row[Any]) -> notify.Message:
    """Read from rows each time: nothing that an erasure would have to reach is kept."""
    if claimed.run_id is None:
        return await _digest(resources, claimed)
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
        blocks=blocks(subject, parts),
    )


async def _digest(resources: Resources, claimed: Row[Any]) -> notify.Message:
    """Raises NotDelivered while nlu-logger is away: it is tried again, as where a receiver is."""
    since = datetime.combine(claimed.week, time(), UTC)
    until = since + weekly.WEEK
    try:
        incidents = await fetch_incidents(resources.logger, since=since, until=until)
    except UpstreamAway as away:
        raise notify.NotDelivered("nlu-logger is away") from away
    async with session_scope(resources.database, APP_IDENTITY) as session:
        rows, total = await triggers.decided_between(
            session, since, until, tasks=claimed.tasks, most=weekly.MOST_DECISIONS
        )
    ended = weekly.notice(
        claimed.week,
        [row.view() for row in rows],
        total,
        incidents,
        tasks=claimed.tasks,
        public_url=resources.settings.public_url,
    )
    parts, subject = weekly.parts(ended), weekly.subject(ended)
    return notify.Message(
        id=claimed.id,
        subject=subject,
        text=plain(parts),
        body=ended.model_dump(mode="json"),
        html=page(subject, parts),
        blocks=blocks(subject, parts),
    )
