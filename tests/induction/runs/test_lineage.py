"""Every version says what it was made of, by which run and which change."""

from typing import Any

import pytest
from nlu_shared.schemas.prompts import OFFLINE_CAUTION

from tests.fixtures.labelled import make_task
from tests.fixtures.stack import Stack
from tests.induction.runs.driving import events, reached, shown, start
from tests.induction.runs.test_starting import door
from tests.induction.test_keys_by_command import run as by_command


async def lineage(stack: Stack, task: str, *, limit: int = 2) -> list[dict[str, Any]]:
    """The whole lineage, read page by page."""
    versions: list[dict[str, Any]] = []
    query: dict[str, str | int] = {"limit": limit}
    while True:
        answer = await stack.induction.get(f"/v1/prompts/{task}/lineage", params=query)
        assert answer.status_code == 200, answer.text
        versions += answer.json()["items"]
        if answer.json()["next_cursor"] is None:
            return versions
        query["cursor"] = answer.json()["next_cursor"]


@pytest.mark.law
async def test_a_lineage_leads_from_the_newest_version_to_the_imported_one(stack: Stack) -> None:
    baseline = await make_task(stack, "descent", cases=24)
    (alone,) = await lineage(stack, "descent")
    assert (alone["id"], alone["source"], alone["is_production"]) == (baseline, "import", True)
    assert {alone[name] for name in ("parent_id", "run_id", "change", "validation_f1")} == {None}

    run = await start(stack, "descent")
    async with stack.working():
        seen = await reached(stack, run, "completed")
    history = await events(stack, run)
    proposed = {one["version_hash"]: one for one in history if one["type"] == "prompt_proposed"}
    measured = {
        one["version_hash"]: one["objective"]
        for one in history
        if one["type"] == "prompt_evaluated" and one["split"] == "validation"
    }

    versions = await lineage(stack, "descent")
    assert proposed
    assert [one["id"] for one in versions] == sorted((one["id"] for one in versions), reverse=True)
    assert len(versions) == len(proposed) + 1
    assert versions[-1]["id"] == baseline
    assert versions[-1]["validation_f1"] == seen["baseline_f1"]
    by_id = {one["id"]: one for one in versions}
    for one in versions[:-1]:
        made_by = proposed[one["version_hash"]]
        assert (one["run_id"], one["source"], one["is_production"]) == (run, "run", False)
        assert (one["change"], one["iteration"]) == (made_by["change"], made_by["iteration"])
        assert by_id[one["parent_id"]]["version_hash"] == made_by["parent_hash"]
        assert one["validation_f1"] == measured.get(one["version_hash"])


@pytest.mark.law
@pytest.mark.long
async def test_what_was_made_on_the_offline_learner_says_so_wherever_it_is_shown(
    stack: Stack,
) -> None:
    baseline = await make_task(stack, "marked", cases=24)
    run = await start(stack, "marked")
    async with stack.working():
        await reached(stack, run, "completed")
    made = next(one for one in await lineage(stack, "marked") if one["run_id"] == run)
    path = "/v1/prompts/marked"

    async def read(where: str, **query: str) -> Any:
        return (await stack.induction.get(f"{path}/{where}", params=query)).json()

    version = await read(f"versions/{made['id']}")
    assert version["made_on"]["is_offline"]
    assert (await read(f"versions/{baseline}"))["made_on"] is None
    assert (await shown(stack, run))["made_on"] == version["made_on"]
    document = await read("export", version=made["id"], format="json")
    assert (document["made_on"], document["caution"]) == (version["made_on"], OFFLINE_CAUTION)
    module = await stack.induction.get(f"{path}/export", params={"version": made["id"]})
    assert f"# {OFFLINE_CAUTION}\n" in module.text
    again = await stack.induction.post(f"{path}/versions", json={"module": module.text})
    assert again.json()["version_hash"] == made["version_hash"]
    await make_task(stack, "taken-over", cases=24)
    brought = {"module": module.text}
    taken = await stack.induction.post("/v1/prompts/taken-over/versions", json=brought)
    assert (taken.json()["made_on"], taken.json()["run_id"]) == (version["made_on"], None)
    options = [*door(stack), "--task", "marked", "--version", made["id"]]
    code, _, complained = await by_command(stack, "prompts", "promote", *options)
    assert (code, complained) == (0, f"induction: {OFFLINE_CAUTION}")
    for verb, version_id in (("promote", ["--version", baseline]), ("rollback", [])):
        ended = await by_command(
            stack, "prompts", verb, *door(stack), "--task", "marked", *version_id
        )
    assert ended == (0, made["id"], "")  # it has served already
    assert (await read("active"))["made_on"] == version["made_on"]
    code, _, complained = await by_command(stack, "prompts", "promote", *options[:-1], baseline)
    assert (code, complained) == (0, "")


async def test_an_unknown_task_has_no_lineage(stack: Stack) -> None:
    assert (await stack.induction.get("/v1/prompts/nobodys/lineage")).status_code == 404
