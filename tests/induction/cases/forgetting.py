"""A person who says something, and has it erased."""

from typing import Any
from uuid import UUID

from tests.fixtures.stack import Stack


def secret(task: str) -> str:
    """What only this test's person says."""
    return f'my name is "Ann Lee" and my parcel of {task} is late'


async def say(stack: Stack, task: str, person: UUID) -> str:
    """The id of the case that a person's prediction became."""
    prediction = {
        "task": task,
        "prompt": secret(task),
        "predicted_intent": "topic_0",
        "confidence": 0.9,
        "user_id": str(person),
    }
    log_id = (await stack.logger.post("/v1/predictions", json=prediction)).json()["log_id"]
    confirmed = await stack.logger.post(f"/v1/predictions/{log_id}/confirm", json={})
    path = f"/v1/corrections/{confirmed.json()['id']}/approve"
    return str((await stack.logger.post(path, json={})).json()["ground_truth_id"])


async def erase(stack: Stack, person: UUID) -> None:
    assert (await stack.logger.delete(f"/v1/users/{person}")).status_code == 200


async def forgotten(stack: Stack, case_id: str) -> dict[str, Any]:
    listed = (await stack.induction.get("/v1/admin/forgotten", params={"limit": 1000})).json()
    return dict([one for one in listed["items"] if one["case_id"] == case_id][-1])


async def promoted_over(stack: Stack, task: str, reason: str) -> None:
    """A version is proposed and rejected, another tried on live traffic and stopped, each for a
    reason that repeats what somebody wrote."""
    await _experimented_on(stack, task, reason)
    await stack.induction.patch(f"/v1/tasks/{task}", json={"promotion_approvals": 1})
    body = {"text": "Answer with topic_0, topic_1, topic_2 or topic_3."}
    made = await stack.induction.post(f"/v1/prompts/{task}/versions", json=body)
    path, why = f"/v1/prompts/{task}", {"reason": reason}
    proposal = await stack.induction.post(f"{path}/versions/{made.json()['id']}/promote", json=why)
    assert proposal.status_code == 202, proposal.text
    rejected = await stack.induction.post(
        f"{path}/proposals/{proposal.json()['id']}/reject", json=why
    )
    assert rejected.status_code == 200, rejected.text


async def _experimented_on(stack: Stack, task: str, reason: str) -> None:
    body = {"text": "Answer with topic_0, topic_1, topic_2 or topic_3, and be quick."}
    made = await stack.induction.post(f"/v1/prompts/{task}/versions", json=body)
    path, plan = f"/v1/prompts/{task}/experiments", {"version_id": made.json()["id"]}
    began = await stack.induction.post(path, json=plan | {"reason": reason})
    assert began.status_code == 201, began.text
    stop = await stack.induction.post(f"{path}/{began.json()['id']}/stop", json={"reason": reason})
    assert stop.status_code == 200, stop.text
