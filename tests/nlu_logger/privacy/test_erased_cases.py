"""The list of cases to forget: complete, in order, for those whose tasks they are."""

import asyncio

from tests.fixtures.stack import DEADLINE_SECONDS, patiently
from tests.nlu_logger.privacy.erasing import erased_after, last_erased
from tests.nlu_logger.world import World


async def test_a_removed_case_is_published_once(world: World, task: str) -> None:
    case = {"task": task, "text": "said", "truth": "a"}
    made = (await world.admin.post("/v1/ground-truth", json=case)).json()["id"]
    before = await last_erased(world)
    await world.admin.delete(f"/v1/ground-truth/{made}")
    erasures = await erased_after(world, before)
    assert [(one["case_id"], one["why"]) for one in erasures] == [(made, "removed")]
    async with await world.key("ground-truth:read", tasks=[f"{task}-other"]) as limited:
        shown = await limited.get("/v1/ground-truth/erased", params={"after": before})
        assert shown.json() == {"items": [], "next_cursor": None}


async def test_a_reader_of_erased_cases_misses_none_while_they_are_erased(
    world: World, task: str
) -> None:
    """Numbers that were seen out of order would be skipped for ever."""
    cases = []
    for number in range(30):
        case = {"task": task, "text": f"text {number}", "truth": "a"}
        cases.append((await world.admin.post("/v1/ground-truth", json=case)).json()["id"])
    last = await last_erased(world)

    async def reading() -> list[str]:
        seen: list[str] = []
        after = last
        while len(seen) < len(cases):
            for one in await erased_after(world, after):
                seen.append(one["case_id"])
                after = one["n"]
        return seen

    async def remove(case: str) -> None:
        removed = await patiently(lambda: world.admin.delete(f"/v1/ground-truth/{case}"))
        assert removed.status_code in {204, 404}

    async with asyncio.timeout(DEADLINE_SECONDS):
        seen, *_ = await asyncio.gather(reading(), *map(remove, cases))
    assert sorted(seen) == sorted(cases)
