"""The worker's side: looks at every rule by the clock, and sends what is to be told.

A notice is claimed for a time, sent, and then marked. A worker that dies between sending and
marking sends it again: at least once, and each attempt carries the same id.
"""

import asyncio
from typing import Any

import structlog
from nlu_shared.kit.data.db import Database, Identity, session_scope
from nlu_shared.kit.outward import channels, notify
from nlu_shared.kit.process.clock import by_clock
from nlu_shared.schemas.alerts import AlertNotice
from nlu_shared.schemas.channels import DeliveryStatus
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from nlu_logger.alerts import service, wording
from nlu_logger.alerts.policy import MOST_ATTEMPTS, Decision
from nlu_logger.settings import Settings

log = structlog.get_logger(__name__)
AT_ONCE = 10
LEASE_SECONDS = 60
"""Longer than any attempt may take."""


async def watch(database: Database, identity: Identity, settings: Settings) -> None:
    """Looks at the rules and, beside that, sends, until cancelled. A receiver that is slow delays
    no look, and a database that is away is outlived."""
    await asyncio.gather(
        by_clock(
            lambda: look_at_all(database, identity, settings),
            seconds=settings.alert_seconds,
            what="alert rules",
        ),
        by_clock(
            lambda: send_all(database, identity, settings),
            seconds=settings.alert_seconds,
            what="alert notices",
        ),
    )


async def look_at_all(database: Database, identity: Identity, settings: Settings) -> None:
    """Every rule whose last look is long enough ago. The claim is a commit of its own, and so is
    each look: a rule that cannot be measured does not stand in the way of the others."""
    async with session_scope(database, identity) as session:
        claimed = await service.claim(session, seconds=settings.alert_seconds)
    for alert_id in claimed:
        try:
            async with session_scope(database, identity) as session:
                decision = await service.look(session, alert_id)
        except DBAPIError as failed:
            reason = type(failed.orig).__name__
            log.warning("alert not measured", alert_id=str(alert_id), reason=reason)
        else:
            if decision in {Decision.OPEN, Decision.RECOVERED}:
                log.info("incident", alert_id=str(alert_id), decision=decision.value)


async def send_all(database: Database, identity: Identity, settings: Settings) -> None:
    """All that waits and whose time has come."""
    while await send_some(database, identity, settings):
        pass


async def send_some(database: Database, identity: Identity, settings: Settings) -> int:
    """Sends up to AT_ONCE waiting notices side by side; how many there were.

    That something recovered is not told before that it had opened.
    """
    async with session_scope(database, identity) as session:
        claimed = await session.execute(
            text(
                # Nobody waits a day: where one seems to, a clock was ahead and has been set right.
                """
                WITH due AS MATERIALIZED (
                  SELECT w.id FROM alert_deliveries w
                  WHERE w.status = 'waiting' AND (w.not_before <= clock_timestamp()
                    OR w.not_before > clock_timestamp() + interval '1 day')
                  AND NOT EXISTS (SELECT FROM alert_deliveries first
                    WHERE first.incident_id = w.incident_id AND first.channel = w.channel
                    AND first.status = 'waiting' AND first.notice < w.notice)
                  ORDER BY w.id LIMIT :most FOR UPDATE SKIP LOCKED
                )
                UPDATE alert_deliveries d SET attempts = attempts + 1,
                  not_before = clock_timestamp() + make_interval(secs => :lease)
                FROM due, alert_incidents i, alerts a
                WHERE d.id = due.id AND i.id = d.incident_id AND a.id = i.alert_id
                RETURNING d.id, d.attempts, d.body, a.channels -> d.channel AS channel
                """
            ),
            {"lease": LEASE_SECONDS, "most": AT_ONCE},
        )
        rows = claimed.all()
    await asyncio.gather(*(_deliver(database, identity, settings, row) for row in rows))
    return len(rows)


async def _deliver(database: Database, identity: Identity, settings: Settings, row: Any) -> None:
    reason, wait = None, None
    status = DeliveryStatus.SENT
    try:
        await _send(row, settings)
    except notify.NotDelivered as failed:
        reason, wait = failed.reason, channels.retry_after(row.attempts, most=MOST_ATTEMPTS)
        status = DeliveryStatus.WAITING if wait else DeliveryStatus.GIVEN_UP
    log.info("notice", delivery_id=str(row.id), status=status.value, reason=reason)
    async with session_scope(database, identity) as session:
        await session.execute(
            text(
                """
                UPDATE alert_deliveries SET status = :status, reason = :reason,
                sent_at = CASE WHEN :status = 'sent' THEN clock_timestamp() END,
                not_before = clock_timestamp() + coalesce(CAST(:wait AS interval), '0')
                WHERE id = :id AND attempts = :attempts
                """
            ),
            {
                "id": row.id,
                "attempts": row.attempts,
                "status": status.value,
                "reason": reason,
                "wait": wait,
            },
        )


async def _send(row: Any, settings: Settings) -> None:
    link = f"{settings.public_url}/dashboard" if settings.public_url else None
    notice = AlertNotice.model_validate(row.body | {"link": link})
    message = notify.Message(
        id=row.id,
        subject=wording.subject(notice),
        text=wording.text(notice),
        body=notice.model_dump(mode="json"),
    )
    await channels.send(row.channel, message, service.outward(settings))
