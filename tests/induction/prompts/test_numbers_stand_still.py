"""A version, its numbers and its export stay as they were, whatever is measured later."""

from typing import Any

import pytest

from tests.fixtures.labelled import add_case, make_task
from tests.fixtures.stack import Stack
from tests.induction.runs.driving import reached, sql, start

pytestmark = pytest.mark.law
TASK = "still"
PATH = f"/v1/prompts/{TASK}"


@pytest.fixture(scope="module")
async def run(stack: Stack) -> dict[str, Any]:
    """That made a version which serves now."""
    await make_task(stack, TASK, cases=40)
    async with stack.working():
        ended = await reached(
            stack, await start(stack, TASK, limits={"iterations": 1}), "completed"
        )
    assert ended["best_version_id"] != ended["baseline_version_id"]
    return ended


async def version(stack: Stack, version_id: str) -> dict[str, Any]:
    answer = await stack.induction.get(f"{PATH}/versions/{version_id}")
    return dict(answer.json())


async def exports(stack: Stack, version_id: str) -> list[bytes]:
    formats = ("py", "json")
    answers = [
        await stack.induction.get(f"{PATH}/export", params={"version": version_id, "format": one})
        for one in formats
    ]
    assert {one.status_code for one in answers} == {200}
    return [one.content for one in answers]


@pytest.mark.long
async def test_a_verdict_against_what_serves_lets_a_version_serve(
    stack: Stack, run: dict[str, Any]
) -> None:
    best = f"{PATH}/versions/{run['best_version_id']}/promote"
    kind = run["verdict"]["kind"]
    assert kind in ("promising", "noise")  # of so few cases nothing is proven
    await stack.induction.patch(f"/v1/tasks/{TASK}", json={"promotion_verdict": "proven"})
    weak = await stack.induction.post(best)
    assert (weak.status_code, weak.json()["code"]) == (409, "verdict_too_weak")
    least = "promising" if kind == "promising" else "any"
    await stack.induction.patch(f"/v1/tasks/{TASK}", json={"promotion_verdict": least})
    assert (await stack.induction.post(best)).status_code == 200
    applied = (await stack.induction.get(f"{PATH}/proposals")).json()["items"][0]
    evidence = applied["evidence"]
    assert (evidence["run_id"], evidence["is_against_serving"]) == (run["id"], True)
    assert evidence["verdict"] == run["verdict"]
    assert evidence["scores"] == (await version(stack, run["best_version_id"]))["scores"]
    await stack.induction.patch(f"/v1/tasks/{TASK}", json={"promotion_verdict": "any"})


async def test_later_measurements_imports_and_settings_change_nothing_of_a_version(
    stack: Stack, run: dict[str, Any]
) -> None:
    best, imported = run["best_version_id"], run["baseline_version_id"]
    both = (best, imported)
    before = {one: (await version(stack, one), await exports(stack, one)) for one in both}
    assert before[best][0]["validation_f1"] == run["final_f1"]
    for number in range(6):
        await add_case(stack.logger, TASK, f"a text of today {number}", f"topic_{number % 4}")
    async with stack.working():
        for one in both:
            measured = await start(stack, TASK, kind="evaluate", prompt_version=one)
            await reached(stack, measured, "completed")
    labels = [{"name": f"topic_{number}", "aliases": [f"t{number}"]} for number in range(4)]
    changed = await stack.induction.patch(f"/v1/tasks/{TASK}", json={"labels": labels})
    assert changed.status_code == 200, changed.text
    content = before[best][0]["content"]
    again = await stack.induction.post(f"{PATH}/versions", json={"content": content, "notes": "x"})
    assert (again.status_code, again.json()["id"]) == (200, best)
    for one, (seen, bytes_of_it) in before.items():
        now = await version(stack, one)
        assert await exports(stack, one) == bytes_of_it
        for name in ("validation_f1", "train_f1", "rendered", "content", "version_hash"):
            assert now[name] == seen[name], name
        own = [score for score in now["scores"] if score["run_id"] == run["id"]]
        assert own == seen["scores"]
        later = [score["era"] for score in now["scores"] if score["run_id"] != run["id"]]
        assert later
        assert not {score["era"] for score in own} & set(later)


async def test_the_same_content_under_other_labels_is_another_version(
    stack: Stack, run: dict[str, Any]
) -> None:
    best = run["best_version_id"]
    before, bytes_of_it = await version(stack, best), await exports(stack, best)
    labels = [{"name": f"topic_{number}"} for number in (1, 0, 2, 3)]
    await stack.induction.patch(f"/v1/tasks/{TASK}", json={"labels": labels})
    body = {"content": before["content"]}
    other = await stack.induction.post(f"{PATH}/versions", json=body)
    assert (other.status_code, other.json()["version_hash"]) == (201, before["version_hash"])
    assert other.json()["id"] != best
    assert other.json()["rendered"]["rendered_hash"] != before["rendered"]["rendered_hash"]
    assert await exports(stack, best) == bytes_of_it
    async with stack.working():
        measured = await start(stack, TASK, kind="evaluate", prompt_version=best)
        await reached(stack, measured, "completed")
    scores = (await version(stack, best))["scores"]
    assert [one["run_id"] for one in scores][-1] == measured  # by its id, not by its content


async def test_an_export_is_sent_only_to_who_has_not_got_it(
    stack: Stack, run: dict[str, Any]
) -> None:
    etags = set()
    for format in ("py", "json"):
        params = {"version": run["best_version_id"], "format": format}
        first = await stack.induction.get(f"{PATH}/export", params=params)
        etag = first.headers["etag"]
        etags.add(etag)
        assert not etag.startswith("W/")
        same = await stack.induction.get(
            f"{PATH}/export", params=params, headers={"If-None-Match": etag}
        )
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", etag)
        other = await stack.induction.get(
            f"{PATH}/export", params=params, headers={"If-None-Match": '"other"'}
        )
        assert (other.status_code, other.content) == (200, first.content)
    assert len(etags) == 2


async def test_a_version_is_exported_once_its_run_is_over(
    stack: Stack, run: dict[str, Any]
) -> None:
    await sql(stack, "UPDATE runs SET status = 'paused' WHERE id = $1", run["id"])
    params = {"version": run["best_version_id"]}
    early = await stack.induction.get(f"{PATH}/export", params=params)
    assert (early.status_code, early.json()["code"]) == (409, "version_unfinished")
    await sql(stack, "UPDATE runs SET status = 'completed' WHERE id = $1", run["id"])
    assert (await stack.induction.get(f"{PATH}/export", params=params)).status_code == 200
