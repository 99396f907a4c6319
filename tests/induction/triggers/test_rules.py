"""The rules of a task's trigger: set, changed one by one, paused, resumed and reset."""

from datetime import datetime
from typing import Any

import pytest

from tests.fixtures.databases import Databases
from tests.fixtures.labelled import make_task
from tests.fixtures.servers import Servers
from tests.fixtures.stack import Stack, opened
from tests.induction.triggers.test_decisions import consider, switch

PATH = "/v1/admin/auto-trigger"


async def shown(stack: Stack, task: str) -> dict[str, Any]:
    answer = await stack.induction.get(PATH, params={"task": task})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def ordered(stack: Stack, verb: str, task: str) -> dict[str, Any]:
    answer = await stack.induction.post(f"{PATH}/{verb}", json={"task": task})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_rules_that_are_left_out_are_the_services_when_set_and_stay_when_changed(
    databases: Databases, servers: Servers
) -> None:
    own = {"auto_induction_f1_threshold": 0.6, "auto_induction_min_gt_size": 7}
    async with opened(databases, servers, **own) as stack:
        await make_task(stack, "ruled")
        default = await shown(stack, "ruled")
        assert (default["enabled"], default["f1_threshold"], default["min_cases"]) == (
            False,
            0.6,
            7,
        )
        assert (default["cooldown_hours"], default["max_consecutive"]) == (24, 3)
        assert (default["min_gain"], default["canary"]) == (0.005, False)
        await switch(stack, "ruled", enabled=True, cooldown_hours=1.5, min_cases=9)
        changed = await stack.induction.patch(PATH, json={"task": "ruled", "enabled": False})
        assert changed.status_code == 200
        kept = {key: changed.json()[key] for key in default if key != "looked_at"}
        expected = {**default, "cooldown_hours": 1.5, "min_cases": 9}
        del expected["looked_at"]
        assert kept == expected
        assert changed.json() == await shown(stack, "ruled")
        await switch(stack, "ruled", enabled=True)
        assert (await shown(stack, "ruled"))["min_cases"] == 7


async def test_a_paused_trigger_starts_nothing_and_says_by_whom(stack: Stack) -> None:
    await make_task(stack, "paused", cases=4)
    await switch(stack, "paused", enabled=True, min_cases=1)
    paused = await ordered(stack, "pause", "paused")
    assert paused["paused_at"] is not None
    assert await ordered(stack, "pause", "paused") == paused | {
        "looked_at": (await shown(stack, "paused"))["looked_at"]
    }
    (decision,) = await consider(stack, "paused")
    (reason,) = decision["reasons"]
    assert paused["paused_by"].startswith("key:")
    since = datetime.fromisoformat(paused["paused_at"])
    assert reason == f"paused by {paused['paused_by_name']} since {since:%A %H:%M} UTC"
    assert paused["paused_by_name"] == "bootstrap"
    resumed = await ordered(stack, "resume", "paused")
    assert (resumed["paused_at"], resumed["paused_by"]) == (None, None)
    assert (await consider(stack, "paused"))[0]["started"]


@pytest.mark.parametrize("verb", ["pause", "resume", "reset-backoff"])
async def test_a_task_nobody_made_has_no_trigger(stack: Stack, verb: str) -> None:
    body = {"task": "nobodys"}
    answers = [
        await stack.induction.post(f"{PATH}/{verb}", json=body),
        await stack.induction.post(PATH, json=body),
        await stack.induction.patch(PATH, json=body),
        await stack.induction.get(PATH, params=body),
        await stack.induction.get(f"{PATH}/decisions", params=body),
    ]
    assert {(one.status_code, one.json()["code"]) for one in answers} == {(404, "unknown_task")}


async def test_a_cooldown_longer_than_any_calendar_is_refused(stack: Stack) -> None:
    await make_task(stack, "eternal")
    body = {"task": "eternal", "cooldown_hours": 1e300}
    assert (await stack.induction.post(PATH, json=body)).status_code == 422


async def test_whoever_touches_a_trigger_is_in_the_audit_log(stack: Stack) -> None:
    await make_task(stack, "audited")
    await switch(stack, "audited", enabled=True)
    await ordered(stack, "reset-backoff", "audited")
    lines = (await stack.induction.get("/v1/admin/audit", params={"subject": "audited"})).json()
    actions = [one["action"] for one in lines["items"]]
    assert actions[:2] == ["auto_trigger.reset-backoff", "auto_trigger.set"]


async def test_the_trigger_of_an_archived_task_is_not_switched_on(stack: Stack) -> None:
    await make_task(stack, "shelved")
    await switch(stack, "shelved", enabled=True)
    await ordered(stack, "pause", "shelved")
    archived = await stack.induction.patch("/v1/tasks/shelved", json={"archived": True})
    assert archived.status_code == 200
    on = {"task": "shelved", "enabled": True}
    answers = [
        await stack.induction.post(PATH, json=on),
        await stack.induction.patch(PATH, json=on),
        await stack.induction.post(f"{PATH}/resume", json={"task": "shelved"}),
    ]
    assert {(one.status_code, one.json()["code"]) for one in answers} == {(409, "task_archived")}
    await switch(stack, "shelved", enabled=False)
    assert (await shown(stack, "shelved"))["enabled"] is False
