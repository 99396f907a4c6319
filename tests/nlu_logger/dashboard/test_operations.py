"""What an operator does by API, by forms: keys, exports, schedules, alerts, audit, erasure."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import httpx2
import nlu_logger
import nlu_shared
import pytest
from nlu_logger.dashboard.access.wording import DID

from tests.fixtures.browsing import browser, send, shown
from tests.fixtures.databases import Databases
from tests.fixtures.servers import Servers
from tests.fixtures.stack import client
from tests.nlu_logger.world import World, connected, opened

OPERATIONS = "/dashboard/operations"


@pytest.fixture(scope="module")
async def world(
    databases: Databases, servers: Servers, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    folder: Path = tmp_path_factory.mktemp("exports")
    async with opened(databases, servers, export_dir=folder) as made:
        yield made


@pytest.fixture
async def operator(world: World) -> AsyncIterator[httpx2.AsyncClient]:
    async with browser(world.url) as made:
        yield made


async def test_a_key_is_shown_once_succeeded_and_revoked(
    world: World, operator: httpx2.AsyncClient
) -> None:
    scopes = ["reviews:read", "reviews:claim"]
    made = await send(operator, "operations/keys", name="Eve", scopes=scopes, tasks="a, b")
    (key,) = re.findall(r' readonly value="(nlk_[^"]*)" aria-label="Shown this once"', made.text)
    assert 'href="/dashboard/operations">I have kept it</a>' in made.text
    assert 'src="/dashboard/static/secret.js"' in made.text
    async with client(world.url, key) as eve:
        assert (await eve.get("/v1/corrections")).status_code == 200
    listed = (await operator.get(OPERATIONS)).text
    assert key not in listed
    assert "hold items of a queue while reviewing them" in listed
    keys = (await world.admin.get("/v1/admin/keys")).json()
    (eve_key,) = [one for one in keys if one["name"] == "Eve"]
    assert eve_key["tasks"] == ["a", "b"]
    after = await send(operator, "operations/keys/rotate", key=eve_key["id"], grace_hours=1)
    assert after.text.count("nlk_") == 1
    gone = await send(operator, "operations/keys/revoke", key=eve_key["id"])
    assert gone.status_code == 303
    async with client(world.url, key) as eve:
        assert (await eve.get("/v1/corrections")).status_code == 401


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"scopes": "reviews:read"}, "A key has a name."),
        ({"name": "Eve"}, "Choose what the key may do."),
        ({"name": "Eve", "scopes": "all"}, "A scope is one of"),
        (
            {"name": "Eve", "scopes": "admin", "expires_at": "2001-01-01T00:00"},
            "expires_at is past",
        ),
        ({"name": "Eve", "scopes": "admin", "tasks": "No Slug"}, "For these tasks alone, task 1,"),
    ],
)
async def test_a_key_that_cannot_be_made_says_why_and_keeps_what_was_typed(
    operator: httpx2.AsyncClient, form: dict[str, str], says: str
) -> None:
    refused = await send(operator, "operations/keys", **form)
    assert refused.status_code == 422
    assert says in refused.text
    assert f'value="{form.get("name", "")}"' in refused.text


async def test_rows_are_downloaded_and_a_schedule_is_kept(
    world: World, operator: httpx2.AsyncClient, task: str
) -> None:
    await world.log(task=task, prompt="sure", confidence=0.95)
    await world.log(task=task, prompt="unsure", confidence=0.1)
    download = f"{OPERATIONS}/exports/download?task={task}&format=csv&mode="
    trained, reviewed = [await operator.get(download + mode) for mode in ("retraining", "review")]
    assert "sure,greet" in trained.text
    assert ",unsure," in reviewed.text
    assert re.search(r'filename="retraining-[\d-]+\.csv"', trained.headers["content-disposition"])
    form = {"name": task, "cron": "0 3 * * *", "target": "folder", "splits": "80/10/10"}
    assert (await send(operator, "operations/exports", **form)).status_code == 303
    twice = await send(operator, "operations/exports", **form)
    assert (twice.status_code, "A schedule has this name." in twice.text) == (409, True)
    (schedule,) = (await world.admin.get("/v1/admin/schedules")).json()
    page = (await operator.get(f"{OPERATIONS}/exports?schedule={schedule['id']}")).text
    assert "every day at 3:00 UTC" in page
    assert "Nothing yet: the worker writes when it is due." in page
    await send(operator, "operations/exports/remove", schedule=schedule["id"])
    assert (await world.admin.get("/v1/admin/schedules")).json() == []


async def test_an_alert_is_added_in_words_and_removed(
    world: World, operator: httpx2.AsyncClient
) -> None:
    form = {
        "name": "Too many fail",
        "kind": "error_rate",
        "threshold": "25",
        "channel": "slack",
        "to": "https://hooks.example.org/a",
    }
    assert (await send(operator, "operations/alerts", **form)).status_code == 303
    (alert,) = (await world.admin.get("/v1/admin/alerts")).json()
    assert alert["rule"]["threshold"] == 0.25
    page = (await operator.get(f"{OPERATIONS}/alerts?alert={alert['id']}")).text
    assert "25% of outcomes or more fail within 60 minutes, of 50 at least" in page
    assert "This rule was never met." in page
    wrong = await send(operator, "operations/alerts", **form | {"to": "no address"})
    assert wrong.status_code == 422
    await send(operator, "operations/alerts/remove", alert=alert["id"])
    assert (await world.admin.get("/v1/admin/alerts")).json() == []


async def test_the_audit_log_names_who_did_what_and_a_person_is_erased_with_a_receipt(
    world: World, operator: httpx2.AsyncClient
) -> None:
    person = str(uuid4())
    await world.log(user_id=person, prompt="forget this")
    await operator.get("/dashboard/truths.csv")
    made = await world.admin.post("/v1/admin/keys", json={"name": "Nina", "scopes": ["admin"]})
    async with client(world.url, made.json()["key"]) as nina:
        assert (await nina.get("/v1/exports/retraining")).status_code == 200
    unsure = await send(operator, "operations/erasure", user=person, again=str(uuid4()))
    assert (unsure.status_code, "Nothing was erased." in unsure.text) == (422, True)
    erased = await send(operator, "operations/erasure", user=person, again=person)
    receipt = await shown(operator, erased.headers["location"].removeprefix("/dashboard"))
    assert "backups of the database" in receipt
    assert "<dt>Predictions</dt><dd>1</dd>" in receipt
    assert re.search("<td>approved cases, saved from their page</td><td title=[^>]*>you<", receipt)
    assert re.search("<td>training data</td><td title=[^>]*>Nina<", receipt)
    rows = await world.admin.get("/v1/predictions", params={"user": person})
    assert rows.json()["items"] == []
    log = (await operator.get(f"{OPERATIONS}/audit?action=privacy.erase")).text
    assert "erased a person" in log
    receipt_page = erased.headers["location"]
    assert f'<a href="{receipt_page}">the receipt</a>' in log
    assert ">you</a>" in log


async def test_the_audit_log_is_filtered_by_names_of_keys_and_actions_as_they_stand(
    world: World, operator: httpx2.AsyncClient, task: str
) -> None:
    made = await world.admin.post("/v1/admin/keys", json={"name": "Flo", "scopes": ["admin"]})
    async with browser(world.url, made.json()["key"]) as flo:
        await send(flo, "operations/keys", name="of Flo", scopes="reviews:read")
    page = await shown(operator, "operations/audit")
    actor = re.search(r'<option value="(key:[^"]*)">Flo</option>', page)
    assert actor
    assert re.search(r'<option value="keys.create">made a key</option>', page)
    lines = await shown(operator, "operations/audit", actor=actor[1], action="keys.create")
    assert lines.count(">Flo</a>") == 1
    assert re.search(r'<a class="plain" href="[^"]*" title="[^"]*"><small class="mono">', lines)
    assert re.search(r'<a href="/dashboard/operations">of Flo</a> <a [^>]*><small[^>]*>…', lines)
    assert re.search(r"<time [^>]* data-seconds>\d+ \w+ \d{4}, \d\d:\d\d:\d\d UTC</time>", lines)
    nothing = await shown(operator, "operations/audit", subject="none")
    assert "No line is like this." in nothing
    assert 'href="/dashboard/operations/audit">Show all' in nothing


async def test_the_audit_log_says_in_words_what_was_acted_on_and_leads_to_it(
    world: World, operator: httpx2.AsyncClient, task: str
) -> None:
    await world.admin.put(f"/v1/tasks/{task}/labels", json={"labels": [{"name": "shop"}]})
    item = await world.log(task=task, prompt="buy milk")
    correction = await world.correct(item, "shop")
    await world.approve(correction)
    lines = await shown(operator, "operations/audit", subject=correction)
    assert "corrected a prediction" in lines
    assert f'<a href="/dashboard/predictions/{item}">the prediction</a>' in lines
    assert "<summary>may quote no</summary>" in lines
    lines = await shown(operator, "operations/audit", subject=task)
    assert f'<a href="/dashboard/truths?task={task}">the task</a> <a' in lines
    assert "<summary>labels 1, version 1</summary>" in lines


def test_every_action_that_is_logged_has_words() -> None:
    action = re.compile(r'action="([a-z_]+\.[a-z_-]+)"|session, "([a-z_]+\.import)"')
    rooms = (Path(nlu_logger.__file__).parent, Path(nlu_shared.__file__).parent / "kit/access")
    logged = {
        one or other
        for room in rooms
        for file in room.rglob("*.py")
        for one, other in action.findall(file.read_text())
    }
    assert len(logged) > 15
    assert sorted(logged - set(DID)) == []


async def test_an_import_is_refused_in_the_words_of_its_form(
    world: World, operator: httpx2.AsyncClient, task: str
) -> None:
    known = {"labels": [{"name": "shop"}, {"name": "old", "retired": True}]}
    await world.admin.put(f"/v1/tasks/{task}/labels", json=known)
    file = "text,label\none,remind\ntwo,old\n,shop\n"
    page = (await send(operator, "operations/imports", task=task, file=file)).text
    assert "The task has no such label. Mend the label, or tick “add labels that" in page
    assert "This label of the task is retired." in page
    assert "Its labels: shop" in page
    for word in ("allow_new", "unknown_label", "unknown label"):
        assert word not in page.replace('name="allow_new"', "").split("The refused rows")[0]
    table = page.partition("<tbody>")[2].partition("</tbody>")[0]
    assert not re.search(r"allow_new|`|_[a-z]+\)", table)
    twice = "text,label\na,shop\na,other\n"
    page = (await send(operator, "operations/imports", task=task, allow_new="yes", file=twice)).text
    assert "/v1/" not in page
    assert f'href="/dashboard/review?queue=conflicts&amp;task={task}">Settle it</a>' in page
    near = await send(
        operator, "operations/imports", task=task, allow_new="yes", file="text,label\na,Shop\n"
    )
    assert near.status_code == 200


async def test_months_that_hold_rows_come_before_the_empty_ones(
    world: World, operator: httpx2.AsyncClient
) -> None:
    await world.log(prompt="one of a month")
    async with connected(world.superuser_url) as database:
        await database.execute("ANALYZE nlu_prompt_logs")
    page = await shown(operator, "operations/retention")
    rows = re.findall(r'</th><td class="number">([^<]*)</td>', page)
    assert rows[0] not in ("0", "–")
    assert set(rows[1:]) <= {"0", "–"}
