"""What one run refused the next one does not pay for again, for as long as that says anything."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from induction.history.failures import is_settled
from induction.privacy.jobs import forget_once
from induction.resources import open_resources

from tests.fixtures.labelled import make_task
from tests.fixtures.stack import Stack
from tests.induction.runs.driving import events, reached, sql, start

pytestmark = pytest.mark.law
LONG = "interval '91 days'"


async def finished(stack: Stack, task: str, **order: object) -> dict[str, Any]:
    run = await start(stack, task, **order)
    async with stack.working():
        return await reached(stack, run, "completed")


async def ideas(stack: Stack, task: str) -> list[dict[str, Any]]:
    answer = await stack.induction.get(f"/v1/prompts/{task}/ideas", params={"limit": 200})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def tried(stack: Stack, run: str) -> set[str]:
    """The prompts a run asked a model about, its baseline left out."""
    history = await events(stack, run)
    return {one["version_hash"] for one in history if one["type"] == "prompt_proposed"}


@pytest.fixture(scope="module")
async def first(stack: Stack) -> dict[str, Any]:
    """A run all tests look at; what they change of it they change back."""
    await make_task(stack, "burnt", cases=40)
    return await finished(stack, "burnt")


@asynccontextmanager
async def changed(stack: Stack, change: str, back: str, name: str) -> AsyncIterator[None]:
    await sql(stack, change, name)
    try:
        yield
    finally:
        await sql(stack, back, name)


def with_model(stack: Stack) -> AbstractAsyncContextManager[None]:
    update = "UPDATE tasks SET task_model = {} WHERE slug = $1"
    return changed(stack, update.format("'claude-opus-5-5'"), update.format("NULL"), "burnt")


async def test_a_change_one_run_refused_costs_the_next_run_no_calls(
    stack: Stack, first: dict[str, Any]
) -> None:
    known = await ideas(stack, "burnt")
    settled = {one["version_id"] for one in known if one["is_settled"]}
    assert settled
    second = await finished(stack, "burnt")
    rows = await sql(
        stack, "SELECT version_hash FROM prompt_versions WHERE id = ANY($1::uuid[])", settled
    )
    failed = {row["version_hash"] for row in rows}
    assert failed <= await tried(stack, first["id"])
    assert not failed & await tried(stack, second["id"])


@pytest.mark.long
async def test_what_failed_by_one_model_may_be_tried_by_another(
    stack: Stack, first: dict[str, Any]
) -> None:
    assert await ideas(stack, "burnt")
    async with with_model(stack):
        assert not await ideas(stack, "burnt")
        second = await finished(stack, "burnt")
        of_this_model = {one["run_id"] for one in await ideas(stack, "burnt")}
    assert of_this_model == {second["id"]}
    assert await tried(stack, second["id"]) == await tried(stack, first["id"])


@pytest.mark.parametrize(
    ("change", "back"),
    [
        ("scorer = 'another/1'", "scorer = 'macro_f1/2'"),
        (f"created_at = created_at - {LONG}", f"created_at = created_at + {LONG}"),
    ],
    ids=["by another scorer", "long ago"],
)
async def test_what_failed_otherwise_or_long_ago_is_not_held_against_it(
    stack: Stack, first: dict[str, Any], change: str, back: str
) -> None:
    assert first["scorer"] == "macro_f1/2"
    of_first = "UPDATE runs SET {} WHERE id = $1"
    async with changed(stack, of_first.format(change), of_first.format(back), first["id"]):
        assert first["id"] not in {one["run_id"] for one in await ideas(stack, "burnt")}
    assert await ideas(stack, "burnt")


async def test_a_person_can_clear_a_failed_idea_and_the_log_says_who(
    stack: Stack, first: dict[str, Any]
) -> None:
    cleared, *others = await ideas(stack, "burnt")
    path = f"/v1/prompts/burnt/ideas/{cleared['version_id']}"
    assert (await stack.induction.delete(path)).status_code == 204
    assert await ideas(stack, "burnt") == others
    log = (await stack.induction.get("/v1/admin/audit", params={"action": "ideas.clear"})).json()
    assert [line["subject"] for line in log["items"]] == [cleared["version_id"]]
    elsewhere = path.replace("burnt", "nobodys")
    assert (await stack.induction.delete(elsewhere)).status_code == 404


@pytest.mark.long
async def test_what_quotes_a_case_to_forget_is_forgotten_once_no_run_remembers_it(
    stack: Stack,
) -> None:
    await make_task(stack, "forgetful", cases=40)
    await finished(stack, "forgetful")
    idea, *_ = await ideas(stack, "forgetful")
    path = f"/v1/prompts/forgetful/versions/{idea['version_id']}"
    content = (await stack.induction.get(path)).json()["content"]
    case = content["examples"][0]["case_id"]
    assert (await stack.logger.delete(f"/v1/ground-truth/{case}")).status_code == 204
    remembering = await start(stack, "forgetful")
    async with open_resources(stack.settings) as resources:
        await forget_once(resources)
        assert idea in await ideas(stack, "forgetful")
        await stack.induction.post(f"/v1/runs/{remembering}/cancel")
        async with stack.working():
            await reached(stack, remembering, "cancelled")
        await forget_once(resources)
    assert idea not in await ideas(stack, "forgetful")


async def test_ideas_are_told_page_by_page_and_without_the_words_of_their_author(
    stack: Stack, first: dict[str, Any]
) -> None:
    whole = await ideas(stack, "burnt")
    assert len(whole) > 1
    assert all("rationale" not in one for one in whole)
    listed: list[dict[str, Any]] = []
    query: dict[str, str | int] = {"limit": 1}
    while True:
        page = (await stack.induction.get("/v1/prompts/burnt/ideas", params=query)).json()
        listed += page["items"]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert listed == whole


@pytest.mark.parametrize(
    ("fixed", "broke", "held"), [(0, 0, True), (2, 2, True), (1, 3, True), (3, 2, False)]
)
def test_what_fixed_more_than_it_broke_may_be_tried_again(
    fixed: int, broke: int, *, held: bool
) -> None:
    assert is_settled(fixed=fixed, broke=broke) is held


async def test_a_run_whose_ruler_changed_under_it_mixes_no_scores(stack: Stack) -> None:
    await make_task(stack, "remeasured", cases=4)
    run = await start(stack, "remeasured", kind="evaluate")
    await sql(stack, "UPDATE runs SET scorer = 'macro_f1/0' WHERE id = $1", run)
    async with stack.working():
        seen = await reached(stack, run)
    assert (seen["status"], seen["scorer"]) == ("failed", "macro_f1/0")
    assert "scorer" in seen["reason"]
    assert seen["spend"]["calls"] == 0
