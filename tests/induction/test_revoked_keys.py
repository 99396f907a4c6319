"""A key that is no more ends what it had opened; one for some tasks administers those alone."""

import asyncio

import pytest

from tests.fixtures.labelled import make_task
from tests.fixtures.stack import DEADLINE_SECONDS, Stack, client
from tests.induction.runs.driving import start


async def test_an_open_stream_ends_with_its_key(stack: Stack) -> None:
    await make_task(stack, "watched", cases=4)
    run = await start(stack, "watched")
    body = {"name": "watching", "scopes": ["runs:read"]}
    key = (await stack.induction.post("/v1/admin/keys", json=body)).json()
    url = str(stack.induction.base_url)
    async with client(url, key["key"]) as watching, client(url, None) as browser:
        ticket = (await watching.post("/v1/stream-tickets")).json()["ticket"]
        events = f"/v1/runs/{run}/events"
        async with (
            watching.stream("GET", events) as by_key,
            browser.stream("GET", events, params={"ticket": ticket}) as by_ticket,
            stack.induction.stream("GET", events) as of_another,
        ):
            assert [one.status_code for one in (by_key, by_ticket, of_another)] == [200] * 3
            goes_on = asyncio.create_task(of_another.aread())
            await stack.induction.delete(f"/v1/admin/keys/{key['id']}")
            async with asyncio.timeout(DEADLINE_SECONDS):
                await by_key.aread()
                await by_ticket.aread()
            assert not goes_on.done()
            goes_on.cancel()
            await asyncio.gather(goes_on, return_exceptions=True)
        assert (await watching.get(events)).status_code == 401


@pytest.mark.law
async def test_a_limited_administrator_switches_its_own_tasks_only(stack: Stack) -> None:
    for task in ("own", "other"):
        await make_task(stack, task, cases=4)
    body = {"name": "limited", "scopes": ["admin"], "tasks": ["own"]}
    made = (await stack.induction.post("/v1/admin/keys", json=body)).json()
    async with client(str(stack.induction.base_url), made["key"]) as limited:
        for task, expected in (("own", 200), ("other", 403)):
            switched = await limited.post("/v1/admin/auto-trigger", json={"task": task})
            assert switched.status_code == expected
            seen = await limited.get("/v1/admin/auto-trigger", params={"task": task})
            assert seen.status_code == expected
        none = (await limited.get("/v1/admin/auto-trigger/decisions")).json()
        assert none["items"] == []
        assert (await limited.get("/v1/admin/forgotten")).json()["items"] == []
        assert (await limited.get("/v1/admin/audit")).status_code == 403
        assert {key["tasks"][0] for key in (await limited.get("/v1/admin/keys")).json()} == {"own"}
        everything = await limited.post("/v1/admin/keys", json={"name": "x", "scopes": ["admin"]})
        assert everything.status_code == 403
