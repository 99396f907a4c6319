"""From a version to production: proposed, approved, moved, looked back at, and brought back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from itertools import pairwise
from typing import Any

import asyncpg
import httpx2
import pytest
from induction.migrations import APP
from nlu_shared.client.prompted import PromptSource

from tests.fixtures.databases import BOOTSTRAP_KEY
from tests.fixtures.labelled import make_task
from tests.fixtures.stack import Stack, client
from tests.induction.test_scopes import key_with

TEXT = "Answer with topic_0, topic_1, topic_2 or topic_3."
ELSE = "0" * 64


@pytest.fixture(scope="module")
async def people(stack: Stack) -> AsyncIterator[list[httpx2.AsyncClient]]:
    """Three, who may propose and approve alike."""
    scopes = {"prompts:read", "prompts:write", "prompts:approve"}
    async with AsyncExitStack() as opened:
        yield [
            await opened.enter_async_context(
                client(str(stack.induction.base_url), await key_with(stack, scopes))
            )
            for _ in range(3)
        ]


async def versions(stack: Stack, task: str, count: int, **rules: Any) -> list[dict[str, Any]]:
    """The one that serves, then `count` that do not yet."""
    await make_task(stack, task)
    made = [(await stack.induction.get(f"/v1/prompts/{task}/versions")).json()["items"][0]]
    for number in range(count):
        body = {"text": f"{TEXT} {number}"}
        made.append((await stack.induction.post(f"/v1/prompts/{task}/versions", json=body)).json())
    if rules:
        changed = await stack.induction.patch(f"/v1/tasks/{task}", json=rules)
        assert changed.status_code == 200, changed.text
    return made


async def promote(who: httpx2.AsyncClient, version: dict[str, Any], **body: Any) -> httpx2.Response:
    path = f"/v1/prompts/{version['task']}/versions/{version['id']}/promote"
    return await who.post(path, json=body)


async def decide(
    who: httpx2.AsyncClient, proposal: dict[str, Any], decision: str, **body: Any
) -> httpx2.Response:
    path = f"/v1/prompts/{proposal['task']}/proposals/{proposal['id']}/{decision}"
    return await who.post(path, json=body)


async def history(stack: Stack, task: str, **params: Any) -> list[dict[str, Any]]:
    answer = await stack.induction.get(f"/v1/prompts/{task}/history", params=params)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def serving(stack: Stack, task: str, **params: Any) -> str:
    answer = await stack.induction.get(f"/v1/prompts/{task}/active", params=params)
    return str(answer.json().get("version_id", answer.status_code))


async def test_the_history_tells_who_moved_what_when_from_where_and_why(stack: Stack) -> None:
    first, second = await versions(stack, "told-of", 1)
    wrong = await promote(stack.induction, second, version_hash=ELSE)
    assert (wrong.status_code, wrong.json()["code"]) == (409, "hash_differs")
    moved = await promote(
        stack.induction, second, version_hash=second["version_hash"], reason="It is clearer."
    )
    assert (moved.status_code, moved.json()["serves_as"]) == (200, ["production"])
    newest, oldest = await history(stack, "told-of")
    assert (newest["n"], newest["version_id"], newest["from_version_id"]) == (
        2, second["id"], first["id"],
    )  # fmt: skip
    assert (newest["reason"], newest["until"]) == ("It is clearer.", None)
    assert newest["from_version_hash"] == first["version_hash"]
    assert newest["by"].startswith("key:")
    assert (newest["by_name"], oldest["by_name"]) == ("bootstrap", "bootstrap")
    assert (oldest["version_id"], oldest["until"]) == (first["id"], newest["moved_at"])
    for moment, served in ((oldest["moved_at"], first), (newest["moved_at"], second)):
        assert (await history(stack, "told-of", as_of=moment))[0]["version_id"] == served["id"]
    assert await history(stack, "told-of", as_of="2020-01-01T00:00:00Z") == []
    page = await stack.induction.get("/v1/prompts/told-of/history", params={"limit": 1})
    cursor = page.json()["next_cursor"]
    assert await history(stack, "told-of", cursor=cursor) == [oldest]


async def test_a_promotion_waits_for_so_many_others_as_the_task_asks_for(
    stack: Stack, people: list[httpx2.AsyncClient]
) -> None:
    first, second, third = await versions(stack, "asked-of", 2, promotion_approvals=2)
    author, other, another = people
    answer = await promote(author, second, reason="Fewer words.")
    proposal = answer.json()
    assert (answer.status_code, proposal["status"]) == (202, "waiting")
    assert (await stack.induction.get(answer.headers["location"])).json() == proposal
    assert (proposal["from_version_id"], proposal["approvals_needed"]) == (first["id"], 2)
    assert (await promote(other, second)).json()["id"] == proposal["id"]  # it waits already
    rival = (await promote(another, third)).json()

    own = await decide(author, proposal, "approve")
    assert (own.status_code, own.json()["code"]) == (403, "own_proposal")
    wrong = await decide(other, proposal, "approve", version_hash=ELSE)
    assert (wrong.status_code, wrong.json()["code"]) == (409, "hash_differs")
    for _ in range(2):  # a person counts once
        once = await decide(other, proposal, "approve", reason="Read it.")
        assert (once.json()["status"], len(once.json()["votes"])) == ("waiting", 1)
    assert await serving(stack, "asked-of") == first["id"]
    last = (await decide(another, proposal, "approve")).json()
    assert (last["status"], len(last["votes"])) == ("applied", 2)
    assert await serving(stack, "asked-of") == second["id"]
    line = (await history(stack, "asked-of"))[0]
    assert (line["proposal_id"], line["reason"]) == (proposal["id"], "Fewer words.")
    assert line["by"] == last["votes"][-1]["by"]
    assert {one["by_name"] for one in (line, *last["votes"])} == {"of a test"}
    assert last["proposed_by_name"] == "of a test"

    stale = await decide(other, rival, "approve")
    assert (stale.status_code, stale.json()["code"]) == (409, "proposal_stale")
    closed = await decide(other, proposal, "reject", reason="Too late.")
    assert (closed.status_code, closed.json()["code"]) == (409, "proposal_closed")
    listed = await stack.induction.get("/v1/prompts/asked-of/proposals")
    assert [one["status"] for one in listed.json()["items"]] == ["stale", "applied", "applied"]


async def test_one_no_ends_a_proposal(stack: Stack, people: list[httpx2.AsyncClient]) -> None:
    first, second = await versions(stack, "refused-of", 1, promotion_approvals=1)
    proposal = (await promote(people[0], second)).json()
    rejected = await decide(people[1], proposal, "reject", reason="Not on a Friday.")
    assert rejected.json()["status"] == "rejected"
    assert rejected.json()["votes"][0]["reason"] == "Not on a Friday."
    assert await serving(stack, "refused-of") == first["id"]
    waiting = {"status": "waiting"}
    listed = await stack.induction.get("/v1/prompts/refused-of/proposals", params=waiting)
    assert listed.json()["items"] == []
    assert (await promote(people[0], second)).json()["id"] != proposal["id"]


async def test_a_task_that_asks_for_more_meanwhile_gets_it(
    stack: Stack, people: list[httpx2.AsyncClient]
) -> None:
    first, second = await versions(stack, "raised", 1, promotion_approvals=1)
    proposal = (await promote(people[0], second)).json()
    await stack.induction.patch("/v1/tasks/raised", json={"promotion_approvals": 2})
    approved = (await decide(people[1], proposal, "approve")).json()
    assert (approved["status"], approved["approvals_needed"]) == ("waiting", 2)
    await stack.induction.patch("/v1/tasks/raised", json={"promotion_verdict": "promising"})
    weak = await decide(people[2], proposal, "approve")
    assert (weak.status_code, weak.json()["code"]) == (409, "verdict_too_weak")
    assert await serving(stack, "raised") == first["id"]


async def test_what_is_brought_in_to_serve_goes_through_the_same_door(stack: Stack) -> None:
    (first,) = await versions(stack, "by-import", 0, promotion_approvals=1)
    body = {"text": TEXT + " By import.", "promote": True, "notes": "of the pipeline"}
    made = await stack.induction.post("/v1/prompts/by-import/versions", json=body)
    assert (made.status_code, made.json()["is_production"]) == (201, False)
    waiting = (await stack.induction.get("/v1/prompts/by-import/proposals")).json()["items"][0]
    assert (waiting["version_id"], waiting["reason"]) == (made.json()["id"], "of the pipeline")
    assert await serving(stack, "by-import") == first["id"]
    await stack.induction.patch("/v1/tasks/by-import", json={"promotion_verdict": "proven"})
    weak = await stack.induction.post(
        "/v1/prompts/by-import/versions", json={"text": TEXT + " Unmeasured.", "promote": True}
    )
    assert (weak.status_code, weak.json()["code"]) == (409, "verdict_too_weak")


async def test_each_roll_back_goes_one_step_further_and_two_at_once_go_one(stack: Stack) -> None:
    made = await versions(stack, "stepped", 2, promotion_approvals=0)
    first, second, third = made
    for version in (second, third):
        await promote(stack.induction, version)
    await stack.induction.patch("/v1/tasks/stepped", json={"promotion_approvals": 3})
    seen = {"version_hash": third["version_hash"], "reason": "Orders are lost."}
    path = "/v1/prompts/stepped/rollback"
    both = await asyncio.gather(*(stack.induction.post(path, json=seen) for _ in range(2)))
    assert sorted(one.status_code for one in both) == [200, 409]
    assert await serving(stack, "stepped") == second["id"]
    line = (await history(stack, "stepped"))[0]
    assert (line["is_rollback"], line["reason"]) == (True, "Orders are lost.")
    assert (await stack.induction.post(path)).json()["id"] == first["id"]
    assert (await stack.induction.post(path)).status_code == 409


async def test_promotions_at_once_leave_one_history_in_order(stack: Stack) -> None:
    first, *others = await versions(stack, "hurried", 8)
    answers = await asyncio.gather(*(promote(stack.induction, one) for one in others))
    assert {one.status_code for one in answers} == {200}
    lines = list(reversed(await history(stack, "hurried")))
    assert [one["n"] for one in lines] == list(range(1, 10))
    assert lines[0]["version_id"] == first["id"]
    for earlier, later in pairwise(lines):
        assert later["from_version_id"] == earlier["version_id"]
        assert earlier["until"] == later["moved_at"] > earlier["moved_at"]
    assert {one["version_id"] for one in lines[1:]} == {one["id"] for one in others}


async def test_staging_serves_beside_production_and_asks_nobody(
    stack: Stack, tmp_path: Any
) -> None:
    first, second = await versions(stack, "staged", 1, promotion_approvals=1)
    assert await serving(stack, "staged", alias="staging") == "404"
    assert (await promote(stack.induction, second, alias="staging")).status_code == 200
    assert await serving(stack, "staged", alias="staging") == second["id"]
    assert await serving(stack, "staged") == first["id"]
    export = await stack.induction.get("/v1/prompts/staged/export", params={"alias": "staging"})
    assert f"# version {second['id']}\n" in export.text
    assert len(await history(stack, "staged", alias="staging")) == 1
    for alias, served in (("production", first), ("staging", second)):
        source = PromptSource(
            "staged",
            url=str(stack.induction.base_url),
            key=BOOTSTRAP_KEY,
            cache=tmp_path,
            alias=alias,
        )
        assert (await source.current()).version == served["id"]
        await source.close()


async def test_the_service_may_add_to_the_history_and_change_nothing_of_it(stack: Stack) -> None:
    await versions(stack, "kept", 0)
    connection = await asyncpg.connect(stack.induction_database.app_url)
    try:
        await connection.execute(f"SET ROLE {APP}")
        for change in (
            "UPDATE prompt_moves SET by = 'nobody'",
            "DELETE FROM prompt_moves",
            "UPDATE prompt_proposals SET version_hash = ''",
            "UPDATE prompt_votes SET by = 'nobody'",
            "DELETE FROM prompt_votes",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(change)
    finally:
        await connection.close()
