"""What tests of label sets say to the service again and again."""

from typing import Any

import httpx2

from tests.nlu_logger.world import World


async def define(world: World, task: str, *labels: str | dict[str, Any], **more: Any) -> Any:
    """The set as it is stored, of names or of whole labels."""
    answer = await put(world.admin, task, *labels, **more)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def put(
    caller: httpx2.AsyncClient, task: str, *labels: str | dict[str, Any], **more: Any
) -> httpx2.Response:
    specs = [{"name": one} if isinstance(one, str) else one for one in labels]
    return await caller.put(f"/v1/tasks/{task}/labels", json={"labels": specs, **more})


async def rename(world: World, task: str, old: str, new: str) -> dict[str, Any]:
    path = f"/v1/tasks/{task}/labels/{old}/rename"
    answer = await world.admin.post(path, json={"to": new})
    assert answer.status_code == 200, answer.text
    changed: dict[str, Any] = answer.json()
    return changed


async def labels(world: World, task: str) -> dict[str, Any]:
    answer = await world.admin.get(f"/v1/tasks/{task}/labels")
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def names(world: World, task: str) -> list[str]:
    return [one["name"] for one in (await labels(world, task))["labels"]]


async def add(world: World, task: str, text: str, truth: Any, **more: Any) -> httpx2.Response:
    case = {"task": task, "text": text, "truth": truth, **more}
    return await world.admin.post("/v1/ground-truth", json=case)


async def truths(world: World, task: str) -> dict[str, Any]:
    """By text."""
    *cases, _ = await world.truth(task)
    return {case["text"]: case["truth"] for case in cases}
