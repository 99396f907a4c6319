"""The report of a run by HTTP and by command."""

import os
import re
from pathlib import Path
from typing import Any

import httpx2
import pytest
from induction.sentences import readable

from tests.fixtures.commands import typed
from tests.fixtures.databases import BOOTSTRAP_KEY
from tests.fixtures.labelled import make_task, texts
from tests.fixtures.stack import Stack
from tests.induction.runs.driving import reached, shown, sql, start

pytestmark = pytest.mark.law
TASK, CASES = "reported", 16


@pytest.fixture(scope="module")
async def run(stack: Stack) -> str:
    return await ended(stack, TASK)


async def ended(stack: Stack, task: str) -> str:
    """A run that is over; the newest version that it made serves, whatever it chose."""
    await make_task(stack, task, cases=CASES)
    made = await start(stack, task, limits={"iterations": 1})
    async with stack.working():
        await reached(stack, made, "completed")
    lineage = (await stack.induction.get(f"/v1/prompts/{task}/lineage")).json()["items"]
    newest = lineage[0]["id"]
    promoted = await stack.induction.post(f"/v1/prompts/{task}/versions/{newest}/promote")
    assert promoted.status_code == 200, promoted.text
    assert promoted.json()["run_id"] == made
    return made


async def report(stack: Stack, run: str, format: str) -> str:
    answer = await stack.induction.get(f"/v1/runs/{run}/report", params={"format": format})
    assert answer.status_code == 200, answer.text
    assert "sandbox" in answer.headers["content-security-policy"]
    return answer.text


async def test_a_report_holds_what_the_run_found_and_how_to_check_and_undo_it(
    stack: Stack, run: str
) -> None:
    seen = await shown(stack, run)
    answer = await stack.induction.get(f"/v1/runs/{run}/report")
    document: dict[str, Any] = answer.json()
    assert document["verdict"] == seen["verdict"]
    assert document["words"][1] == readable(seen["verdict"]["summary"])
    assert document["before"]["id"] == seen["baseline_version_id"]
    assert (document["dataset_hash"], document["spend"]) == (seen["dataset_hash"], seen["spend"])
    turned = await sql(
        stack, "SELECT n, fixed, broke FROM run_changes WHERE run_id = $1 ORDER BY n", run
    )
    assert turned
    assert any(re.search(r"\+\d+ example", one["what"] or "") for one in document["changes"])
    assert [(one["n"], one["fixed"], one["broke"]) for one in document["changes"]] == [
        (row["n"], [*map(str, row["fixed"])], [*map(str, row["broke"])]) for row in turned
    ]
    objective = next(
        one
        for one in document["components"]
        if (one["split"], one["component"]) == ("validation", "objective")
    )
    assert objective["before"] == seen["baseline_f1"]
    assert objective["after"] == pytest.approx(seen["final_f1"])
    better = seen["best_version_id"] not in (None, seen["baseline_version_id"])
    assert (document["roll_back"] is not None) == better
    if better:
        undo = f"induction prompts rollback --task {TASK} --version-hash "
        assert document["roll_back"] == undo + document["after"]["version_hash"]
    assert f"The run ended: {seen['reason']}." in document["words"]
    assert objective["cases"]


async def test_as_a_page_and_as_markdown_it_says_the_same_and_no_text_of_a_case(
    stack: Stack, run: str
) -> None:
    seen = await shown(stack, run)
    written = {one: await report(stack, run, one) for one in ("md", "html", "json")}
    for text in written.values():
        assert run in text
        assert seen["baseline_version_id"] in text
        assert seen["dataset_hash"] in text
        assert not [one for one, _ in texts(CASES) if one in text]
    assert written["md"].startswith(f"# {TASK}: what run {run} found\n")
    assert "## Rolling back" in written["md"]
    assert written["html"].startswith("<!doctype html>")


async def versions_by_choice(stack: Stack, run: str) -> tuple[str, list[str]]:
    """The run's choice, and what it made besides, the newest first."""
    best = (await shown(stack, run))["best_version_id"]
    lineage = (await stack.induction.get(f"/v1/prompts/{TASK}/lineage")).json()["items"]
    return best, [one["id"] for one in lineage if one["run_id"] == run and one["id"] != best]


async def of_version(
    stack: Stack, version: str, format: str = "json", *, task: str = TASK
) -> httpx2.Response:
    path = f"/v1/prompts/{task}/versions/{version}/report"
    return await stack.induction.get(path, params={"format": format})


async def test_the_report_of_the_version_that_a_run_chose_is_that_of_the_run(
    stack: Stack, run: str
) -> None:
    seen = await shown(stack, run)
    if seen["best_version_id"] != seen["baseline_version_id"]:
        made = await of_version(stack, seen["best_version_id"], "md")
        assert made.text == await report(stack, run, "md")
    imported = await of_version(stack, seen["baseline_version_id"])
    assert (imported.status_code, imported.json()["code"]) == (404, "no_report")


async def test_of_a_version_that_a_run_did_not_choose_it_says_so_first_and_claims_nothing(
    stack: Stack, run: str
) -> None:
    _, others = await versions_by_choice(stack, run)
    seen = await shown(stack, run)
    assert others
    for version in others:
        document = (await of_version(stack, version)).json()
        tried = f"Run {run} tried version {version} and did not choose it."
        assert (document["words"][0], document["is_chosen"]) == (tried, False)
        assert document["verdict"] is None
        assert document["after"]["id"] == version
        changes = [one for one in seen["changes"] if one["version_id"] == version]
        assert [one["n"] for one in document["changes"]] == [one["n"] for one in changes]
        own = [one["after"] for one in document["components"] if one["component"] == "objective"]
        assert own in ([], [changes[-1]["validation_f1"]])
        assert f"--version-hash {document['after']['version_hash']}" in document["roll_back"]
        written = (await of_version(stack, version, "md")).text
        assert "did not choose" in written.splitlines()[0]
        assert "Proven" not in written
        assert "No change." not in written
        assert not [one for one in ("rejected_at", "`A`", "`B`") if one in written]
        what = "It was change {n} ({what})".format_map(document["changes"][-1])
        assert any(one.startswith(what) for one in document["words"])


async def test_a_report_is_typed_as_it_is_asked_for(stack: Stack, run: str, tmp_path: Path) -> None:
    env = {"INDUCTION_URL": str(stack.induction.base_url), "INDUCTION_KEY": BOOTSTRAP_KEY}
    ended = await typed("induction", "runs", "report", run, env=os.environ | env)
    assert (ended.code, ended.printed) == (0, await report(stack, run, "md"))
    page = tmp_path / "report.html"
    words = ("runs", "report", run, "--format", "html", "--output", page)
    assert (await typed("induction", *words, env=os.environ | env)).printed == ""
    assert page.read_text() == await report(stack, run, "html")
