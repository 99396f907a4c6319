"""Alert rules as administrators keep them, and what a look at one changes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from nlu_shared.ids import uuid7
from nlu_shared.kit.access import audit
from nlu_shared.kit.access.auth import Caller
from nlu_shared.kit.data.db import Database, Identity, session_scope
from nlu_shared.kit.data.pages import cut
from nlu_shared.kit.errors import Forbidden, NotFound
from nlu_shared.kit.outward import channels
from nlu_shared.schemas.alerts import (
    Alert,
    AlertIn,
    AlertNotice,
    Delivery,
    Incident,
    IncidentInBrief,
    Notice,
    Rule,
)
from nlu_shared.schemas.base import Page
from nlu_shared.schemas.channels import ChannelView
from pydantic import TypeAdapter
from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_logger.alerts import queries
from nlu_logger.alerts.models import AlertRow, DeliveryRow, IncidentRow
from nlu_logger.alerts.policy import Decision, Seen, State, decide
from nlu_logger.migrations import JOB
from nlu_logger.settings import Settings

MOST_IN_BRIEF = 200
RULE: TypeAdapter[Rule] = TypeAdapter(Rule)
# Not by the mapped class: nobody who may insert `channels` may read them back.
INSERT = text(
    "INSERT INTO alerts (id, rule, shown, channels) VALUES (:id, :rule, :shown, :channels)"
).bindparams(*(bindparam(name, type_=JSONB) for name in ("rule", "shown", "channels")))


IN_BRIEF = text(
    """
    SELECT incident.id, rule, opened_at, recovered_at, value, count,
        (SELECT body->>'intent' FROM alert_deliveries
            WHERE incident_id = incident.id AND notice = 'opened' LIMIT 1) AS intent
    FROM alert_incidents AS incident JOIN alerts AS alert ON alert.id = alert_id
    WHERE opened_at >= :since AND opened_at < :until
        AND (CAST(:task AS text) IS NULL OR rule->>'task' = :task)
        AND (CAST(:own AS text[]) IS NULL OR rule->>'task' = ANY(:own))
    ORDER BY incident.id DESC LIMIT :most
    """
)


async def create(
    session: AsyncSession, request: AlertIn, *, caller: Caller, settings: Settings
) -> Alert:
    """Raises Invalid for a channel that notices could not or must not be sent to, and Forbidden
    for a rule about tasks that are not the caller's."""
    _check_task(caller, request.rule)
    for channel in request.channels:
        channels.check(channel, outward(settings))
    alert_id = uuid7()
    await session.execute(
        INSERT,
        {
            "id": alert_id,
            "rule": request.rule.model_dump(mode="json"),
            "shown": [channels.shown(channel).model_dump() for channel in request.channels],
            "channels": [channels.revealed(channel) for channel in request.channels],
        },
    )
    await audit.record(session, actor=caller.subject, action="alerts.create", subject=alert_id)
    return await get(session, alert_id, caller=caller)


async def get(session: AsyncSession, alert_id: UUID, *, caller: Caller) -> Alert:
    """Raises NotFound, and Forbidden for one about tasks that are not the caller's."""
    row = await session.get(AlertRow, alert_id)
    if row is None:
        raise NotFound("There is no such alert.")
    _check_task(caller, RULE.validate_python(row.rule))
    last = await _last_incident(session, alert_id)
    return _view(row, last.opened_at if last and last.recovered_at is None else None)


async def every(session: AsyncSession, *, caller: Caller) -> list[Alert]:
    """Those about the caller's tasks, oldest first."""
    rows = (await session.exec(select(AlertRow).order_by(col(AlertRow.id)))).all()
    unended = select(IncidentRow).where(col(IncidentRow.recovered_at).is_(None))
    since = {one.alert_id: one.opened_at for one in (await session.exec(unended)).all()}
    views = [_view(row, since.get(row.id)) for row in rows]
    return [alert for alert in views if caller.covers(_tasks(alert.rule))]


async def delete(session: AsyncSession, alert_id: UUID, *, caller: Caller) -> None:
    """With its incidents and what is still to be sent; the audit log keeps that it was."""
    await get(session, alert_id, caller=caller)
    await session.execute(text("DELETE FROM alerts WHERE id = :id"), {"id": alert_id})
    await audit.record(session, actor=caller.subject, action="alerts.delete", subject=alert_id)


async def incidents(
    session: AsyncSession, alert_id: UUID, *, caller: Caller, before: UUID | None, limit: int
) -> Page[Incident]:
    """Newest first, each with what was sent of it."""
    alert = await get(session, alert_id, caller=caller)
    matching = select(IncidentRow).where(IncidentRow.alert_id == alert_id)
    if before is not None:
        matching = matching.where(col(IncidentRow.id) < before)
    newest = matching.order_by(col(IncidentRow.id).desc()).limit(limit + 1)
    rows = (await session.exec(newest)).all()
    shown_rows, cursor = cut(rows, limit)
    sent = await session.exec(
        select(DeliveryRow)
        .where(col(DeliveryRow.incident_id).in_([row.id for row in shown_rows]))
        .order_by(col(DeliveryRow.notice), col(DeliveryRow.channel))
    )
    deliveries: dict[UUID, list[Delivery]] = {row.id: [] for row in shown_rows}
    for row in sent.all():
        deliveries[row.incident_id].append(
            Delivery.model_validate(
                row.model_dump(include=set(Delivery.model_fields))
                | {"channel": alert.channels[row.channel]}
            )
        )
    return Page(
        items=[
            Incident.model_validate(
                row.model_dump(exclude={"alert_id"}) | {"deliveries": deliveries[row.id]}
            )
            for row in shown_rows
        ],
        next_cursor=cursor,
    )


async def in_brief(
    database: Database, *, caller: Caller, task: str | None, since: datetime, until: datetime
) -> Page[IncidentInBrief]:
    """Incidents that opened from `since` to `until`, about the caller's tasks or one of them, the
    newest first. Read as the worker reads them: rules stand beside addresses, which no role of a
    caller but the administrator's may come near; none leaves here."""
    async with session_scope(database, Identity(JOB)) as session:
        rows = await session.execute(
            IN_BRIEF,
            {
                "task": task,
                "since": since,
                "until": until,
                "own": caller.task_list,
                "most": MOST_IN_BRIEF,
            },
        )
        return Page(items=[IncidentInBrief.model_validate(dict(row)) for row in rows.mappings()])


async def claim(session: AsyncSession, *, seconds: float) -> Sequence[UUID]:
    """The alerts that are to be looked at again; they are this worker's to do now.

    A wide window costs more to count and changes less: for each minute of it the next look is a
    second later, and `seconds` later at the earliest. A look that is still to come was dated by a
    clock that has been set right since.
    """
    claimed = await session.execute(
        text(
            """
            UPDATE alerts SET looked_at = now() WHERE id IN (SELECT id FROM alerts
            WHERE looked_at IS NULL OR looked_at > now() OR looked_at <= now() - make_interval(
              secs => greatest(:seconds, CAST(rule ->> 'window_minutes' AS double precision)))
            FOR UPDATE SKIP LOCKED) RETURNING id
            """
        ),
        {"seconds": seconds},
    )
    return claimed.scalars().all()


async def look(session: AsyncSession, alert_id: UUID) -> Decision | None:
    """Decides on database time; an incident and its notices are rows of this transaction.

    None where the alert is gone, or another worker is still at it.
    """
    row = (
        await session.execute(
            text(
                """
                SELECT rule, jsonb_array_length(channels) AS channels, now() AS now FROM alerts
                WHERE id = :id FOR UPDATE SKIP LOCKED
                """
            ),
            {"id": alert_id},
        )
    ).one_or_none()
    if row is None:
        return None
    rule = RULE.validate_python(row.rule)
    last = await _last_incident(session, alert_id)
    state = State(last.opened_at, last.recovered_at) if last else State()
    seen = await queries.seen(session, rule, now=row.now)
    decision = decide(rule, state, seen, row.now)
    if decision is Decision.OPEN:
        last = IncidentRow(
            id=uuid7(), alert_id=alert_id, opened_at=row.now, value=seen.value, count=seen.count
        )
        session.add(last)
        await session.flush()
        intent = await queries.foremost_intent(session, rule, now=row.now)
        await _tell(session, Notice.OPENED, last, rule, seen, row, intent)
    elif decision is Decision.RECOVERED and last is not None:
        last.recovered_at, last.recovered_value = row.now, seen.value
        await _tell(session, Notice.RECOVERED, last, rule, seen, row)
    return decision


async def _tell(
    session: AsyncSession,
    notice: Notice,
    incident: IncidentRow,
    rule: Rule,
    seen: Seen,
    row: Any,
    intent: str | None = None,
) -> None:
    """One delivery for each channel; its body is fixed here: every attempt says the same."""
    message = AlertNotice(
        notice=notice,
        alert_id=incident.alert_id,
        incident_id=incident.id,
        rule=rule,
        value=seen.value,
        count=seen.count,
        at=row.now,
        intent=intent,
    )
    session.add_all(
        DeliveryRow(
            id=uuid7(),
            incident_id=incident.id,
            notice=notice.value,
            channel=channel,
            body=message.model_dump(mode="json"),
        )
        for channel in range(row.channels)
    )


async def _last_incident(session: AsyncSession, alert_id: UUID) -> IncidentRow | None:
    newest = (
        select(IncidentRow)
        .where(IncidentRow.alert_id == alert_id)
        .order_by(col(IncidentRow.id).desc())
        .limit(1)
    )
    return (await session.exec(newest)).one_or_none()


def _view(row: AlertRow, open_since: datetime | None) -> Alert:
    return Alert(
        id=row.id,
        rule=RULE.validate_python(row.rule),
        channels=[ChannelView.model_validate(one) for one in row.shown],
        created_at=row.created_at,
        looked_at=row.looked_at,
        open_since=open_since,
    )


def _tasks(rule: Rule) -> list[str] | None:
    return None if rule.task is None else [rule.task]


def _check_task(caller: Caller, rule: Rule) -> None:
    if not caller.covers(_tasks(rule)):
        raise Forbidden("This key is not for all the tasks that the rule is about.")


def outward(settings: Settings) -> channels.Outward:
    """What notices of alerts are sent with."""
    return channels.outward(
        settings, sender=settings.smtp_from, private_hosts=settings.alert_private_hosts
    )
