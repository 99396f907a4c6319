"""A run ends, and who wanted to hear of it does: once a channel, whatever a receiver does."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from induction.sentences import level

from tests.fixtures.databases import Databases
from tests.fixtures.labelled import make_task, texts
from tests.fixtures.receiver import Mailbox, Receiver
from tests.fixtures.servers import Servers
from tests.fixtures.stack import Stack, opened, until
from tests.induction.runs.driving import reached, shown, sql, start

TASK, CASES = "told", 16
PEOPLE = "ann@example.org, ben@example.org"
PUBLIC = "https://induction.example"
SOON = "UPDATE report_deliveries SET not_before = now()"


@pytest.fixture(scope="module")
async def telling(databases: Databases, servers: Servers, box: Mailbox) -> AsyncIterator[Stack]:
    """A stack that tells; one run has ended before anybody wanted to hear."""
    settings: dict[str, Any] = {
        "public_url": f"{PUBLIC}/",
        "smtp_url": box.url,
        "smtp_from": "induction@example.org",
        "notice_private_hosts": ["127.0.0.1"],
        "report_seconds": 0.5,
    }
    async with opened(databases, servers, **settings) as stack:
        await make_task(stack, TASK, cases=CASES)
        before = await start(stack, TASK, kind="evaluate")
        async with stack.working():
            await reached(stack, before, "completed")
        yield stack


@pytest.fixture(autouse=True)
async def nothing_is_left(telling: Stack, box: Mailbox, receiver: Receiver) -> AsyncIterator[None]:
    yield
    for one in await channels(telling):
        await telling.induction.delete(f"/v1/admin/channels/{one['id']}")
    receiver.got.clear()
    receiver.answers.clear()
    box.mails.clear()


async def channel(stack: Stack, kind: str, target: str, **more: object) -> dict[str, Any]:
    body = {"kind": kind, "target": target, **more}
    answer = await stack.induction.post("/v1/admin/channels", json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def channels(stack: Stack) -> list[dict[str, Any]]:
    return list((await stack.induction.get("/v1/admin/channels")).json())


async def settled(stack: Stack, **numbers: int) -> list[dict[str, Any]]:
    """The channels, once their numbers are these together."""

    async def stand() -> list[dict[str, Any]] | None:
        seen = await channels(stack)
        sums = {name: sum(one[name] for one in seen) for name in numbers}
        return seen if sums == numbers else None

    return list(await until(stand))


async def ended(stack: Stack) -> str:
    return await start(stack, TASK, kind="evaluate")


@pytest.mark.law
async def test_each_channel_hears_once_of_a_run_that_ends(
    telling: Stack, box: Mailbox, receiver: Receiver
) -> None:
    made = [
        await channel(telling, "email", PEOPLE),
        await channel(telling, "slack", receiver.url, tasks=[TASK]),
        await channel(telling, "webhook", receiver.url),
    ]
    await make_task(telling, "another")
    await channel(telling, "slack", receiver.url, tasks=["another"])
    await channel(telling, "slack", receiver.url, run_kinds=["canary"])
    run = await start(telling, TASK, limits={"iterations": 1})
    async with telling.working(), telling.working():
        seen = await reached(telling, run, "completed")
        await settled(telling, sent=3, waiting=0)
    (mail,) = box.mails
    slack, webhook = sorted(receiver.got, key=lambda one: "webhook-id" in one[0])
    assert len(receiver.got) == 2
    words = await told_by_mail(mail, run)
    body = json.loads(webhook[1])
    assert (body["event"], body["run_id"], body["task"]) == ("run_ended", run, TASK)
    assert body["verdict"] == seen["verdict"]["kind"]
    assert body["spend"]["calls"] == seen["spend"]["calls"]
    verdict = seen["verdict"]
    low, high = verdict["interval"]
    of = {"test": "untouched test cases"}.get(body["split"], f"{body['split']} cases")
    move = f"{verdict['before']:.3f} → {verdict['after']:.3f} ({verdict['gain']:+.3f})"
    scores = f"F1 on {of}: {move}"
    assert (body["split"], body["alpha"]) == (verdict["tested_on"], verdict["alpha"])
    assert f"The run ended: {seen['reason']}." in words
    for text in (words, json.loads(slack[1])["text"]):
        assert f"{scores}, interval {low:+.3f} to {high:+.3f} at {level(verdict['alpha'])}." in text
        assert verdict["summary"].split(".")[0] in text
        assert f"{PUBLIC}/dashboard/runs/{run}" in text
        assert not [one for one, _ in texts(CASES) if one in text]
    head, *rest = json.loads(slack[1])["blocks"]
    assert head["text"]["text"] == mail["Subject"]
    assert f'"url":"{PUBLIC}/dashboard/runs/{run}"' in json.dumps(rest, separators=(",", ":"))
    assert scores in json.dumps(rest, ensure_ascii=False)
    signed = f"{webhook[0]['webhook-id']}.{webhook[0]['webhook-timestamp']}.".encode() + webhook[1]
    key = base64.b64decode(made[2]["secret"].removeprefix("whsec_"))
    right = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert webhook[0]["webhook-signature"] == f"v1,{right}"


async def told_by_mail(mail: EmailMessage, run: str) -> str:
    """The text; the page beside it says the same."""
    assert (mail["From"], mail["To"]) == ("induction@example.org", PEOPLE)
    assert mail["Subject"].startswith(f"[induction] {TASK}: improve run ")
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert f'<a href="{PUBLIC}/dashboard/runs/{run}">' in html.get_content()
    return str(plain.get_content())


@pytest.mark.law
async def test_a_receiver_that_is_down_loses_nothing_and_the_channel_says_so(
    telling: Stack, receiver: Receiver
) -> None:
    receiver.answers = [503, 500]
    await channel(telling, "webhook", receiver.url)
    run = await ended(telling)
    async with telling.working():
        await reached(telling, run, "completed")

        async def failing() -> dict[str, Any] | None:
            (one,) = await channels(telling)
            return one if one["reason"] else None

        state = await until(failing)
        assert (state["reason"], state["waiting"], state["sent"]) == ("status 503", 1, 0)
        assert state["next_attempt_at"] > state["failed_at"]
        await sql(telling, SOON)

        async def failed_again() -> bool:
            (one,) = await channels(telling)
            return bool(one["reason"] == "status 500")

        await until(failed_again)
        await sql(telling, SOON)
        (state,) = await settled(telling, sent=1, waiting=0)
    assert (state["reason"], state["failed_at"]) == (None, None)
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    assert len({body for _, body in receiver.got}) == 1
    assert len(receiver.got) == 3


@pytest.mark.law
async def test_a_refused_mail_is_sent_again(telling: Stack, box: Mailbox) -> None:
    box.refusals = ["451 try later"]
    await channel(telling, "email", PEOPLE)
    run = await ended(telling)
    async with telling.working():
        await reached(telling, run, "completed")

        async def refused() -> bool:
            return [one["reason"] for one in await channels(telling)] == ["smtp 451"]

        await until(refused)
        await sql(telling, SOON)
        await settled(telling, sent=1)
    (mail,) = box.mails
    score = (await shown(telling, run))["final_f1"]
    f1 = f"F1 on training cases: {score:.3f}"  # there are too few to set some aside
    assert mail["Subject"] == f"[induction] {TASK}: evaluate run completed, {f1}"
    plain = mail.get_body(("plain",))
    assert plain is not None
    assert "The run ended: evaluated." in plain.get_content()


async def test_a_run_that_was_cancelled_is_told_of_without_a_verdict(
    telling: Stack, receiver: Receiver
) -> None:
    await channel(telling, "webhook", receiver.url)
    run = await start(telling, TASK)
    assert (await telling.induction.post(f"/v1/runs/{run}/cancel")).status_code == 200
    async with telling.working():
        await reached(telling, run, "cancelled")
        await settled(telling, sent=1)
    body = json.loads(receiver.got[0][1])
    assert (body["status"], body["verdict"], body["gain"]) == ("cancelled", None, None)
    assert body["words"][:2] == ["There is no verdict.", "The run was cancelled."]
    assert (body["reason"], body["split"]) == ("cancelled", None)


async def test_without_a_mail_server_mails_are_files_in_a_folder(
    telling: Stack, tmp_path: Path
) -> None:
    folder = tmp_path / "mails"
    await channel(telling, "email", PEOPLE)
    run = await ended(telling)
    async with telling.working(smtp_url=None, mail_dir=folder):
        await reached(telling, run, "completed")
        await settled(telling, sent=1)
    (file,) = await asyncio.to_thread(lambda: [*folder.iterdir()])
    mail = message_from_bytes(file.read_bytes(), _class=EmailMessage, policy=policy.default)
    assert mail["Subject"].startswith(f"[induction] {TASK}: evaluate run ")
    assert (await shown(telling, run))["status"] == "completed"


async def test_addresses_and_secrets_come_out_nowhere(telling: Stack, receiver: Receiver) -> None:
    secret = "whsec_" + base64.b64encode(b"thirty-two bytes for the tests!!").decode()
    made = await channel(telling, "webhook", receiver.url, secret=secret)
    assert made["secret"] is None
    assert made["target"] == "http://127.0.0.1/…"
    listed = (await telling.induction.get("/v1/admin/channels")).text
    assert "a-secret-path" not in listed + json.dumps(made)
    assert secret not in listed + json.dumps(made)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"kind": "email", "target": "nobody"}, 422, "unusable_channel"),
        ({"kind": "email", "target": ", ".join(["a@b.example"] * 21)}, 422, "unusable_channel"),
        ({"kind": "webhook", "target": "https://a.example/", "secret": "x"}, 422, None),
        ({"kind": "slack", "target": "https://a.example/", "secret": "whsec_x"}, 422, None),
        ({"kind": "slack", "target": "https://10.0.0.1/x"}, 422, "unsafe_address"),
        ({"kind": "slack", "target": "http://a.example/x"}, 422, "unsafe_address"),
        ({"kind": "pigeon", "target": "roof"}, 422, None),
        ({"kind": "email", "target": "a@b.example", "events": []}, 422, None),
        (
            {"kind": "email", "target": "a@b.example", "tasks": [TASK, "nobodys"]},
            404,
            "unknown_task",
        ),
    ],
    ids=str,
)
async def test_what_no_report_could_be_sent_to_is_refused(
    telling: Stack, body: dict[str, Any], status: int, code: str | None
) -> None:
    answer = await telling.induction.post("/v1/admin/channels", json=body)
    assert answer.status_code == status, answer.text
    assert code is None or answer.json()["code"] == code
    assert body["target"] not in answer.text


async def test_a_channel_is_deleted_and_the_audit_log_keeps_who_did_it(telling: Stack) -> None:
    made = await channel(telling, "email", PEOPLE)
    path = f"/v1/admin/channels/{made['id']}"
    assert (await telling.induction.delete(path)).status_code == 204
    assert (await telling.induction.delete(path)).status_code == 404
    noted = "SELECT action FROM audit_log WHERE subject = $1 ORDER BY id"
    rows = await sql(telling, noted, made["id"])
    assert [row["action"] for row in rows] == ["channels.create", "channels.delete"]
