"""What is reported of a migration are the new models' figures, on every way a report goes."""

import json
from collections.abc import AsyncIterator
from email.message import EmailMessage
from typing import Any, NamedTuple

import pytest

from tests.fixtures.databases import Databases
from tests.fixtures.dialects import Server
from tests.fixtures.labelled import make_task, texts
from tests.fixtures.receiver import Mailbox, Receiver
from tests.fixtures.servers import Servers
from tests.fixtures.stack import Stack, opened, serving, until
from tests.induction.runs.driving import reached, start
from tests.induction.runs.test_replays import OF_WORDS, candidate

TASK, WORSE, ALIKE = "moved", "worse/m", "claude-sonnet-5-5"


class Reported(NamedTuple):
    """A migration that is over, its reports, and what mails and webhooks were sent of it."""

    run: dict[str, Any]
    document: dict[str, Any]
    page: str
    mail: EmailMessage
    body: dict[str, Any]


@pytest.fixture(scope="module")
async def moving(databases: Databases, servers: Servers, box: Mailbox) -> AsyncIterator[Stack]:
    async with serving(Server()) as url:  # it answers the first label, whatever it is asked
        worse = {"api": "chat-completions", "base_url": f"{url}/v1", "billed": False}
        settings: dict[str, Any] = {
            "providers": {"worse": worse | {"api_key": "sk-right"}},
            "smtp_url": box.url,
            "smtp_from": "induction@example.org",
            "notice_private_hosts": ["127.0.0.1"],
            "report_seconds": 0.2,
        }
        async with opened(databases, servers, **settings) as stack:
            await make_task(stack, TASK, cases=160)
            examples = [(text, OF_WORDS[label]) for text, label in texts(220)[160:]]
            version = await candidate(stack, TASK, examples)
            path = f"/v1/prompts/{TASK}/versions/{version}/promote"
            assert (await stack.induction.post(path)).is_success
            yield stack


async def reported(stack: Stack, box: Mailbox, receiver: Receiver, models: list[str]) -> Reported:
    made = []
    for kind, target in (("email", "ann@example.org"), ("webhook", receiver.url)):
        channel = {"kind": kind, "target": target}
        answer = await stack.induction.post("/v1/admin/channels", json=channel)
        assert answer.status_code == 201, answer.text
        made.append(answer.json()["id"])
    async with stack.working():
        run = await reached(stack, await start(stack, TASK, kind="migrate", to_models=models))

        async def sent() -> bool:
            channels = (await stack.induction.get("/v1/admin/channels")).json()
            return all(one["sent"] == 1 for one in channels)

        await until(sent)
    for one in made:
        await stack.induction.delete(f"/v1/admin/channels/{one}")
    path = f"/v1/runs/{run['id']}/report"
    document = (await stack.induction.get(path)).json()
    page = (await stack.induction.get(path, params={"format": "md"})).text
    return Reported(run, document, page, box.mails[-1], json.loads(receiver.got[-1][1]))


@pytest.mark.law
async def test_a_worse_model_is_reported_as_it_was_measured_and_nothing_as_unchanged(
    moving: Stack, box: Mailbox, receiver: Receiver
) -> None:
    run, document, page, mail, body = await reported(moving, box, receiver, [WORSE])
    assert run["status"] == "completed", run["reason"]
    (one,) = run["migration"]["comparisons"]
    assert (one["kind"], one["tested_on"]) == ("worse", "test")
    low, high = one["interval"]
    move = f"{one['before']:.3f} → {one['after']:.3f}"
    assert " ".join(mail["Subject"].split()) == (
        f"[induction] {TASK}: migrate run completed, {WORSE}: worse ({move}, {one['gain']:+.3f})"
    )
    figures = (
        f"worse; F1 on {one['cases']} untouched test cases: {move}, gain {one['gain']:+.3f},"
        f" interval {low:+.3f} to {high:+.3f} at 95 %."
    )
    plain = mail.get_body(("plain",))
    assert plain is not None
    assert figures in page
    assert figures in " ".join(plain.get_content().split())
    assert body["comparisons"] == document["comparisons"] == [one]
    assert (body["after"], body["gain"]) == (None, None)
    assert body["before"] == pytest.approx(one["before"], abs=1e-3)
    assert {one["after"] for one in document["components"]} == {None}
    assert "F1 by component under the old model" in page
    assert document["answered_by"] == "the offline model"
    assert document["proposed_by"] is None
    assert document["words"][0] == "A migration: the same prompt, on other models."
    for text in (page, plain.get_content()):
        assert "+0.000" not in text
        assert "searched" not in text


@pytest.mark.law
async def test_of_several_models_a_subject_counts_how_they_fared(
    moving: Stack, box: Mailbox, receiver: Receiver
) -> None:
    models = [WORSE, ALIKE]
    run, document, page, mail, _ = await reported(moving, box, receiver, models)
    kinds = [one["kind"].replace("_", " ") for one in run["migration"]["comparisons"]]
    assert len({*kinds}) == 2
    assert str(mail["Subject"]).endswith(f", 2 models: 1 {kinds[0]}, 1 {kinds[1]}")
    assert document["comparisons"] == run["migration"]["comparisons"]
    for model, kind in zip(models, kinds, strict=True):
        assert f"`{model}`: {kind}; F1 on " in page
