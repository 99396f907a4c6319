"""Every door where a truth comes in, as one function: what it answers to a label."""

import json
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx2

from tests.nlu_logger.labels.speaking import add, define
from tests.nlu_logger.world import World

Way = Callable[[World, str, Any, bool], Awaitable[httpx2.Response]]
"""From a world, a task, a label and `allow_new` to the answer that takes it or refuses it."""
SET: tuple[Any, ...] = (
    "greet",
    {"name": "leave", "aliases": ["go"]},
    {"name": "old", "retired": True},
)


async def posted(world: World, task: str, label: Any, allow_new: bool) -> httpx2.Response:
    return await add(world, task, "hello there", label, allow_new=allow_new)


async def imported(world: World, task: str, label: Any, allow_new: bool) -> httpx2.Response:
    line = json.dumps({"text": "hello there", "label": label})
    params = {"task": task, "allow_new": allow_new}
    return await lines(world, "/v1/ground-truth:import", params, line)


async def corrected(world: World, task: str, label: Any, allow_new: bool) -> httpx2.Response:
    log_id = await world.log(task=task, prompt="hello there", predicted_intent="?")
    body = {"corrected_intent": label, "allow_new": allow_new}
    answer = await world.admin.post(f"/v1/predictions/{log_id}/corrections", json=body)
    if answer.is_success:
        await world.approve(answer.json()["id"])
    return answer


async def given_as_output(world: World, task: str, label: Any, allow_new: bool) -> httpx2.Response:
    log_id = await world.log(task=task, prompt="hello there", predicted_intent="?")
    body = {"corrected_output": label, "allow_new": allow_new}
    answer = await world.admin.post(f"/v1/predictions/{log_id}/corrections", json=body)
    if answer.is_success:
        await world.approve(answer.json()["id"])
    return answer


async def confirmed(world: World, task: str, label: Any, allow_new: bool) -> httpx2.Response:
    log_id = await world.log(task=task, prompt="hello there", predicted_intent=label)
    body = {"allow_new": allow_new}
    answer = await world.admin.post(f"/v1/predictions/{log_id}/confirm", json=body)
    if answer.is_success:
        await world.approve(answer.json()["id"])
    return answer


async def reviewed_in_a_file(
    world: World, task: str, label: Any, allow_new: bool
) -> httpx2.Response:
    log_id = await world.log(task=task, prompt="hello there", predicted_intent="?")
    line = json.dumps({"id": log_id, "corrected_intent": label})
    params = {"approve": True, "allow_new": allow_new}
    return await lines(world, "/v1/corrections:import", params, line)


async def in_the_old_table(world: World, task: str, label: Any, allow_new: bool) -> httpx2.Response:
    row = {
        "id": str(uuid4()),
        "prompt": "hello there",
        "predicted_intent": "?",
        "corrected_intent": label,
        "created_at": "2026-11-01T00:00:00Z",
    }
    params = {"task": task, "approve": True, "allow_new": allow_new}
    return await lines(world, "/v1/predictions:import", params, json.dumps(row))


async def settled(world: World, task: str, label: Any, allow_new: bool) -> httpx2.Response:
    """Disputed while the set was open, and settled when it no longer was."""
    await add(world, task, "hello there", "greet")
    await add(world, task, "hello there", label)
    await define(world, task, *SET)
    listed = await world.admin.get("/v1/reviews/conflicts", params={"task": task})
    conflict = listed.json()["items"][0]["id"]
    body = {"truth": "replace", "allow_new": allow_new}
    return await world.admin.post(f"/v1/reviews/conflicts/{conflict}/settle", json=body)


async def approved(world: World, task: str, label: Any, allow_new: bool) -> httpx2.Response:
    """Proposed while the set was open."""
    proposal = await proposed(world, task, label)
    body = {"allow_new": allow_new}
    return await world.admin.post(f"/v1/corrections/{proposal}/approve", json=body)


async def approved_with_others(
    world: World, task: str, label: Any, allow_new: bool
) -> httpx2.Response:
    body = {"correction_ids": [await proposed(world, task, label)], "allow_new": allow_new}
    return await world.admin.post("/v1/corrections:approve", json=body)


async def proposed(world: World, task: str, label: Any) -> str:
    log_id = await world.log(task=task, prompt="hello there", predicted_intent="?")
    response = await world.admin.post(
        f"/v1/predictions/{log_id}/corrections", json={"corrected_intent": label}
    )
    await define(world, task, *SET)
    return str(response.json()["id"])


async def lines(world: World, path: str, params: Any, line: str) -> httpx2.Response:
    return await world.admin.post(
        path, params=params, content=line, headers={"content-type": "application/x-ndjson"}
    )


def outcome(answer: httpx2.Response) -> tuple[int, str | None]:
    """What became of the one truth, of many or alone."""
    body = answer.json()
    one = body["items"][0] if "items" in body else body
    return (one["status"] if "items" in body else answer.status_code), one.get("code")


READ = [
    posted,
    imported,
    given_as_output,
    reviewed_in_a_file,
    in_the_old_table,
]
"""What reads a truth of any JSON, by the one reading."""
EARLY = [*READ, corrected, confirmed]
"""What somebody says a label is, and what a model answered, is text always."""
WAYS = [*EARLY, settled, approved, approved_with_others]
"""The last ones define the set in the middle."""
