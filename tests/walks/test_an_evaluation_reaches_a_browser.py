"""Walk 3: what the engine yields is what the stream sends, numbered, and exactly once."""

import json
from typing import Any

import asyncpg
import httpx2
import pytest

from tests.fixtures.labelled import make_task
from tests.fixtures.stack import Stack, until


async def read(
    stack: Stack, run: str, *, after: int = 0, most: int | None = None
) -> list[tuple[int | None, dict[str, Any]]]:
    """Events as (id, body), to the end of the stream or until `most` numbered ones were read."""
    received: list[tuple[int | None, dict[str, Any]]] = []
    number: int | None = None
    headers = {"Last-Event-ID": str(after)} if after else {}
    async with stack.induction.stream("GET", f"/v1/runs/{run}/events", headers=headers) as response:
        assert response.status_code == 200
        async for line in response.aiter_lines():
            if line.startswith("id:"):
                number = int(line[3:])
            elif line.startswith("data:"):
                received.append((number, json.loads(line[5:])))
                number = None
                if most is not None and sum(n is not None for n, _ in received) == most:
                    break
    return received


async def start(stack: Stack, task: str, **order: object) -> str:
    order = {"task": task, "limits": {"iterations": 2}, **order}
    started = await stack.induction.post("/v1/runs", json=order)
    assert started.status_code == 202, started.text
    assert started.headers["location"] == f"/v1/runs/{started.json()['id']}"
    return str(started.json()["id"])


@pytest.mark.law
async def test_every_stored_event_arrives_once_and_in_order_over_reconnects(stack: Stack) -> None:
    await make_task(stack, "watched", cases=120)
    run = await start(stack, "watched")
    async with stack.working():
        first = await read(stack, run, most=3)
        seen = [body for number, body in first if number is not None]
        rest = await read(stack, run, after=3)
    seen += [body for number, body in rest if number is not None]
    owner = await asyncpg.connect(stack.induction_database.owner_url)
    stored = await owner.fetch("SELECT n, body FROM run_events WHERE run_id = $1 ORDER BY n", run)
    await owner.close()
    assert [row["n"] for row in stored] == list(range(1, len(stored) + 1))
    assert seen == [json.loads(row["body"]) for row in stored]
    assert seen[0]["type"] == "run_started"
    assert seen[-1]["type"] == "run_finished"
    assert any(body["type"] == "evaluation_progress" for number, body in first if number is None)


async def test_after_the_last_event_of_a_finished_run_there_is_nothing(stack: Stack) -> None:
    await make_task(stack, "over", cases=20)
    run = await start(stack, "over", kind="evaluate")
    async with stack.working():
        received = await read(stack, run)
    last = received[-1][0]
    again = await stack.induction.get(
        f"/v1/runs/{run}/events", headers={"Last-Event-ID": str(last)}
    )
    assert again.status_code == 204
    beyond = await stack.induction.get(
        f"/v1/runs/{run}/events", headers={"Last-Event-ID": str(int(last or 0) + 1)}
    )
    assert (beyond.status_code, beyond.json()["code"]) == (422, "unknown_event")


@pytest.mark.law
@pytest.mark.long
async def test_a_finished_run_shows_what_its_events_said(stack: Stack) -> None:
    await make_task(stack, "told", cases=120)
    run = await start(stack, "told")

    async def over() -> httpx2.Response | None:
        answer = await stack.induction.get(f"/v1/runs/{run}")
        return answer if answer.json()["status"] == "completed" else None

    async with stack.working():
        shown = (await until(over)).json()
    assert shown["splits"]["test"] > 0
    assert shown["verdict"]["tested_on"] == "test"
    assert shown["spend"]["usd"] == 0
    assert shown["spend"]["calls"] > 0
    best = await stack.induction.get(f"/v1/prompts/told/versions/{shown['best_version_id']}")
    assert best.json()["validation_f1"] == shown["final_f1"]
