"""New models against the old one, through the door: asked for, forecast, compared, shown."""

from typing import Any

import pytest

from tests.fixtures.labelled import make_task
from tests.fixtures.stack import Stack, until
from tests.induction.runs.driving import events, reached, sql, start
from tests.induction.runs.test_starting import door, refusal
from tests.induction.test_keys_by_command import run as by_command

OLD, NEW, DEAR = "claude-haiku-5-5", "claude-sonnet-5-5", "claude-opus-5-5"


@pytest.fixture(scope="module")
async def task(stack: Stack) -> str:
    await make_task(stack, "staying", cases=4)
    return "staying"


def figures(run: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["model"]: one for one in run["migration"]["figures"]}


@pytest.mark.law
@pytest.mark.long
async def test_a_new_model_is_compared_beside_its_price_and_its_latency(stack: Stack) -> None:
    version = await make_task(stack, "moving", cases=120)
    order: dict[str, Any] = {"kind": "migrate", "to_models": [NEW, DEAR], "margin": 0.2}
    answer = await stack.induction.post(
        "/v1/runs", json={"task": "moving", "dry_run": True, **order}
    )
    forecast = answer.json()
    assert forecast["calls"] == 3 * forecast["splits"]["test"]
    async with stack.working():
        run = await start(stack, "moving", **order)
        seen = await reached(stack, run)
    assert (seen["status"], seen["reason"]) == ("completed", "compared")
    new, dear = seen["migration"]["comparisons"]
    assert (new["model"], dear["model"]) == (NEW, DEAR)
    assert new["version_id"] == version
    assert (new["tested_on"], new["gain"]) == ("test", 0.0)
    assert new["kind"] in ("not_worse", "needs_labels")
    by_model = figures(seen)
    assert list(by_model) == [OLD, NEW, DEAR]
    prices = [one["usd_per_1000"] for one in by_model.values()]
    assert 0 < prices[0] < prices[1] < prices[2]
    assert all(0 < one["seconds_median"] <= one["seconds_p95"] for one in by_model.values())
    assert all(one["calls"] == seen["splits"]["test"] for one in by_model.values())
    assert seen["spend"]["calls"] <= forecast["calls"]
    stored = " ".join(str(event) for event in await events(stack, run))
    assert "seconds" not in stored
    assert "usd" not in stored

    async with stack.working():
        again = await reached(stack, await start(stack, "moving", **order))
    repeated = again["migration"]["comparisons"][0]
    assert (again["spend"]["calls"], repeated["look"]) == (0, 2)
    assert repeated["alpha"] == new["alpha"] / 2
    assert figures(again) == by_model
    improving = await start(stack, "moving")
    (row,) = await sql(stack, "SELECT looks FROM runs WHERE id = $1", improving)
    assert row["looks"] == 0


@pytest.mark.law
async def test_migrations_side_by_side_share_the_alpha_of_their_test_cases(stack: Stack) -> None:
    await make_task(stack, "abreast", cases=60)
    runs = [await start(stack, "abreast", kind="migrate", to_models=[one]) for one in (NEW, DEAR)]
    async with stack.working():
        seen = [await reached(stack, one) for one in runs]
    assert [one["migration"]["comparisons"][0]["look"] for one in seen] == [1, 2]


@pytest.mark.parametrize(
    ("order", "code"),
    [
        ({"kind": "migrate"}, "invalid"),
        ({"to_models": [NEW]}, "invalid"),
        ({"kind": "migrate", "to_models": [NEW, NEW]}, "invalid"),
        ({"kind": "migrate", "to_models": [NEW], "margin": 0}, "invalid"),
        ({"kind": "migrate", "to_models": [OLD]}, "same_model"),
        ({"kind": "migrate", "to_models": [f"offline/{OLD}"]}, "same_model"),
        ({"kind": "migrate", "to_models": [NEW, f"offline/{NEW}"]}, "same_model"),
    ],
)
async def test_a_migration_that_says_too_little_is_refused(
    stack: Stack, task: str, order: dict[str, Any], code: str
) -> None:
    assert await refusal(stack, task=task, **order) == (422, code)


@pytest.mark.law
@pytest.mark.long
async def test_a_migration_is_typed_and_watched(stack: Stack) -> None:
    await make_task(stack, "typed", cases=60)
    typed = [*door(stack), "--task", "typed", "--kind", "migrate", "--to", NEW, "--watch"]
    async with stack.working():
        code, printed, complained = await by_command(stack, "run", *typed)
    assert (code, complained) == (0, "")
    text = " ".join(printed.split())
    assert f"{NEW}: needs labels" in text
    assert "more labelled cases would tell" in text
    assert f"{OLD}: " in text
    assert "dollars for 1,000 cases" in text


@pytest.mark.law
@pytest.mark.long
@pytest.mark.parametrize(
    "order", [{"kind": "migrate", "to_models": [NEW]}, {"kind": "headroom"}], ids=["new", "gain"]
)
async def test_a_run_that_was_interrupted_tells_the_same_as_one_that_was_not(
    stack: Stack, order: dict[str, Any]
) -> None:
    """A worker is told to stop in the middle; another one replays and goes on."""
    task = f"interrupted-{order['kind']}"
    await make_task(stack, task, cases=100)
    run = await start(stack, task, **order)
    async with stack.working(concurrency=1):

        async def has_begun() -> bool:
            return bool(await sql(stack, "SELECT FROM llm_calls WHERE run_id = $1", run))

        await until(has_begun)
    async with stack.working():
        seen = await reached(stack, run)
        again = await start(stack, task, **order)
        await reached(stack, again)
    assert seen["status"] == "completed"
    stored, repeated = await events(stack, run), await events(stack, again)
    if order["kind"] == "headroom":
        assert stored == repeated
    else:
        assert [one["type"] for one in stored] == [one["type"] for one in repeated]


@pytest.mark.law
async def test_a_prompt_that_was_searched_for_a_new_model_is_a_version_of_the_registry(
    stack: Stack,
) -> None:
    version = await make_task(stack, "searched", cases=120)
    order = {"kind": "migrate", "to_models": [NEW], "optimise": True, "limits": {"iterations": 1}}
    async with stack.working():
        seen = await reached(stack, await start(stack, "searched", **order))
    (one,) = seen["migration"]["comparisons"]
    assert (seen["status"], one["optimised"]) == ("completed", True)
    assert one["after"] > one["before"]
    assert one["version_id"] != version == seen["best_version_id"]
    path = f"/v1/prompts/searched/versions/{one['version_id']}"
    made = (await stack.induction.get(path)).json()
    assert (made["parent_id"], made["run_id"]) == (version, seen["id"])
    assert NEW in made["notes"]
    assert made["content"]["examples"]
    lineage = await stack.induction.get("/v1/prompts/searched/lineage")
    assert lineage.status_code == 200
    assert figures(seen)[NEW]["calls"] == one["cases"]
    assert (await stack.induction.post(f"{path}/promote")).status_code == 200
    active = (await stack.induction.get("/v1/prompts/searched/active")).json()
    assert active["model"] == active["endpoint"]["model"] == NEW
    again = await start(stack, "searched", kind="evaluate")
    async with stack.working():
        measured = await reached(stack, again, "completed")
    assert measured["task_model"] == OLD
    active = (await stack.induction.get("/v1/prompts/searched/active")).json()
    assert active["model"] == NEW, "its task has still the model that it was made to leave"


@pytest.mark.law
async def test_a_migrated_prompt_stays_on_its_model_until_it_is_measured_with_a_third_one(
    stack: Stack,
) -> None:
    """Which the task gets later. Where it was only tried, nothing serves."""
    version = await make_task(stack, "third", cases=120)
    order = {"kind": "migrate", "to_models": [NEW], "optimise": True, "limits": {"iterations": 1}}
    async with stack.working():
        seen = await reached(stack, await start(stack, "third", **order))
        (one,) = seen["migration"]["comparisons"]
        assert one["version_id"] != version
        path = f"/v1/prompts/third/versions/{one['version_id']}"
        assert (await stack.induction.post(f"{path}/promote")).status_code == 200

        async def serves_on(model: str) -> bool:
            active = (await stack.induction.get("/v1/prompts/third/active")).json()
            listed = (await stack.induction.get("/v1/models")).json()["models"]
            serving = [row["model"] for row in listed if "third: production" in row["used_by"]]
            assert serving == [f"offline/{model}"]
            return bool(active["model"] == active["endpoint"]["model"] == model)

        async def measured(**models: str) -> None:
            order = {"kind": "evaluate", **({"models": models} if models else {})}
            await reached(stack, await start(stack, "third", **order), "completed")

        patched = await stack.induction.patch("/v1/tasks/third", json={"task_model": DEAR})
        assert patched.status_code == 200, patched.text
        assert await serves_on(NEW)
        await measured(task=OLD)
        assert await serves_on(NEW)
        await measured()
        assert await serves_on(DEAR)
