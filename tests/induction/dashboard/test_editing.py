"""A version is edited on a page, and tried by the gates of a run."""

from html import unescape

import httpx2
import pytest

from tests.fixtures.browsing import HOSTILE, Foreign, browser
from tests.fixtures.labelled import WORDS, make_task, texts
from tests.fixtures.stack import Stack
from tests.induction.runs.driving import reached, shown
from tests.induction.test_scopes import key_with


async def versions_of(http: httpx2.AsyncClient, task: str) -> list[str]:
    answer = await http.get(f"/v1/prompts/{task}/versions")
    return [one["id"] for one in answer.json()["items"]]


@pytest.mark.law
async def test_what_a_person_writes_is_a_version_and_a_run_tries_it(stack: Stack) -> None:
    serves = await make_task(stack, "edited", cases=60)
    path = f"/dashboard/tasks/edited/versions/{serves}/edit"
    async with browser(str(stack.induction.base_url)) as page:
        form = (await page.get(path)).text
        assert Foreign(form).violations == []
        texts = [block["text"] for block in await _blocks(stack, "edited", serves)]
        assert form.count("<textarea") == len(texts)
        order = {"texts": [f"{texts[0]} {HOSTILE}", *texts[1:]], "notes": HOSTILE}
        refusals = [
            (await page.post(path, json={"texts": wrong})).json()["code"]
            for wrong in ([], [""] * len(texts), texts)
        ]
        run = (await page.post(path, json=order)).json()
        assert Foreign((await page.get(f"/dashboard/runs/{run['id']}")).text).violations == []
        busy = (await page.get(path)).text
        other = [f"{texts[0]} Be exact.", *texts[1:]]
        again = (await page.post(path, json={"texts": other})).json()
        made = await shown(stack, run["id"])
        version = f"/dashboard/tasks/edited/versions/{made['candidate_version_id']}"
        own, lineage, task = [
            unescape((await page.get(one)).text)
            for one in (version, "/dashboard/tasks/edited/lineage", "/dashboard/tasks/edited")
        ]
    assert (
        f'edited by hand from <a class="mono" href="/dashboard/tasks/edited/versions/{serves}"'
        in own
    )
    assert f"Why: <bdi>{HOSTILE}</bdi>" in own
    assert f"edited by hand: {HOSTILE}" in lineage
    assert f"edited by hand: {HOSTILE}" in task
    assert lineage.count('class="edge"') == 1
    assert refusals == ["other_blocks", "no_text", "same_prompt"]
    assert "A run of this task waits for a worker, and no second one starts beside it" in busy
    assert f'href="/dashboard/runs/{run["id"]}">Look at the run' in busy
    assert again["code"] == "run_active"
    assert run["id"] not in again["detail"]
    assert "waits for a worker" in again["detail"]
    (written,) = set(await versions_of(stack.induction, "edited")) - {serves}
    assert (made["baseline_version_id"], made["candidate_version_id"]) == (serves, written)
    kept = (await stack.induction.get(f"/v1/prompts/edited/versions/{written}")).json()
    await stack.induction.post(f"/v1/prompts/edited/versions/{written}/promote", json={})
    async with browser(str(stack.induction.base_url)) as page:
        served = unescape((await page.get("/dashboard/tasks/edited/production")).text)
    assert f"Written because: <bdi>{HOSTILE}</bdi>" in served
    assert (kept["parent_id"], kept["source"], kept["notes"]) == (serves, "import", HOSTILE)
    assert (await _blocks(stack, "edited", written))[0]["text"] == order["texts"][0]


async def test_a_text_that_no_run_can_try_yet_is_said_to_be_kept(stack: Stack) -> None:
    task = "edited-early"
    serves = await make_task(stack, task, cases=0)
    path = f"/dashboard/tasks/{task}/versions/{serves}/edit"
    async with browser(str(stack.induction.base_url)) as page:
        assert "no second one starts" not in (await page.get(path)).text
        texts = [block["text"] for block in await _blocks(stack, task, serves)]
        order = {"texts": [f"{texts[0]} Be exact.", *texts[1:]]}
        answer = await page.post(path, json=order)
    assert answer.status_code == 422
    assert "is kept as a version all the same" in answer.json()["detail"]
    assert len(await versions_of(stack.induction, task)) == 2


async def test_who_may_start_runs_alone_writes_no_version(stack: Stack) -> None:
    serves = await make_task(stack, "not-edited", cases=8)
    path = f"/dashboard/tasks/not-edited/versions/{serves}/edit"
    scopes = {"runs:read", "runs:write", "prompts:read", "tasks:read"}
    async with browser(str(stack.induction.base_url), await key_with(stack, scopes)) as page:
        answer = await page.post(path, json={"texts": ["Answer with one word."]})
    assert answer.status_code == 403
    assert await versions_of(stack.induction, "not-edited") == [serves]


@pytest.mark.law
async def test_examples_that_may_be_quoted_no_more_are_named_and_taken_out(stack: Stack) -> None:
    task = "edited-late"
    serves = await make_task(stack, task, cases=60)
    text, label = texts(60)[0]
    truth = f"topic_{sorted(WORDS).index(label)}"
    blocks = await _blocks(stack, task, serves)
    shows = {
        "instructions": blocks,
        "examples": [{"text": text, "output": truth}, {"text": "all new", "output": "topic_1"}],
    }
    made = await stack.induction.post(f"/v1/prompts/{task}/versions", json={"content": shows})
    path = f"/dashboard/tasks/{task}/versions/{made.json()['id']}/edit"
    async with browser(str(stack.induction.base_url)) as page:
        assert "Examples that a run refuses" not in (await page.get(path)).text
        body = {"task": task, "may_quote": False, "dry_run": False}
        changed = await stack.logger.post("/v1/ground-truth:quoting", json=body)
        assert changed.status_code == 200, changed.text
        form = (await page.get(path)).text
        assert "1 example quotes no case that may be quoted any more" in form
        assert form.count('name="without"') == 1
        assert 'name="without" value="0" checked' in form
        words = [one["text"] for one in blocks]
        order = {"texts": [f"{words[0]} Be exact.", *words[1:]], "limits": {"calls": 400}}
        refused = (await page.post(path, json=order)).json()
        async with stack.working():
            seen = await reached(stack, refused["id"], "completed")
        run_page = unescape((await page.get(f"/dashboard/runs/{seen['id']}")).text)
        taken = (
            await page.post(path, json={**order, "without": [0], "notes": "in one word"})
        ).json()
        async with stack.working():
            tried = await reached(stack, taken["id"], "completed")
        tried_page = unescape((await page.get(f"/dashboard/runs/{tried['id']}")).text)
        listed = (await page.get("/dashboard/runs", params={"task": task})).text
    (change,) = tried["changes"]
    assert "Tries a prompt edited by hand for" in tried_page
    assert "why: <bdi>in one word</bdi>" in tried_page
    head = " ".join(tried_page[tried_page.index('class="card headline"') :].split())[:900]
    assert f"{change['fixed']} fixed" in head
    assert f"{change['broke']} broken" in head
    assert f"→ {change['validation_f1']:.3f}</b>" in head
    refused_head = run_page[run_page.index('class="card headline"') :][:700]
    assert "It was refused before any call, and the prompt stays as it is" in refused_head
    for one in (refused, taken):
        assert f"/dashboard/runs/{one['id']}" in listed
    assert listed.count(">a prompt that a person gave</a>") == 2
    assert "the one prompt that was to be tried has been tried" in run_page
    assert "which it was to try, was refused before any call: " in run_page
    assert "1 was not measured on validation" in run_page
    assert seen["changes"][0]["validation_f1"] is None
    assert tried["changes"][0]["validation_f1"] is not None
    kept = f"/v1/prompts/{task}/versions/{tried['candidate_version_id']}"
    content = (await stack.induction.get(kept)).json()["content"]
    assert [one["text"] for one in content["examples"]] == ["all new"]


async def _blocks(stack: Stack, task: str, version: str) -> list[dict[str, str]]:
    answer = await stack.induction.get(f"/v1/prompts/{task}/versions/{version}")
    return list(answer.json()["content"]["instructions"])
