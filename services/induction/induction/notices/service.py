"""Channels as administrators keep them, and which report goes to which."""

import base64
import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from nlu_shared.ids import uuid7
from nlu_shared.kit.access import audit
from nlu_shared.kit.access.auth import Caller
from nlu_shared.kit.errors import Forbidden, Invalid, NotFound
from nlu_shared.kit.outward import channels
from nlu_shared.kit.outward.notify import SECRET_PREFIX
from nlu_shared.schemas.channels import DeliveryStatus
from nlu_shared.schemas.notices import (
    ChannelIn,
    ChannelKind,
    ChannelMade,
    ChannelState,
    channel,
)
from sqlalchemy import Row, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.notices.models import ChannelRow
from induction.settings import Settings
from induction.tasks import service as tasks

LEASE_SECONDS = 60
"""Longer than any attempt may take."""
SECRET_BYTES = 32
# Not by the mapped class: what lists channels does not read addresses.
INSERT = text(
    """
    INSERT INTO report_channels (id, kind, target, address, tasks, events, run_kinds)
    VALUES (:id, :kind, :target, :address, :tasks, :events, :run_kinds)
    """
).bindparams(bindparam("address", type_=JSONB))
STATES = text(
    """
    SELECT channel_id,
        count(*) FILTER (WHERE status = 'sent') AS sent,
        max(sent_at) AS last_sent_at,
        count(*) FILTER (WHERE status = 'waiting') AS waiting,
        count(*) FILTER (WHERE status = 'given_up') AS given_up,
        max(failed_at) FILTER (WHERE status <> 'sent') AS failed_at,
        (array_agg(reason ORDER BY failed_at DESC)
            FILTER (WHERE status <> 'sent' AND failed_at IS NOT NULL))[1] AS reason,
        min(not_before) FILTER (WHERE status = 'waiting') AS next_attempt_at
    FROM report_deliveries WHERE channel_id = ANY(:ids) GROUP BY channel_id
    """
)
# Runs are marked and their reports become rows in one statement: a worker that dies in between, or
# a second one, changes nothing.
HAND_OUT = text(
    """
    WITH due AS MATERIALIZED (
        SELECT id FROM runs WHERE completed_at IS NOT NULL AND reported_at IS NULL
        ORDER BY completed_at LIMIT :most FOR UPDATE SKIP LOCKED
    ), ended AS (
        UPDATE runs SET reported_at = clock_timestamp() FROM due WHERE runs.id = due.id
        RETURNING runs.id, task, kind, completed_at
    ), handed_out AS (
        INSERT INTO report_deliveries (run_id, channel_id)
        SELECT ended.id, channel.id FROM ended JOIN report_channels AS channel
            ON 'run_ended' = ANY(channel.events) AND ended.kind = ANY(channel.run_kinds)
            AND (channel.tasks IS NULL OR ended.task = ANY(channel.tasks))
            AND ended.completed_at >= channel.created_at
        ON CONFLICT (run_id, channel_id) DO NOTHING
    )
    SELECT count(*) FROM ended
    """
)
# The week before the one that is, for channels that were there before it ended. A channel that has
# its row gets no second one.
HAND_OUT_WEEK = text(
    """
    INSERT INTO report_deliveries (channel_id, week)
    SELECT channel.id, week
    FROM report_channels AS channel
    CROSS JOIN (SELECT date_trunc('week', now() AT TIME ZONE 'UTC') AS monday) AS this
    CROSS JOIN LATERAL (SELECT CAST(monday - interval '7 days' AS date) AS week) AS ended
    WHERE 'week_ended' = ANY(channel.events)
        AND channel.created_at < monday AT TIME ZONE 'UTC'
        AND now() AT TIME ZONE 'UTC' >= monday + CAST(:hour AS double precision) * interval '1 hour'
        AND NOT EXISTS (SELECT FROM report_deliveries AS made
            WHERE made.channel_id = channel.id AND made.week = ended.week)
    ON CONFLICT (channel_id, week) DO NOTHING
    """
)
ADDRESS = text("SELECT address FROM report_channels WHERE id = :id")
# Nobody waits a day: where a report seems to, a clock was ahead and has been set right.
CLAIM = text(
    """
    WITH due AS MATERIALIZED (
        SELECT id FROM report_deliveries WHERE status = 'waiting'
            AND (not_before <= clock_timestamp()
                OR not_before > clock_timestamp() + interval '1 day')
        ORDER BY not_before LIMIT :most FOR UPDATE SKIP LOCKED
    )
    UPDATE report_deliveries AS d SET attempts = attempts + 1,
        not_before = clock_timestamp() + make_interval(secs => :lease)
    FROM due, report_channels AS c
    WHERE d.id = due.id AND c.id = d.channel_id
    RETURNING d.id, d.run_id, d.week, d.attempts, c.address, c.tasks
    """
)
MARK = text(
    """
    UPDATE report_deliveries SET status = :status, reason = :reason,
        sent_at = CASE WHEN :status = 'sent' THEN clock_timestamp() END,
        failed_at = CASE WHEN :status = 'sent' THEN failed_at ELSE clock_timestamp() END,
        not_before = clock_timestamp() + coalesce(CAST(:wait AS interval), '0')
    WHERE id = :id AND attempts = :attempts
    """
)


def outward(settings: Settings) -> channels.Outward:
    """What reports are sent with."""
    return channels.outward(
        settings, sender=settings.smtp_from, private_hosts=settings.notice_private_hosts
    )


async def create(
    session: AsyncSession, request: ChannelIn, *, caller: Caller, settings: Settings
) -> ChannelMade:
    """Raises Invalid for a channel that reports could not or must not be sent to, Forbidden for
    tasks that are not the caller's, and NotFound for one that there is not."""
    if not caller.covers(request.tasks):
        raise Forbidden("This key is not for all the tasks that the channel is about.")
    for task in request.tasks or ():
        await tasks.get(session, task)
    made = None
    if request.kind is ChannelKind.WEBHOOK and request.secret is None:
        made = SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
    signing = made or (request.secret.get_secret_value() if request.secret else None)
    try:
        kept = channel(request.kind, request.target.get_secret_value(), signing)
    except ValueError as wrong:
        raise Invalid(str(wrong), code="unusable_channel") from None
    channels.check(kept, outward(settings))
    channel_id = uuid7()
    await session.execute(
        INSERT,
        request.model_dump(mode="json", include={"kind", "tasks", "events", "run_kinds"})
        | {
            "id": channel_id,
            "target": channels.shown(kept).to,
            "address": channels.revealed(kept),
        },
    )
    await audit.record(session, actor=caller.subject, action="channels.create", subject=channel_id)
    row = await _get(session, channel_id, caller)
    (state,) = await _states(session, [row])
    return ChannelMade.model_validate(state.model_dump() | {"secret": made})


async def every(session: AsyncSession, *, caller: Caller) -> list[ChannelState]:
    """Those about the caller's tasks, oldest first, each with how its reports got on."""
    rows = (await session.exec(select(ChannelRow).order_by(col(ChannelRow.id)))).all()
    return await _states(session, [row for row in rows if caller.covers(row.tasks)])


async def address(session: AsyncSession, channel_id: UUID, *, caller: Caller) -> dict[str, Any]:
    """Where a test is about to go, with its secret. Raises NotFound and Forbidden."""
    await _get(session, channel_id, caller)
    await audit.record(session, actor=caller.subject, action="channels.test", subject=channel_id)
    return dict((await session.execute(ADDRESS, {"id": channel_id})).scalar_one())


async def delete(session: AsyncSession, channel_id: UUID, *, caller: Caller) -> None:
    """With what is still to be sent. Raises NotFound and Forbidden."""
    await session.delete(await _get(session, channel_id, caller))
    await audit.record(session, actor=caller.subject, action="channels.delete", subject=channel_id)


async def hand_out(session: AsyncSession, *, most: int) -> int:
    """Makes a row of each report that is due, for runs that have ended; how many runs."""
    return int((await session.execute(HAND_OUT, {"most": most})).scalar_one())


async def hand_out_week(session: AsyncSession, *, hour: float) -> None:
    """Makes a row of each digest of last week that is due: from that hour of Monday on, by UTC."""
    await session.execute(HAND_OUT_WEEK, {"hour": hour})


async def claim(session: AsyncSession, *, most: int) -> Sequence[Row[Any]]:
    """Reports whose time has come: they are this worker's to send for LEASE_SECONDS."""
    return (await session.execute(CLAIM, {"lease": LEASE_SECONDS, "most": most})).all()


async def mark(
    session: AsyncSession,
    claimed: Row[Any],
    status: DeliveryStatus,
    *,
    reason: str | None,
    wait: timedelta | None,
) -> None:
    """How an attempt ended; nothing where another worker has claimed the report since."""
    await session.execute(
        MARK,
        {
            "id": claimed.id,
            "attempts": claimed.attempts,
            "status": status.value,
            "reason": reason,
            "wait": wait,
        },
    )


async def _get(session: AsyncSession, channel_id: UUID, caller: Caller) -> ChannelRow:
    row = await session.get(ChannelRow, channel_id)
    if row is None:
        raise NotFound("There is no such channel.")
    if not caller.covers(row.tasks):
        raise Forbidden("This key is not for all the tasks that the channel is about.")
    return row


async def _states(session: AsyncSession, rows: Sequence[ChannelRow]) -> list[ChannelState]:
    counted = await session.execute(STATES, {"ids": [row.id for row in rows]})
    states = {one["channel_id"]: {name: one[name] for name in NONE} for one in counted.mappings()}
    return [
        ChannelState.model_validate(row.model_dump() | states.get(row.id, NONE)) for row in rows
    ]


NONE: dict[str, Any] = {
    "sent": 0,
    "last_sent_at": None,
    "waiting": 0,
    "given_up": 0,
    "failed_at": None,
    "reason": None,
    "next_attempt_at": None,
}
