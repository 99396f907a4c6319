"""Versions come in once, serve when they are promoted, and go out as they came."""

import asyncio
from typing import Any

import httpx2
import pytest

from tests.fixtures.labelled import make_task
from tests.fixtures.stack import Stack

TEXT = "Answer with topic_0, topic_1, topic_2 or topic_3."
UNKNOWN = "01890000-0000-7000-8000-000000000000"


@pytest.fixture(scope="module", autouse=True)
async def tasks(stack: Stack) -> None:
    for slug in ("greetings", "served", "exported", "pages"):
        await make_task(stack, slug)


async def bring_in(stack: Stack, task: str = "greetings", **body: Any) -> httpx2.Response:
    return await stack.induction.post(f"/v1/prompts/{task}/versions", json=body)


async def active(stack: Stack, task: str, etag: str | None = None) -> httpx2.Response:
    headers = {"If-None-Match": etag} if etag else {}
    return await stack.induction.get(f"/v1/prompts/{task}/active", headers=headers)


async def test_without_a_prompt_the_task_writes_its_plain_one(stack: Stack) -> None:
    answer = await bring_in(stack)
    assert answer.status_code == 200  # `make_task` brought it in already
    assert not answer.json()["content"]["examples"]
    instructions = " ".join(block["text"] for block in answer.json()["content"]["instructions"])
    assert all(f"topic_{number}" in instructions for number in range(4))


async def test_a_text_becomes_one_block(stack: Stack) -> None:
    answer = await bring_in(stack, text=TEXT, notes="by hand")
    assert answer.status_code == 201
    assert [block["text"] for block in answer.json()["content"]["instructions"]] == [TEXT]
    assert answer.json()["source"] == "import"
    assert answer.json()["notes"] == "by hand"
    assert answer.json()["validation_f1"] is None
    assert not answer.json()["is_production"]


async def test_equal_prompts_are_one_version_however_they_come(stack: Stack) -> None:
    text = TEXT + " Be quick."
    first = await bring_in(stack, text=text)
    block = {"name": "instructions", "text": text}
    module = f"INSTRUCTIONS = {text!r}"
    again = await asyncio.gather(
        bring_in(stack, text=text),
        bring_in(stack, content={"instructions": [block]}),
        bring_in(stack, module=module),
    )
    assert first.status_code == 201
    assert {answer.status_code for answer in again} == {200}
    assert {answer.json()["id"] for answer in again} == {first.json()["id"]}


async def test_ten_imports_of_one_prompt_at_once_make_one_version(stack: Stack) -> None:
    text = TEXT + " Be kind."
    answers = await asyncio.gather(*(bring_in(stack, text=text) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [200] * 9 + [201]
    assert len({answer.json()["id"] for answer in answers}) == 1


async def test_two_prompts_at_once_are_refused(stack: Stack) -> None:
    answer = await bring_in(stack, text=TEXT, module=f"INSTRUCTIONS = {TEXT!r}")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"text": "Say topic_0 or topic_1."}, "unusable_prompt"),
        ({"text": ""}, "unusable_prompt"),
        ({"module": "INSTRUCTIONS = open('x').read()"}, "unreadable_module"),
        ({"module": "neither Python nor a prompt"}, "unreadable_module"),
        ({"content": {"instructions": []}}, "invalid"),
        ({"prompt": TEXT}, "invalid"),
    ],
)
async def test_a_prompt_the_task_cannot_be_served_with_is_refused(
    stack: Stack, body: dict[str, Any], code: str
) -> None:
    answer = await bring_in(stack, **body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_an_example_with_a_strange_answer_is_refused_by_its_place(stack: Stack) -> None:
    content = {
        "instructions": [{"name": "role", "text": TEXT}],
        "examples": [{"text": "x", "output": "topic_1"}, {"text": "y", "output": "secret"}],
    }
    answer = await bring_in(stack, content=content)
    assert (answer.status_code, answer.json()["code"]) == (422, "unusable_prompt")
    assert "example 1" in answer.json()["detail"]
    assert "secret" not in answer.text


async def test_many_examples_with_strange_answers_are_one_fault(stack: Stack) -> None:
    strange = [{"text": f"text {n}", "output": "secret"} for n in range(27)]
    content = {"instructions": [{"name": "role", "text": TEXT}], "examples": strange}
    answer = await bring_in(stack, content=content)
    assert answer.json()["detail"] == (
        "27 examples answer with no label of this task: 0, 1, 2 and 24 more"
    )


async def test_an_unknown_task_has_no_registry(stack: Stack) -> None:
    assert (await bring_in(stack, "nobodys")).status_code == 404
    for path in ("versions", f"versions/{UNKNOWN}", "active", "export"):
        answer = await stack.induction.get(f"/v1/prompts/nobodys/{path}")
        assert answer.status_code == 404, path
    rollback = await stack.induction.post("/v1/prompts/nobodys/rollback")
    assert rollback.status_code == 404


async def test_what_is_promoted_serves_and_what_served_before_can_serve_again(
    stack: Stack,
) -> None:
    plain = (await active(stack, "served")).json()["version_id"]
    nothing_before = await stack.induction.post("/v1/prompts/served/rollback")
    assert (nothing_before.status_code, nothing_before.json()["code"]) == (409, "conflict")

    other = (await bring_in(stack, "served", text=TEXT)).json()["id"]
    assert (await active(stack, "served")).json()["version_id"] == plain
    for _ in range(2):  # the second changes nothing, so that rolling back goes to `plain`
        promoted = await stack.induction.post(f"/v1/prompts/served/versions/{other}/promote")
        assert promoted.json()["is_production"]
    assert (await active(stack, "served")).json()["version_id"] == other

    rolled = await stack.induction.post("/v1/prompts/served/rollback")
    assert (rolled.status_code, rolled.json()["id"]) == (200, plain)
    assert (await active(stack, "served")).json()["version_id"] == plain
    shown = await stack.induction.get(f"/v1/prompts/served/versions/{other}")
    assert not shown.json()["is_production"]


async def test_a_version_of_another_task_can_neither_serve_nor_be_seen(stack: Stack) -> None:
    foreign = (await active(stack, "pages")).json()["version_id"]
    for version in (foreign, UNKNOWN):
        promoted = await stack.induction.post(f"/v1/prompts/greetings/versions/{version}/promote")
        assert (promoted.status_code, promoted.json()["code"]) == (404, "unknown_version")
        shown = await stack.induction.get(f"/v1/prompts/greetings/versions/{version}")
        assert shown.status_code == 404
        exported = await stack.induction.get(
            "/v1/prompts/greetings/export", params={"version": version}
        )
        assert (exported.status_code, exported.json()["code"]) == (404, "unknown_version")


async def test_a_task_that_serves_nothing_says_so(stack: Stack) -> None:
    labels = [{"name": "yes"}, {"name": "no"}]
    made = {"slug": "silent", "kind": "intent", "labels": labels}
    await stack.induction.post("/v1/tasks", json=made)
    answer = await active(stack, "silent")
    assert (answer.status_code, answer.json()["code"]) == (404, "nothing_active")
    assert (await stack.induction.get("/v1/prompts/silent/export")).status_code == 404


async def test_the_active_prompt_is_sent_only_when_it_changed(stack: Stack) -> None:
    first = await active(stack, "exported")
    etag = first.headers["etag"]
    same = await active(stack, "exported", etag)
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", etag)
    for known in (f"W/{etag}", f'"other", {etag}', "*"):
        assert (await active(stack, "exported", known)).status_code == 304, known
    assert (await active(stack, "exported", '"other"')).status_code == 200
    await bring_in(stack, "exported", text=TEXT, promote=True)
    changed = await active(stack, "exported", etag)
    assert changed.status_code == 200
    assert changed.headers["etag"] != etag
    await stack.induction.post("/v1/prompts/exported/rollback")


async def test_an_export_runs_as_python_and_comes_back_as_the_same_version(stack: Stack) -> None:
    serving = (await active(stack, "exported")).json()
    answer = await stack.induction.get("/v1/prompts/exported/export")
    assert answer.headers["content-type"].startswith("text/x-python")
    namespace: dict[str, Any] = {}
    exec(compile(answer.text, "prompts.py", "exec"), namespace)  # noqa: S102 - our own export
    assert namespace["PROMPT_METADATA"]["version_hash"] == serving["version_hash"]
    assert namespace["PROMPT_METADATA"]["task"] == "exported"
    back = await bring_in(stack, "exported", module=answer.text)
    assert (back.status_code, back.json()["version_hash"]) == (200, serving["version_hash"])
    assert back.json()["id"] == serving["version_id"]


async def test_an_export_as_json_names_its_version(stack: Stack) -> None:
    version = (await bring_in(stack, "exported", text=TEXT + " As JSON.")).json()
    answer = await stack.induction.get(
        "/v1/prompts/exported/export", params={"version": version["id"], "format": "json"}
    )
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.json()["version_id"] == version["id"]
    assert answer.json()["content"] == version["content"]
    assert len(answer.json()["sha256"]) == 64


async def test_versions_are_listed_oldest_first_page_by_page(stack: Stack) -> None:
    created = [(await active(stack, "pages")).json()["version_id"]]
    created += [(await bring_in(stack, "pages", text=f"{TEXT} {n}")).json()["id"] for n in range(4)]
    listed: list[str] = []
    query: dict[str, str | int] = {"limit": 2}
    while True:
        page = (await stack.induction.get("/v1/prompts/pages/versions", params=query)).json()
        listed += [version["id"] for version in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert listed == created
