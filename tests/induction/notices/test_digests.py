"""A week ends, and who wanted to hear of it does: trigger decisions and alerts, once a channel."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from tests.fixtures.clock import stopped_clock
from tests.fixtures.databases import Databases
from tests.fixtures.labelled import make_task
from tests.fixtures.receiver import Mailbox, Receiver
from tests.fixtures.servers import Servers
from tests.fixtures.stack import Stack, opened, until
from tests.induction.runs.driving import sql, start

TASK = "weekly"
DECIDED = """
INSERT INTO trigger_decisions (id, task, started, reasons, causes, times, decided_at,
    last_decided_at)
VALUES (uuidv7(), $1, $2, $3, $4, $5, $6, $6)
"""
INCIDENT = """
INSERT INTO alert_incidents (id, alert_id, opened_at, value, count)
VALUES (uuidv7(), $1, $2, 0.31, 200)
"""
RULE = {"kind": "error_rate", "name": "weekly fails", "task": TASK, "threshold": 0.2}


MONDAY = datetime(2026, 11, 16, tzinfo=UTC)
TOO_EARLY, DUE, A_WEEK_LATER = "2026-11-23 05:59Z", "2026-11-23 06:00Z", "2026-11-30 06:00Z"
MADE = "UPDATE report_channels SET created_at = $2 WHERE id = $1"


@pytest.fixture(scope="module")
async def telling(databases: Databases, servers: Servers, box: Mailbox) -> AsyncIterator[Stack]:
    """In the week before runs were considered and an alert opened; so was one the week before."""
    settings: dict[str, Any] = {
        "smtp_url": box.url,
        "smtp_from": "induction@example.org",
        "notice_private_hosts": ["127.0.0.1"],
        "report_seconds": 0.5,
        "public_url": "https://induction.example",
    }
    async with opened(databases, servers, **settings) as stack:
        await make_task(stack, TASK, cases=4)
        await make_task(stack, "other")
        cause = {"cause": "traffic_drift", "helps": True, "evidence": "the traffic moved"}
        for task, started, days in ((TASK, True, 2), (TASK, False, 3), ("other", False, 4)):
            reason = json.dumps([f"reason of {days}"])
            at = MONDAY + timedelta(days=days)
            await sql(stack, DECIDED, task, started, reason, json.dumps([cause]), days, at)
        before = MONDAY - timedelta(days=1)
        await sql(stack, DECIDED, TASK, False, '["long ago"]', "[]", 1, before)
        await opened_alert(stack, MONDAY + timedelta(days=1))
        yield stack


async def opened_alert(stack: Stack, at: datetime) -> None:
    made = await stack.logger.post(
        "/v1/admin/alerts",
        json={"rule": RULE, "channels": [{"kind": "slack", "url": "https://hooks.example.org/x"}]},
    )
    assert made.status_code == 201, made.text
    database = stack.logger_database
    db = await asyncpg.connect(database.admin_url.rsplit("/", 1)[0] + "/" + database.name)
    try:
        await db.execute(INCIDENT, made.json()["id"], at)
    finally:
        await db.close()


async def channel(
    stack: Stack, kind: str, target: str, made: timedelta = timedelta(0), **more: object
) -> None:
    """Made so long after that Monday."""
    body = {"kind": kind, "target": target, "events": ["week_ended"], **more}
    answer = await stack.induction.post("/v1/admin/channels", json=body)
    assert answer.status_code == 201, answer.text
    await sql(stack, MADE, answer.json()["id"], MONDAY + made)


async def sent(stack: Stack, count: int) -> None:
    async def stand() -> bool:
        states = (await stack.induction.get("/v1/admin/channels")).json()
        return sum(one["sent"] for one in states) == count

    await until(stand)


async def handed_out(stack: Stack) -> None:
    """Workers have looked once more: a run that has ended was handed out."""
    run = await start(stack, TASK, kind="evaluate")
    await stack.induction.post(f"/v1/runs/{run}/cancel")

    async def reported() -> bool:
        rows = await sql(stack, "SELECT FROM runs WHERE id = $1 AND reported_at IS NOT NULL", run)
        return bool(rows)

    await until(reported)


@pytest.mark.law
@pytest.mark.long
async def test_each_channel_gets_the_digest_of_a_week_once(
    telling: Stack, box: Mailbox, receiver: Receiver
) -> None:
    await channel(telling, "email", "ann@example.org")
    await channel(telling, "webhook", receiver.url)
    await channel(telling, "slack", receiver.url, tasks=["other"])
    both = {"events": ["week_ended", "run_ended"], "run_kinds": ["canary"]}
    await channel(telling, "slack", receiver.url, timedelta(days=7), **both)
    clock = await stopped_clock(telling.induction_database, TOO_EARLY)
    async with telling.working(), telling.working():
        await handed_out(telling)
        await clock.move(DUE)
        await sent(telling, 3)
    async with telling.working():
        await handed_out(telling)
        await sent(telling, 3)
    (mail,) = box.mails
    assert (
        mail["Subject"]
        == f"[induction] week of {MONDAY:%Y-%m-%d}: 1 run started by itself, 1 alert"
    )
    plain = mail.get_body(("plain",))
    assert plain is not None
    words = " ".join(str(plain.get_content()).split())
    for line in (
        f"Runs that start by themselves: {TASK}",
        "started: reason of 2",
        "not started: reason of 3 3",
        "the traffic moved",
        "weekly fails weekly 0.31 0.2 - open",
        "https://induction.example/dashboard",
    ):
        assert line in words, line
    assert "long ago" not in words
    slack, webhook = sorted(receiver.got, key=lambda one: "webhook-id" in one[0])
    body = json.loads(webhook[1])
    assert (body["event"], body["week"]) == ("week_ended", "2026-11-16")
    assert [one["task"] for one in body["decisions"]] == ["other", TASK, TASK]
    assert [one["rule"]["name"] for one in body["incidents"]] == ["weekly fails"]
    text = json.loads(slack[1])["text"]
    assert "reason of 4" in text
    assert "None opened." in text
    assert "reason of 2" not in text

    await clock.move(A_WEEK_LATER)
    async with telling.working():
        await sent(telling, 7)
    assert "None opened." in json.loads(receiver.got[-1][1]).get("text", "None opened.")


async def test_incidents_are_for_who_may_read_insights_of_their_tasks(telling: Stack) -> None:
    period = {"from": "2020-01-01T00:00:00Z", "to": "2100-01-01T00:00:00Z"}
    path = "/v1/insights/incidents"
    (one,) = (await telling.logger.get(path, params=period)).json()["items"]
    assert (one["value"], one["rule"]["name"], one["intent"]) == (0.31, "weekly fails", None)
    none = await telling.logger.get(path, params={**period, "task": "other"})
    assert none.json()["items"] == []
    unfit = await telling.logger.get(path, params={"from": "yesterday"})
    assert unfit.status_code == 422
