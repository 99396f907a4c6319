"""A page of many runs has one connection: events of all of them, each in its run's order."""

import asyncio
import json
import os
import signal
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from induction.runs.streaming.stream import announce_progress
from nlu_shared.schemas.events import EvaluationProgress
from redis.asyncio import Redis

from deploy.local.ports import free_port
from tests.fixtures.databases import Databases
from tests.fixtures.labelled import make_task
from tests.fixtures.servers import Servers
from tests.fixtures.stack import Stack, client, opened, until
from tests.induction.runs.driving import events, reached, sql, start

MANY_EVENTS = """
INSERT INTO run_events (run_id, n, body)
SELECT $1::uuid, n, jsonb_build_object('type', 'hint_taken', 'iteration', 0, 'hint', $2::text)
FROM generate_series(1, 5000) AS n
"""


@pytest.fixture(scope="module")
async def runs(stack: Stack) -> list[str]:
    """Three runs that are over, of two tasks."""
    await make_task(stack, "first", cases=4)
    await make_task(stack, "second", cases=4)
    made = [await start(stack, task, kind="evaluate") for task in ("first", "second", "first")]
    async with stack.working():
        for run in made:
            await reached(stack, run, "completed")
    return made


def messages(lines: Iterable[str]) -> list[tuple[str | None, dict[str, Any]]]:
    """Each event's id, and what it says."""
    events: list[tuple[str | None, dict[str, Any]]] = []
    number = None
    for line in lines:
        if line.startswith("id:"):
            number = line[3:].strip()
        elif line.startswith("data:"):
            events.append((number, json.loads(line[5:])))
        elif not line:
            number = None
    return events


async def followed(stack: Stack, runs: list[str], **more: str) -> httpx2.Response:
    params = [("run", run) for run in runs] + list(more.items())
    return await stack.induction.get("/v1/events", params=params)


async def test_every_event_of_every_run_arrives_once_and_in_its_order(
    stack: Stack, runs: list[str]
) -> None:
    by_run: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for _, body in messages((await followed(stack, runs)).text.splitlines()):
        by_run[body.pop("run_id")].append(body)
    assert by_run == {run: await events(stack, run) for run in runs}


async def test_from_any_id_on_the_rest_arrives(stack: Stack, runs: list[str]) -> None:
    whole = messages((await followed(stack, runs)).text.splitlines())
    for place in (0, len(whole) // 2, len(whole) - 2):
        id = whole[place][0]
        assert id is not None
        headers = {"Last-Event-ID": id}
        params = [("run", run) for run in runs]
        rest = await stack.induction.get("/v1/events", params=params, headers=headers)
        assert messages(rest.text.splitlines()) == whole[place + 1 :]
    last = whole[-1][0]
    assert last is not None
    assert (await followed(stack, runs, after=last)).status_code == 204


@pytest.mark.parametrize(
    ("after", "status"),
    [
        ("1.1", 422),
        ("1.1.1.1", 422),
        ("999999.0.0", 422),
        ("a", 422),
        ("1..1", 422),
        ("0.0.0", 200),
    ],
)
async def test_an_id_that_these_runs_never_gave_is_refused(
    stack: Stack, runs: list[str], after: str, status: int
) -> None:
    assert (await followed(stack, runs, after=after)).status_code == status


async def test_no_run_is_followed_that_is_unknown_or_not_the_callers(
    stack: Stack, runs: list[str]
) -> None:
    assert (await followed(stack, [runs[0], str(uuid4())])).status_code == 404
    assert (await followed(stack, [])).status_code == 422
    key = {"name": "of the first", "scopes": ["runs:read"], "tasks": ["first"]}
    first = (await stack.induction.post("/v1/admin/keys", json=key)).json()["key"]
    headers = {"Authorization": f"Bearer {first}"}
    for chosen, status in (([runs[0], runs[2]], 200), (runs, 403)):
        params = [("run", run) for run in chosen]
        answer = await stack.induction.get("/v1/events", params=params, headers=headers)
        assert answer.status_code == status


async def test_a_ticket_serves_the_reconnects_of_its_runs_and_of_no_others(
    stack: Stack, runs: list[str]
) -> None:
    ticket = (await stack.induction.post("/v1/stream-tickets")).json()["ticket"]
    url = f"{stack.induction.base_url}/v1/events"
    async with httpx2.AsyncClient(trust_env=False) as browser:

        async def status(*chosen: str) -> int:
            params = [("run", run) for run in chosen] + [("ticket", ticket)]
            return (await browser.get(url, params=params)).status_code

        assert await status(runs[0], runs[1]) == 200
        assert await status(runs[1], runs[0]) == 200
        assert await status(*runs) == 401
        assert await status(runs[0]) == 401


async def test_who_comes_back_in_the_middle_of_an_evaluation_sees_how_far_it_is(
    stack: Stack,
) -> None:
    await make_task(stack, "long", cases=4)
    run = await start(stack, "long", kind="evaluate")
    half = EvaluationProgress(iteration=0, split="train", done=64, total=128)
    async with open_redis(stack) as redis:
        await announce_progress(redis, UUID(run), half, after=0)
        for _ in range(2):
            assert await first_message(stack, run) == {"run_id": run, **half.model_dump()}
        # Of what came before an event that was read meanwhile nobody hears any more.
        await announce_progress(redis, UUID(run), half, after=-1)
        async with stack.working():
            assert (await first_message(stack, run))["type"] == "run_started"


async def test_progress_comes_after_the_event_it_follows_on_however_early_it_is_heard(
    stack: Stack,
) -> None:
    await make_task(stack, "early", cases=4)
    run = await start(stack, "early", kind="evaluate")
    half = EvaluationProgress(iteration=0, split="train", done=64, total=128)
    async with open_redis(stack) as redis:
        await announce_progress(redis, UUID(run), half, after=1)
    async with stack.working():
        first = [one["type"] for one in await first_messages(stack, run, 2)]
    assert first == ["run_started", "evaluation_progress"]


async def first_message(stack: Stack, run: str) -> dict[str, Any]:
    """What a new connection brings first."""
    return (await first_messages(stack, run, 1))[0]


async def first_messages(stack: Stack, run: str, count: int) -> list[dict[str, Any]]:
    brought: list[dict[str, Any]] = []
    async with stack.induction.stream("GET", "/v1/events", params=[("run", run)]) as response:
        async for line in response.aiter_lines():
            if line.startswith("data:"):
                brought.append(json.loads(line[5:]))
            if len(brought) == count:
                return brought
    raise AssertionError("the stream ended without a word")


@asynccontextmanager
async def open_redis(stack: Stack) -> AsyncIterator[Redis]:
    redis = Redis.from_url(stack.settings.redis)
    try:
        yield redis
    finally:
        await redis.aclose()


@pytest.mark.law
async def test_a_reader_that_takes_nothing_is_cut_and_goes_on_where_it_was(
    databases: Databases, servers: Servers
) -> None:
    async with opened(databases, servers, slow_reader_seconds=0.5) as stack:
        await make_task(stack, "slow", cases=4)
        run = await start(stack, "slow", kind="evaluate")
        await sql(stack, MANY_EVENTS, run, "x" * 4_000)
        await sql(stack, "UPDATE runs SET last_event = 5000, status = 'cancelled'")
        url = f"/v1/runs/{run}/events"
        read = 0
        async with stack.induction.stream("GET", url) as response:
            await until(lambda: has_ended(stack))
            with suppress(httpx2.RemoteProtocolError, httpx2.ReadError):
                async for line in response.aiter_lines():
                    if line.startswith("id:"):
                        read = int(line[3:])
        assert 0 < read < 5_000
        rest = await stack.induction.get(url, headers={"Last-Event-ID": str(read)})
        numbers = [int(line[3:]) for line in rest.text.splitlines() if line.startswith("id:")]
        assert numbers == list(range(read + 1, 5_001))


async def has_ended(stack: Stack) -> bool:
    """Whether the server is done with a stream."""
    counted = (await stack.induction.get("/metrics")).text
    return any("/events" in line and 'status="200"' in line for line in counted.splitlines())


@pytest.mark.law
@pytest.mark.long
async def test_a_server_that_stops_says_when_to_come_back(stack: Stack) -> None:
    await make_task(stack, "waiting", cases=4)
    run = await start(stack, "waiting", kind="evaluate")
    port = free_port()
    server = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "induction.cli", "serve", "--port", str(port)),
        env={**os.environ, **stack.environment()},
        stderr=asyncio.subprocess.DEVNULL,
    )
    async with client(f"http://127.0.0.1:{port}") as http:
        await until(lambda: is_ready(http))
        async with http.stream("GET", "/v1/events", params=[("run", run)]) as response:
            assert response.status_code == 200
            server.send_signal(signal.SIGTERM)
            lines = [line async for line in response.aiter_lines()]
    assert await server.wait() == -signal.SIGTERM
    assert ": the server stops; come back" in lines
    assert "retry: 1000" in lines


async def is_ready(http: httpx2.AsyncClient) -> bool:
    try:
        return (await http.get("/readyz")).status_code == 200
    except httpx2.HTTPError:
        return False
