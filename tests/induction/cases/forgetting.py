"""A person who says something, and has it erased."""

from typing import Any
from uuid import UUID

from tests.fixtures.stack import Stack


def secret(task: str) -> str:
    """What only this test's person says."""
    return f'my name is "Ann Lee" and my parcel of {task} is late'


async def say(stack: Stack, task: str, person: UUID) -> str:
    """The id of the case that a person's prediction became."""
    said = {
        "task": task,
        "prompt": secret(task),
        "predicted_intent": "topic_0",
        "confidence": 0.9,
        "user_id": str(person),
    }
    log_id = (await stack.logger.post("/v1/predictions", json=said)).json()["log_id"]
    confirmed = await stack.logger.post(f"/v1/predictions/{log_id}/confirm", json={})
    path = f"/v1/corrections/{confirmed.json()['id']}/approve"
    return str((await stack.logger.post(path, json={})).json()["ground_truth_id"])


async def erase(stack: Stack, person: UUID) -> None:
    assert (await stack.logger.delete(f"/v1/users/{person}")).status_code == 200


async def forgotten(stack: Stack, case_id: str) -> dict[str, Any]:
    listed = (await stack.induction.get("/v1/admin/forgotten", params={"limit": 1000})).json()
    return dict([one for one in listed["items"] if one["case_id"] == case_id][-1])
