"""What one run refused the next one does not pay for again, for as long as that says anything."""

from typing import Any

import pytest

from tests.fixtures.labelled import make_task
from tests.fixtures.stack import Stack
from tests.induction.runs.driving import events, reached, sql, start


async def finished(stack: Stack, task: str, **asked: object) -> dict[str, Any]:
    run = await start(stack, task, **asked)
    async with stack.working():
        return await reached(stack, run, "completed")


async def ideas(stack: Stack, task: str) -> list[dict[str, Any]]:
    answer = await stack.induction.get(f"/v1/prompts/{task}/ideas", params={"limit": 200})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def tried(stack: Stack, run: str) -> set[str]:
    """The prompts a run asked a model about, its baseline left out."""
    said = await events(stack, run)
    return {one["version_hash"] for one in said if one["type"] == "prompt_proposed"}


async def refused(stack: Stack, run: str) -> set[str]:
    said = await events(stack, run)
    return {one["version_hash"] for one in said if one["type"] == "change_rejected"} - {None}


async def test_a_change_one_run_refused_costs_the_next_run_no_calls(stack: Stack) -> None:
    await make_task(stack, "burnt", cases=24)
    first = await finished(stack, "burnt")
    known = await ideas(stack, "burnt")
    settled = {one["version_id"] for one in known if one["is_settled"]}
    assert settled
    assert len(known) == len(await refused(stack, first["id"]))
    second = await finished(stack, "burnt")
    rows = await sql(
        stack, "SELECT version_hash FROM prompt_versions WHERE id = ANY($1::uuid[])", settled
    )
    assert not {row["version_hash"] for row in rows} & await tried(stack, second["id"])
    assert second["verdict"]["after"] >= first["verdict"]["before"]


async def test_what_failed_by_one_model_may_be_tried_by_another(stack: Stack) -> None:
    await make_task(stack, "modelled", cases=24)
    first = await finished(stack, "modelled")
    assert await ideas(stack, "modelled")
    await sql(stack, "UPDATE tasks SET task_model = 'claude-opus-5-5' WHERE slug = 'modelled'")
    assert not await ideas(stack, "modelled")
    second = await finished(stack, "modelled")
    assert await tried(stack, second["id"]) == await tried(stack, first["id"])
    await sql(stack, "UPDATE runs SET ruler = 'another/1' WHERE id = $1", second["id"])
    assert not await ideas(stack, "modelled")


async def test_what_failed_long_ago_is_not_held_against_it(stack: Stack) -> None:
    await make_task(stack, "ageing", cases=24)
    first = await finished(stack, "ageing")
    assert await ideas(stack, "ageing")
    long_ago = "UPDATE runs SET created_at = created_at - interval '91 days' WHERE id = $1"
    await sql(stack, long_ago, first["id"])
    assert not await ideas(stack, "ageing")


async def test_a_person_can_clear_a_failed_idea_and_the_log_says_who(stack: Stack) -> None:
    await make_task(stack, "cleared", cases=24)
    await finished(stack, "cleared")
    first, *others = await ideas(stack, "cleared")
    path = f"/v1/prompts/cleared/ideas/{first['version_id']}"
    assert (await stack.induction.delete(path)).status_code == 204
    assert await ideas(stack, "cleared") == others
    log = (await stack.induction.get("/v1/admin/audit", params={"action": "ideas.clear"})).json()
    assert [line["subject"] for line in log["items"]] == [first["version_id"]]
    elsewhere = path.replace("cleared/ideas", "burnt/ideas")
    assert (await stack.induction.delete(elsewhere)).status_code == 404


async def test_ideas_are_told_page_by_page_and_without_the_words_of_their_author(
    stack: Stack,
) -> None:
    await make_task(stack, "paged", cases=24)
    await finished(stack, "paged")
    whole = await ideas(stack, "paged")
    assert all("rationale" not in one and one["aims"] for one in whole)
    told: list[dict[str, Any]] = []
    asked: dict[str, str | int] = {"limit": 1}
    while True:
        page = (await stack.induction.get("/v1/prompts/paged/ideas", params=asked)).json()
        told += page["items"]
        if page["next_cursor"] is None:
            break
        asked["cursor"] = page["next_cursor"]
    assert told == whole


@pytest.mark.parametrize("asked", [{"limit": 0}, {"cursor": "x"}])
async def test_a_page_of_ideas_that_cannot_be_is_refused(
    stack: Stack, asked: dict[str, Any]
) -> None:
    assert (await stack.induction.get("/v1/prompts/paged/ideas", params=asked)).status_code == 422
