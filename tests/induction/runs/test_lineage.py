"""Every version says what it was made of, by which run and which change."""

from typing import Any

from tests.fixtures.labelled import make_task
from tests.fixtures.stack import Stack
from tests.induction.runs.driving import events, reached, start


async def lineage(stack: Stack, task: str, *, limit: int = 2) -> list[dict[str, Any]]:
    """The whole lineage, read page by page."""
    told: list[dict[str, Any]] = []
    asked: dict[str, str | int] = {"limit": limit}
    while True:
        answer = await stack.induction.get(f"/v1/prompts/{task}/lineage", params=asked)
        assert answer.status_code == 200, answer.text
        told += answer.json()["items"]
        if answer.json()["next_cursor"] is None:
            return told
        asked["cursor"] = answer.json()["next_cursor"]


async def test_a_lineage_leads_from_the_newest_version_to_the_imported_one(stack: Stack) -> None:
    baseline = await make_task(stack, "descent", cases=24)
    (alone,) = await lineage(stack, "descent")
    assert (alone["id"], alone["source"], alone["is_production"]) == (baseline, "import", True)
    assert {alone[name] for name in ("parent_id", "run_id", "change", "validation_f1")} == {None}

    run = await start(stack, "descent")
    async with stack.working():
        seen = await reached(stack, run, "completed")
    said = await events(stack, run)
    proposed = {one["version_hash"]: one for one in said if one["type"] == "prompt_proposed"}
    measured = {
        one["version_hash"]: one["objective"]
        for one in said
        if one["type"] == "prompt_evaluated" and one["split"] == "validation"
    }

    told = await lineage(stack, "descent")
    assert proposed
    assert [one["id"] for one in told] == sorted((one["id"] for one in told), reverse=True)
    assert len(told) == len(proposed) + 1
    assert told[-1]["id"] == baseline
    assert told[-1]["validation_f1"] == seen["baseline_f1"]
    by_id = {one["id"]: one for one in told}
    for one in told[:-1]:
        made_by = proposed[one["version_hash"]]
        assert (one["run_id"], one["source"], one["is_production"]) == (run, "run", False)
        assert (one["change"], one["iteration"]) == (made_by["change"], made_by["iteration"])
        assert by_id[one["parent_id"]]["version_hash"] == made_by["parent_hash"]
        assert one["validation_f1"] == measured.get(one["version_hash"])


async def test_an_unknown_task_has_no_lineage(stack: Stack) -> None:
    assert (await stack.induction.get("/v1/prompts/nobodys/lineage")).status_code == 404
