"""How a notice reaches people: signed, again when it failed, in order, and without a secret."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import structlog
from nlu_logger.alerts.policy import MOST_ATTEMPTS

from tests.fixtures.databases import Databases
from tests.fixtures.receiver import Receiver, mailbox, receiving
from tests.fixtures.servers import Servers
from tests.fixtures.stack import until
from tests.nlu_logger.alerts.watch import (
    BELOW_HALF,
    PRIVATE,
    SECRET,
    end,
    forget_all,
    history,
    log,
    make,
    stepping,
    webhook,
)
from tests.nlu_logger.world import World, connected, opened


@pytest.fixture(scope="module")
async def world(databases: Databases, servers: Servers) -> AsyncIterator[World]:
    settings = {"alert_private_hosts": PRIVATE, "smtp_url": "smtp://mail.example"}
    async with opened(databases, servers, **settings) as made:
        yield made


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


@pytest.fixture(autouse=True)
async def no_alerts_are_left(world: World) -> AsyncIterator[None]:
    yield
    await forget_all(world)


async def test_a_webhook_is_signed_over_its_id_time_and_body(
    world: World, receiver: Receiver, task: str
) -> None:
    alert = await make(world, webhook(receiver), task=task, **BELOW_HALF)
    await log(world, task, count=2, confidence=0.1)
    async with stepping(world) as step:
        await step()
    (incident,) = await history(world, alert)
    ((headers, body),) = receiver.got
    assert headers["webhook-id"] == incident["deliveries"][0]["id"]
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    notice = json.loads(body)
    assert notice["rule"]["name"] == "of a test"
    assert b"private" not in body


async def test_slack_is_told_in_words_it_cannot_mistake_for_links(
    world: World, receiver: Receiver, task: str
) -> None:
    slack = {"kind": "slack", "url": receiver.url}
    await make(world, slack, name="<!channel> & co", task=task, **BELOW_HALF)
    await log(world, task, count=2, confidence=0.1)
    async with stepping(world) as step:
        await step()
    ((_, body),) = receiver.got
    text = json.loads(body)["text"]
    assert "low confidence share of 0.5 or more within" in text
    assert text.startswith("*[nlu-logger] ALERT: &lt;!channel&gt; &amp; co*\n")
    assert "100.0% of 2 predictions have a confidence below 0.6." in text


async def test_a_notice_names_value_threshold_intent_and_the_page_to_look_at(
    world: World, receiver: Receiver, task: str
) -> None:
    slack = {"kind": "slack", "url": receiver.url}
    rule = {"kind": "error_rate", "threshold": 0.5, "min_count": 3, "task": task}
    await make(world, slack, webhook(receiver), **rule)
    for intent, well in (("greet\nlink: x", False), ("greet\nlink: x", False), ("order", False)):
        await end(world, await log(world, task, predicted_intent=intent), well=well)
    await end(world, await log(world, task, predicted_intent="play"), well=True)
    async with stepping(world, public_url="https://nlu.example") as step:
        await step()
    by_kind = {"text" in body: body for body in (json.loads(body) for _, body in receiver.got)}
    assert by_kind[True]["text"].splitlines()[1:] == [
        "75.0% of 4 outcomes failed.",
        "Most of it: intent greet link: x.",
        f"Rule: error rate of 0.5 or more within 60 minutes, task {task}.",
        by_kind[True]["text"].splitlines()[4],
        "https://nlu.example/dashboard",
    ]
    notice = by_kind[False]
    assert (notice["value"], notice["rule"]["threshold"]) == (0.75, 0.5)
    assert (notice["intent"], notice["link"]) == ("greet\nlink: x", "https://nlu.example/dashboard")


async def test_a_mail_reaches_everybody_and_is_sent_again_where_it_was_refused(
    world: World, task: str
) -> None:
    people = ["ann@example.org", "ben@example.org"]
    alert = await make(world, {"kind": "email", "to": people}, task=task, **BELOW_HALF)
    await log(world, task, count=2, confidence=0.1)
    async with (
        mailbox() as box,
        stepping(world, smtp_url=box.url, smtp_from="nlu@example.org") as step,
    ):
        box.refusals = ["451 try later"]
        await step()
        assert await deliveries(world, alert) == [("opened", "waiting", 1, "smtp 451")]
        await step()
        assert await deliveries(world, alert) == [("opened", "sent", 2, None)]
    (mail,) = box.mails
    assert (mail["From"], mail["To"]) == ("nlu@example.org", ", ".join(people))
    assert mail["Subject"] == "[nlu-logger] ALERT: of a test"
    ((incident,)) = await history(world, alert)
    assert mail["Message-ID"] == f"<{incident['deliveries'][0]['id']}@example.org>"
    assert "100.0% of 2 predictions" in mail.get_content()


async def test_a_notice_is_sent_again_with_the_same_id_and_the_end_is_told_after_the_beginning(
    world: World, receiver: Receiver, task: str
) -> None:
    receiver.answers = [500, 307]
    alert = await make(world, webhook(receiver), task=task, **BELOW_HALF)
    await log(world, task, count=2, confidence=0.1)
    async with stepping(world) as step:
        await step()
        await log(world, task, count=3, confidence=0.9)
        await step()
        assert await deliveries(world, alert) == [
            ("opened", "waiting", 2, "status 307"),
            ("recovered", "waiting", 0, None),
        ]
        await step()
    assert await deliveries(world, alert) == [
        ("opened", "sent", 3, None),
        ("recovered", "sent", 1, None),
    ]
    notices = [json.loads(body)["notice"] for _, body in receiver.got]
    assert notices == ["opened", "opened", "opened", "recovered"]
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 2
    assert len({body for _, body in receiver.got}) == 2


async def test_after_the_last_attempt_a_notice_is_given_up_and_says_why(
    world: World, receiver: Receiver, task: str
) -> None:
    receiver.answers = [503] * (MOST_ATTEMPTS + 1)
    alert = await make(world, webhook(receiver), task=task, **BELOW_HALF)
    await log(world, task, count=2, confidence=0.1)
    async with stepping(world) as step:
        for _ in range(MOST_ATTEMPTS + 1):
            await step()
    expected = ("opened", "given_up", MOST_ATTEMPTS, "status 503")
    assert await deliveries(world, alert) == [expected]
    assert len(receiver.got) == MOST_ATTEMPTS


async def test_one_channel_that_fails_does_not_keep_the_others_from_hearing(
    world: World, receiver: Receiver, task: str
) -> None:
    dead = {"kind": "slack", "url": "http://127.0.0.1:1/hook"}
    alert = await make(world, dead, webhook(receiver), task=task, **BELOW_HALF)
    await log(world, task, count=2, confidence=0.1)
    async with stepping(world) as step:
        await step()
    assert await deliveries(world, alert) == [
        ("opened", "waiting", 1, "unreachable"),
        ("opened", "sent", 1, None),
    ]


async def test_a_host_that_is_no_longer_allowed_is_not_called(
    world: World, receiver: Receiver, task: str
) -> None:
    alert = await make(world, webhook(receiver), task=task, **BELOW_HALF)
    await log(world, task, count=2, confidence=0.1)
    async with stepping(world, alert_private_hosts=[]) as step:
        await step()
    assert await deliveries(world, alert) == [("opened", "waiting", 1, "unsafe address")]
    assert receiver.got == []


async def test_a_worker_that_died_while_sending_is_followed_by_another(
    world: World, receiver: Receiver, task: str
) -> None:
    """Nobody knows whether it was sent: it is sent again, under the same id."""
    alert = await make(world, webhook(receiver), task=task, **BELOW_HALF)
    await log(world, task, count=2, confidence=0.1)
    async with stepping(world) as step:
        receiver.holds = asyncio.Event()
        dying = asyncio.create_task(step())
        await until(lambda: some(receiver, 1))
        dying.cancel()
        await asyncio.gather(dying, return_exceptions=True)
        receiver.holds.set()
        await step()
    assert await deliveries(world, alert) == [("opened", "sent", 2, None)]
    first, second = (headers["webhook-id"] for headers, _ in receiver.got)
    assert first == second


@pytest.mark.parametrize(
    ("channel", "code"),
    [
        ({"kind": "slack", "url": "http://hooks.slack.com/x"}, "unsafe_address"),
        ({"kind": "slack", "url": "https://10.0.0.1/"}, "unsafe_address"),
        ({"kind": "webhook", "url": "https://[::1]/", "secret": SECRET}, "unsafe_address"),
        ({"kind": "webhook", "url": "https://example.com/", "secret": "whsec_short"}, "invalid"),
        ({"kind": "webhook", "url": "https://example.com/"}, "invalid"),
        ({"kind": "email", "to": []}, "invalid"),
        ({"kind": "email", "to": ["ann@example.org\nBcc: eve@example.org"]}, "invalid"),
        ({"kind": "email", "to": ["ann@example.org, eve@example.org"]}, "invalid"),
        ({"kind": "pigeon", "to": "roof"}, "invalid"),
    ],
)
async def test_a_channel_that_leads_nowhere_or_where_it_must_not_is_refused(
    world: World, task: str, channel: dict[str, Any], code: str
) -> None:
    body = {"rule": {"name": "x", "task": task, **BELOW_HALF}, "channels": [channel]}
    refused = await world.admin.post("/v1/admin/alerts", json=body)
    assert (refused.status_code, refused.json()["code"]) == (422, code)
    assert SECRET not in refused.text


async def test_a_rules_name_is_one_line_since_it_is_a_mails_subject(world: World) -> None:
    for name in ("a\r\nBcc: eve@example.org", "a\u2028b", ""):
        body = {"rule": {"name": name, **BELOW_HALF}, "channels": [{"kind": "slack", "url": "x"}]}
        assert (await world.admin.post("/v1/admin/alerts", json=body)).status_code == 422


async def test_no_address_or_secret_of_a_channel_is_ever_shown_again(
    world: World, receiver: Receiver, task: str
) -> None:
    receiver.answers = [500]
    slack = {"kind": "slack", "url": receiver.url}
    with structlog.testing.capture_logs() as logs:
        alert = await make(world, slack, webhook(receiver), task=task, **BELOW_HALF)
        await log(world, task, count=2, confidence=0.1)
        async with stepping(world) as step:
            await step()
    listed = (await world.admin.get("/v1/admin/alerts")).text
    past = (await world.admin.get(f"/v1/admin/alerts/{alert}/incidents")).text
    audited = await audit_of(world, alert)
    for text in (listed, past, audited, str(logs)):
        assert "a-secret-path" not in text
        assert SECRET not in text
    assert "http://127.0.0.1/…" in listed


async def test_without_a_mail_server_a_rule_cannot_ask_for_mail(
    databases: Databases, servers: Servers
) -> None:
    async with opened(databases, servers) as bare:
        body = {
            "rule": {"name": "x", **BELOW_HALF},
            "channels": [{"kind": "email", "to": ["ann@example.org"]}],
        }
        refused = await bare.admin.post("/v1/admin/alerts", json=body)
    assert (refused.status_code, refused.json()["code"]) == (422, "no_mail_server")


async def deliveries(world: World, alert: str) -> list[tuple[str, str, int, str | None]]:
    return [
        (one["notice"], one["status"], one["attempts"], one["reason"])
        for incident in await history(world, alert)
        for one in incident["deliveries"]
    ]


async def some(receiver: Receiver, count: int) -> bool:
    return len(receiver.got) >= count


async def audit_of(world: World, alert: str) -> str:
    async with connected(world.database.owner_url) as owner:
        return str(await owner.fetch("SELECT * FROM audit_log WHERE subject = $1", alert))
