"""What is answered in an old spelling of a label is read as the label."""

import json

from tests.nlu_logger.labels.speaking import add, define, rename
from tests.nlu_logger.world import World


async def test_a_score_counts_an_alias_as_its_label(world: World, task: str) -> None:
    logged = await world.log(task=task, prompt="one", predicted_intent="go")
    await world.approve(await world.correct(logged, "leave"))
    other = await world.log(task=task, prompt="two", predicted_intent="leave")
    confirmation = await world.admin.post(f"/v1/predictions/{other}/confirm", json={})
    await world.approve(confirmation.json()["id"])
    query = {"task": task, "sample": "reviewed"}
    path = "/v1/insights/confusion"
    before = (await world.admin.get(path, params=query)).json()
    assert sorted(_cells(before)) == [("leave", "go", 1), ("leave", "leave", 1)]
    await define(world, task, {"name": "leave", "aliases": ["go"]})
    after = (await world.admin.get(path, params=query)).json()
    assert _cells(after) == [("leave", "leave", 2)]


async def test_a_training_file_holds_the_labels_of_today(world: World, task: str) -> None:
    await world.log(task=task, prompt="one", predicted_intent="go", confidence=0.95)
    await world.correct(await world.log(task=task, prompt="two"), "go")
    await add(world, task, "three", "leave")
    await rename(world, task, "go", "leave")
    await world.log(task=task, prompt="four", predicted_intent="go", confidence=0.95)
    answer = await world.admin.get("/v1/exports/retraining", params={"task": task})
    rows = [json.loads(line) for line in answer.text.splitlines()]
    assert {row["text"]: row["label"] for row in rows} == dict.fromkeys(
        ("one", "two", "four"), "leave"
    )
    pairs = await world.admin.get("/v1/exports/pairs", params={"task": task})
    assert pairs.status_code == 200
    assert {json.loads(line)["label"] for line in pairs.text.splitlines()} <= {1}


async def test_versions_that_are_sure_of_an_alias_raise_no_doubt(world: World, task: str) -> None:
    await define(world, task, {"name": "leave", "aliases": ["go"]})
    await add(world, task, "Bye now", "leave")
    for version in ("1", "2"):
        await world.log(
            task=task,
            prompt="Bye now",
            predicted_intent="go",
            confidence=0.99,
            model_version=version,
        )
    queue = await world.admin.get("/v1/reviews/queues/suspicious-label", params={"task": task})
    assert queue.json()["items"] == []


def _cells(answer: dict[str, list[dict[str, object]]]) -> list[tuple[object, object, object]]:
    return [(one["truth"], one["predicted"], one["count"]) for one in answer["cells"]]
