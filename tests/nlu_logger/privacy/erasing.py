"""How these tests make a person's cases, erase a person, and read what is to be forgotten."""

from typing import Any
from uuid import UUID

from tests.nlu_logger.world import World


async def approved(world: World, task: str, text: str, person: UUID | None) -> str:
    """The id of a case that this person's prediction became."""
    log_id = await world.log(task=task, prompt=text, user_id=person and str(person))
    answer = await world.approve(await world.correct(log_id, "right"))
    assert answer.status_code == 200, answer.text
    return str(answer.json()["ground_truth_id"])


async def erase(world: World, person: UUID) -> dict[str, Any]:
    answer = await world.admin.delete(f"/v1/users/{person}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def erased_after(world: World, after: int) -> list[dict[str, Any]]:
    answer = await world.admin.get("/v1/ground-truth/erased", params={"after": after})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def last_erased(world: World) -> int:
    return max((one["n"] for one in await erased_after(world, 0)), default=0)
