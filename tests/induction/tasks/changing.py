"""How these tests define and change the labels of a task."""

import json
from typing import Any

import asyncpg

from tests.fixtures.stack import Stack

YES_NO = [{"name": "yes", "description": "agrees"}, {"name": "no"}]
TOPICS = [{"name": f"topic_{number}"} for number in range(4)]


async def labels_of(stack: Stack, slug: str) -> dict[str, Any]:
    return dict((await stack.logger.get(f"/v1/tasks/{slug}/labels")).json())


async def define(stack: Stack, slug: str, labels: list[dict[str, Any]]) -> None:
    answer = await stack.logger.put(f"/v1/tasks/{slug}/labels", json={"labels": labels})
    assert answer.status_code == 200, answer.text


async def made(stack: Stack, slug: str, **fields: object) -> Any:
    return await stack.induction.post("/v1/tasks", json={"slug": slug, "kind": "intent", **fields})


async def changed(stack: Stack, slug: str, **fields: object) -> dict[str, Any]:
    answer = await stack.induction.patch(f"/v1/tasks/{slug}", json=fields)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def smuggle(stack: Stack, slug: str, old: str, new: str) -> None:
    """Truths as they were taken once, when nobody checked them."""
    owner = await asyncpg.connect(stack.logger_database.owner_url)
    try:
        await owner.execute(
            "UPDATE ground_truth SET truth = $3 WHERE task = $1 AND truth = $2",
            slug,
            json.dumps(old),
            json.dumps(new),
        )
    finally:
        await owner.close()
