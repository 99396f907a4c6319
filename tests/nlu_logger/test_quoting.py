"""Whether a prompt may quote a text is said once for a task, or for many approved cases at once."""

from typing import Any

import pytest
from nlu_shared.schemas.ground_truth import GroundTruthCase, case_hash

from tests.nlu_logger.world import World


async def add(world: World, task: str, text: str, **more: Any) -> None:
    case = {"task": task, "text": text, "truth": "pay", **more}
    answer = await world.admin.post("/v1/ground-truth", json=case)
    assert answer.status_code == 201, answer.text


async def quotable(world: World, task: str) -> dict[str, bool]:
    *cases, _ = await world.truth(task)
    read = [GroundTruthCase.model_validate(case) for case in cases]
    for case in read:  # a changed case is another one, by its hash
        assert case.hash == case_hash(**case.model_dump(exclude={"id", "hash"}))
    return {case.text: case.may_quote for case in read}


async def set_default(world: World, task: str, may_quote: bool) -> None:
    answer = await world.admin.put(f"/v1/tasks/{task}/quoting", json={"may_quote": may_quote})
    assert answer.status_code == 200, answer.text


async def decide(world: World, task: str, **how: Any) -> dict[str, Any]:
    answer = await world.admin.post("/v1/ground-truth:quoting", json={"task": task, **how})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@pytest.mark.parametrize(
    ("default", "approved", "brought_in"),
    [(None, False, True), (True, True, True), (False, False, False)],
)
async def test_the_default_of_the_task_holds_where_nobody_says(
    world: World, task: str, default: bool | None, approved: bool, brought_in: bool
) -> None:
    if default is not None:
        await set_default(world, task, default)
    shown = await world.admin.get(f"/v1/tasks/{task}/quoting")
    assert shown.json() == {"task": task, "may_quote": default}
    correction = await world.correct(await world.log(task=task, prompt="from a prediction"), "pay")
    answer = await world.admin.post(f"/v1/corrections/{correction}/approve", json={})
    assert answer.status_code == 200, answer.text
    await add(world, task, "by hand")
    file = "text,label\nfrom a file,pay\n"
    answer = await world.admin.post(
        "/v1/ground-truth:import",
        params={"task": task},
        content=file,
        headers={"content-type": "text/csv"},
    )
    assert answer.status_code == 207, answer.text
    await add(world, task, "said so", may_quote=True)
    await add(world, task, "said otherwise", may_quote=False)
    assert await quotable(world, task) == {
        "from a prediction": approved,
        "by hand": brought_in,
        "from a file": brought_in,
        "said so": True,
        "said otherwise": False,
    }


async def test_a_bulk_call_first_says_how_many_and_then_leaves_one_line(
    world: World, task: str
) -> None:
    for number in range(4):
        await add(world, task, f"text {number}", may_quote=number == 0)
    before = await quotable(world, task)
    first = await decide(world, task)
    assert first == {"matched": 4, "changed": 3, "cases": 4, "quotable": 4, "dry_run": True}
    assert await quotable(world, task) == before
    then = await decide(world, task, dry_run=False)
    assert then == {**first, "dry_run": False}
    assert all((await quotable(world, task)).values())
    again = await decide(world, task, dry_run=False)
    assert (again["matched"], again["changed"]) == (4, 0)
    lines = await world.admin.get(
        "/v1/admin/audit", params={"action": "quoting.decide", "subject": task}
    )
    (line,) = lines.json()["items"]
    assert (line["details"]["cases"], line["details"]["may_quote"]) == (3, True)


async def test_a_filter_holds_for_what_it_names(world: World, task: str) -> None:
    await add(world, task, "one", may_quote=False, truth="pay", group="a")
    await add(world, task, "two", may_quote=False, truth="stop", group="a")
    await add(world, task, "three", may_quote=False, truth="stop", group="b")
    long_ago = "2020-01-01T00:00:00Z"
    for how, changed in (
        ({"label": "pay"}, 1),
        ({"group": "a"}, 2),
        ({"label": "stop", "group": "a"}, 1),
        ({"from": long_ago}, 3),
        ({"to": long_ago}, 0),
    ):
        assert (await decide(world, task, **how))["changed"] == changed, how
    await decide(world, task, label="stop", group="a", dry_run=False)
    assert await quotable(world, task) == {"one": False, "two": True, "three": False}
    await decide(world, task, may_quote=False, dry_run=False)
    assert not any((await quotable(world, task)).values())


async def test_only_who_decides_may_decide_it_and_only_of_their_tasks(
    world: World, task: str
) -> None:
    body = {"task": task, "dry_run": False}
    reader = await world.key("ground-truth:read")
    elsewhere = await world.key("reviews:decide", tasks=["another"])
    async with reader, elsewhere:
        for caller in (reader, elsewhere):
            refused = await caller.post("/v1/ground-truth:quoting", json=body)
            assert refused.status_code == 403
            default = {"may_quote": True}
            assert (await caller.put(f"/v1/tasks/{task}/quoting", json=default)).status_code == 403


async def test_a_filter_that_nothing_can_match_is_refused(world: World, task: str) -> None:
    """A mistyped task or label: 0 cases would look as if there were none."""

    async def refused(**how: Any) -> tuple[int, str]:
        answer = await world.admin.post("/v1/ground-truth:quoting", json=how)
        return answer.status_code, answer.json()["code"]

    assert await refused(task=f"{task}-mistyped") == (404, "unknown_task")
    await add(world, task, "a case")
    assert await refused(task=task, label="pya") == (422, "unknown_label")
    assert (await decide(world, task, label="pay"))["matched"] == 1
    assert (await decide(world, task, group="nobodys"))["matched"] == 0
    labels = {"labels": [{"name": "pay", "aliases": ["settle"]}, {"name": "stop"}]}
    assert (await world.admin.put(f"/v1/tasks/{task}/labels", json=labels)).is_success
    assert (await decide(world, task, label="settle"))["matched"] == 1
    assert (await decide(world, task, label="stop"))["matched"] == 0
