"""Versions on their way, on pages: exported, bundled and taken, replayed, staged."""

from collections.abc import AsyncIterator
from html import unescape

import httpx2
import pytest
from induction.bundles.signing import new_key
from induction.dashboard.runs.matrix import ValidatedChange, turned
from nlu_shared.ids import uuid7

from tests.fixtures.browsing import Foreign, browser
from tests.fixtures.databases import Databases
from tests.fixtures.labelled import make_task
from tests.fixtures.servers import Servers
from tests.fixtures.stack import Stack, opened
from tests.induction.experiments.test_experiments import versions
from tests.induction.test_scopes import key_with

PRIVATE, PUBLIC = new_key()


@pytest.fixture(scope="module")
async def stack(databases: Databases, servers: Servers) -> AsyncIterator[Stack]:
    """An instance that takes what it has signed itself."""
    async with opened(databases, servers, bundle_key=PRIVATE, bundle_signers=[PUBLIC]) as made:
        yield made


@pytest.fixture
async def page(stack: Stack) -> AsyncIterator[httpx2.AsyncClient]:
    async with browser(str(stack.induction.base_url)) as made:
        yield made


async def test_a_version_is_saved_as_the_api_exports_it(
    stack: Stack, page: httpx2.AsyncClient
) -> None:
    _, b = await versions(stack, "saved-here")
    own = f"/dashboard/tasks/saved-here/versions/{b}"
    for form in ("py", "json"):
        saved = await page.get(f"{own}/export", params={"format": form})
        params = {"version": b, "format": form}
        export = await stack.induction.get("/v1/prompts/saved-here/export", params=params)
        assert saved.content == export.content
        name = f'attachment; filename="prompts.{form}"'
        assert saved.headers["content-disposition"] == name
        assert saved.headers["etag"] == export.headers["etag"]


async def test_a_bundle_is_saved_and_taken_by_another_task(
    stack: Stack, page: httpx2.AsyncClient
) -> None:
    _, b = await versions(stack, "gives-here")
    await make_task(stack, "takes-here")
    bundle = await page.get(f"/dashboard/tasks/gives-here/versions/{b}/bundle?examples=true")
    assert bundle.headers["content-disposition"].endswith('"gives-here.bundle.json"')
    taken = await page.post("/dashboard/bundles?task=takes-here", json=bundle.json())
    assert taken.json()["versions"][-1]["is_new"], taken.text
    forged = bundle.json() | {"signature": "AAAA"}
    refused = await page.post("/dashboard/bundles?task=takes-here", json=forged)
    assert refused.status_code >= 400
    reads = {"runs:read", "prompts:read", "tasks:read"}
    async with browser(str(stack.induction.base_url), await key_with(stack, reads)) as reader:
        for path in ("bundles?task=takes-here", f"tasks/gives-here/versions/{b}/replay"):
            answer = await reader.post(f"/dashboard/{path}", json=bundle.json())
            assert answer.status_code == 403, path
        shown = (await reader.get(f"/dashboard/tasks/gives-here/versions/{b}")).text
        assert "Replay it" not in shown
        assert "Take a bundle" not in (await reader.get("/dashboard/tasks/takes-here")).text
    del page.headers["x-proof"]
    unproven = await page.post("/dashboard/bundles?task=takes-here", json=bundle.json())
    assert unproven.json()["code"] == "no_proof"


async def test_a_prompt_is_brought_in_on_its_tasks_page_as_a_text_or_a_module(
    stack: Stack, page: httpx2.AsyncClient
) -> None:
    _, b = await versions(stack, "brought-here")
    own = "/dashboard/tasks/brought-here"
    assert f'data-send="{own.removeprefix("/dashboard/")}/versions"' in (await page.get(own)).text
    module = (await page.get(f"{own}/versions/{b}/export", params={"format": "py"})).text
    again = await page.post(f"{own}/versions", json={"module": module, "promote": False})
    assert (again.status_code, again.json()["id"]) == (200, b)
    text = "Choose topic_0, topic_1, topic_2 or topic_3."
    new = await page.post(f"{own}/versions", json={"text": text, "promote": True})
    assert new.status_code == 201
    assert f"{own}/versions/{new.json()['id']}" in (await page.get(f"{own}/production")).text
    refused = await page.post(f"{own}/versions", json={"text": "Answer with anything."})
    assert refused.status_code == 422
    async with browser(
        str(stack.induction.base_url),
        await key_with(stack, {"runs:read", "prompts:read", "tasks:read"}),
    ) as reader:
        assert (await reader.post(f"{own}/versions", json={"text": text})).status_code == 403


async def test_a_version_is_replayed_and_staged_from_its_page(
    stack: Stack, page: httpx2.AsyncClient
) -> None:
    a, b = await versions(stack, "staged-here")
    own = f"/dashboard/tasks/staged-here/versions/{b}"
    nothing = await page.post(f"{own}/replay", json={"predictions": 10})
    assert nothing.status_code == 422
    prediction = {
        "task": "staged-here",
        "prompt": "x",
        "predicted_intent": "topic_1",
        "confidence": 0.5,
    }
    await stack.logger.post("/v1/predictions", json=prediction)
    started = await page.post(f"{own}/replay", json={"predictions": 10})
    assert started.json()["kind"] == "replay", started.text
    assert f"/dashboard/runs/{started.json()['id']}" in (await page.get(own)).text
    await page.post(f"{own}/promote", json={"alias": "staging"})
    shown = unescape((await page.get(own)).text)
    assert '<span class="tag good">staging</span>' in shown
    assert Foreign(shown).violations == []
    served = "/dashboard/tasks/staged-here/production"
    staging = (await page.get(served, params={"alias": "staging"})).text
    assert b in staging
    assert a not in staging
    assert b not in (await page.get(served)).text


def test_cases_are_told_by_the_changes_that_turned_them_the_most_often_turned_first() -> None:
    often, seldom = uuid7(), uuid7()
    changes = [
        ValidatedChange(1, None, None, "kept", fixed=[often], broke=[seldom]),
        ValidatedChange(4, None, None, "rejected", fixed=[], broke=[often]),
    ]
    first, last = turned(changes)
    assert (first.case_id, first.by, first.fixed, first.broke) == (often, {1: True, 4: False}, 1, 1)
    assert (last.case_id, last.by) == (seldom, {1: False})
