"""What administrators see and do by HTTP: keys turned over, and who changed what."""

from typing import Any

from tests.fixtures.stack import Stack, client
from tests.nlu_logger.world import World


async def lines(world: World, **query: Any) -> list[dict[str, Any]]:
    answer = await world.admin.get("/v1/admin/audit", params=query)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_a_key_is_rotated_and_the_audit_log_says_by_whom(world: World) -> None:
    body = {"name": "turning", "scopes": ["predictions:read"]}
    old = (await world.admin.post("/v1/admin/keys", json=body)).json()
    path = f"/v1/admin/keys/{old['id']}:rotate"
    answer = await world.admin.post(path, json={"grace_hours": 1})
    assert answer.status_code == 201
    new = answer.json()
    assert (new["name"], new["scopes"]) == ("turning", ["predictions:read"])
    for key in (old["key"], new["key"]):
        async with client(world.url, key) as holder:
            assert (await holder.get("/v1/predictions")).status_code == 200
    entries = await lines(world, subject=old["id"])
    assert [line["action"] for line in entries] == ["keys.rotate", "keys.create"]
    assert all(line["actor"].startswith("key:") for line in entries)
    assert entries[0]["details"] == {"successor": new["id"]}


async def test_a_key_nobody_made_is_not_rotated(world: World) -> None:
    path = "/v1/admin/keys/01a20000-0000-7000-8000-000000000000:rotate"
    assert (await world.admin.post(path, json={})).status_code == 404
    assert (await world.admin.post(path, json={"grace_hours": -1})).status_code == 422


async def test_the_audit_log_comes_in_pages_and_by_what_is_asked_for(world: World) -> None:
    for name in ("one", "two", "three"):
        await world.admin.post("/v1/admin/keys", json={"name": name, "scopes": ["insights:read"]})
    everything = await lines(world, action="keys.create")
    first = (await world.admin.get("/v1/admin/audit", params={"limit": 1})).json()
    second = await lines(world, before=first["next_cursor"], limit=1)
    assert [*first["items"], *second] == (await lines(world))[:2]
    assert await lines(world, actor="nobody") == []
    actor = everything[0]["actor"]
    assert await lines(world, actor=actor, action="keys.create") == everything


async def test_induction_keeps_an_audit_log_of_its_own(stack: Stack) -> None:
    body = {"name": "ci", "scopes": ["runs:read"]}
    key = (await stack.induction.post("/v1/admin/keys", json=body)).json()
    await stack.induction.delete(f"/v1/admin/keys/{key['id']}")
    audited = await stack.induction.get("/v1/admin/audit", params={"subject": key["id"]})
    assert [line["action"] for line in audited.json()["items"]] == ["keys.revoke", "keys.create"]
    assert key["key"] not in audited.text
