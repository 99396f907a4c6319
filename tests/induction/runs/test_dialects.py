"""A run on each server that people have: asked in what it takes, by what it tells of itself."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import NamedTuple

import pytest

from tests.fixtures.databases import Databases
from tests.fixtures.dialects import CUT, HTML, Fault, Server, documented
from tests.fixtures.labelled import make_task
from tests.fixtures.servers import Servers
from tests.fixtures.stack import Stack, opened, serving, until
from tests.induction.runs.driving import reached, shown, sql, start

CASES = 24
MODELS = {"openrouter": "meta-llama/m"}
"""Models whose names are not `m`."""


@asynccontextmanager
async def beside(
    databases: Databases, servers: Servers, speaking: Mapping[str, Server], **described: object
) -> AsyncIterator[Stack]:
    """A stack with these servers as providers, and a task of a few cases."""
    async with AsyncExitStack() as entered:
        providers = {}
        for name, server in speaking.items():
            url = await entered.enter_async_context(serving(server))
            providers[name] = {
                "api": "chat-completions",
                "base_url": f"{url}{server.root}",
                "billed": False,
                "api_key": "sk-right",
                **described,
            }
        stack = await entered.enter_async_context(opened(databases, servers, providers=providers))
        await make_task(stack, "spoken", cases=CASES)
        yield stack


@pytest.fixture(scope="module")
async def world(
    databases: Databases, servers: Servers
) -> AsyncIterator[tuple[Stack, dict[str, Server]]]:
    speaking = documented() | {name: server for name, (server, _) in UNUSABLE.items()}
    speaking["faulty"] = Server(faults=PASSING)
    async with beside(databases, servers, speaking) as stack:
        yield stack, speaking


class Expected(NamedTuple):
    """Of a run: what was sent beside messages and model, what it says of the server, how often it
    was refused before, and what its server is known to bear."""

    sent: set[str]
    refused: int = 0
    reports: str | None = None
    notes: tuple[str, ...] = ()
    unmetered: int = 0
    window: int | None = None
    slots: int | None = None


WHOLE = {"response_format", "temperature", "max_tokens"}
EXPECTED = {
    "openai": Expected(WHOLE, reports="m-2024-07-18"),
    "openai-newer": Expected(
        {"response_format", "max_completion_tokens"}, refused=4, reports="m-2026-03-01"
    ),
    "azure": Expected(WHOLE, reports="m-2024-07-18"),
    "vllm": Expected(WHOLE, window=4_096),
    "ollama": Expected(WHOLE),
    "openrouter": Expected(WHOLE, window=131_072),
    "llama-cpp": Expected(WHOLE, window=8_192, slots=2),
    "old": Expected(
        {"temperature", "max_tokens"},
        refused=3,
        notes=("takes no response schema", "does not tell tokens"),
        unmetered=CASES + 1,
    ),
    "heedless": Expected(WHOLE, notes=("heeds no response schema",)),
}


@pytest.mark.parametrize("name", EXPECTED)
async def test_a_documented_server_answers_a_run(
    world: tuple[Stack, dict[str, Server]], name: str
) -> None:
    stack, speaking = world
    server, expected = speaking[name], EXPECTED[name]
    model = f"{name}/{MODELS.get(name, 'm')}"
    run = await start(stack, "spoken", kind="evaluate", models={"task": model})
    async with stack.working():
        over = await reached(stack, run)
    assert (over["status"], over["reason"]) == ("completed", "evaluated")
    assert over["spend"]["calls"] == server.answered == CASES + 1
    assert server.refused == expected.refused
    assert set(server.seen) - {"messages", "model"} == expected.sent
    assert set(server.seen.values()) == {CASES + 1}
    assert over["spend"]["unmetered_calls"] == expected.unmetered
    assert over["spend"]["usd"] == 0
    assert name in over["answered_by"]
    assert expected.reports is None or expected.reports in over["answered_by"]
    said = [note for note in over["notes"] if name in note]
    assert len(said) == len(expected.notes)
    assert all(part in note for part, note in zip(expected.notes, said, strict=True))
    (row,) = await sql(stack, "SELECT servers->$2 AS known FROM runs WHERE id = $1", run, model)
    known = json.loads(row["known"])
    assert (known["window"], known["concurrency"]) == (expected.window, expected.slots)
    assert expected.slots is None or server.at_once <= expected.slots
    (probe,) = await sql(
        stack,
        "SELECT outcome, attempts FROM llm_calls"
        " WHERE purpose = 'probe' AND run_id = $1 AND outcome IS NOT NULL",
        run,
    )
    assert tuple(probe) == ("ok", 1)


PASSING: tuple[Fault, ...] = (
    (429, {"retry-after": "1"}, "{}"),
    (500, {}, "{}"),
    (200, {}, HTML),
    (502, {}, HTML),
    CUT,
)
"""One in a call each: some may have been billed unread, none loses a case."""


async def test_faults_that_pass_change_nothing(world: tuple[Stack, dict[str, Server]]) -> None:
    stack, speaking = world
    server = speaking["faulty"]
    run = await start(stack, "spoken", kind="evaluate", models={"task": "faulty/m"})
    async with stack.working():
        over = await reached(stack, run)
    assert (over["status"], server.answered) == ("completed", CASES + 1)
    assert over["spend"]["unanswered_calls"] == 0
    # Of the five, the two pages with status 200 and the cut may have been billed.
    assert over["spend"]["calls"] == CASES + 1 + 2


UNUSABLE: dict[str, tuple[Server, str]] = {
    "another-key": (Server(key="another"), "status 401: the key is not taken"),
    "unpaid": (Server(faults=[(402, {}, "{}")] * 9), "status 402: payment is due"),
    "refusing": (Server(refuses=("messages",)), "the request is not taken, in no form of it"),
    "prosaic": (Server(text="It is an apple, I think."), 'answered "It is an apple, I think."'),
    "of-another-shape": (Server(text='{"fruit": "apple"}'), "gives no usable answer"),
    "silent": (Server(text=""), 'it answered ""'),
}


@pytest.mark.parametrize("name", UNUSABLE)
async def test_a_server_that_cannot_be_used_ends_the_run_before_it_costs(
    world: tuple[Stack, dict[str, Server]], name: str
) -> None:
    stack, _ = world
    run = await start(stack, "spoken", kind="evaluate", models={"task": f"{name}/m"})
    async with stack.working():
        over = await reached(stack, run)
    assert over["status"] == "failed"
    assert UNUSABLE[name][1] in over["reason"]
    assert over["spend"]["calls"] <= 1


async def test_a_server_that_asks_for_patience_parks_the_run_before_its_first_event(
    databases: Databases, servers: Servers
) -> None:
    server = Server(faults=[(429, {"retry-after": "3600"}, "{}")])
    async with beside(databases, servers, {"local": server}) as stack:
        run = await start(stack, "spoken", kind="evaluate", models={"task": "local/m"})
        async with stack.working():
            await reached(stack, run, "parked")
            await stack.induction.post(f"/v1/runs/{run}/resume")
            over = await reached(stack, run)
    assert (over["status"], server.answered) == ("completed", CASES + 1)


async def test_answers_stay_with_the_server_that_gave_them(
    databases: Databases, servers: Servers
) -> None:
    """A name of the provider stays, its address moves to another server that reports the same."""
    first, second = Server(), Server()
    async with (
        beside(databases, servers, {"local": first}) as stack,
        serving(second) as elsewhere,
    ):
        providers = stack.settings.providers
        moved = {"local": providers["local"].model_copy(update={"base_url": f"{elsewhere}/v1"})}
        body = {"kind": "evaluate", "models": {"task": "local/m"}}
        runs = []
        for now in (providers, providers, moved):
            run = await start(stack, "spoken", **body)
            async with stack.working(providers=now):
                runs.append(await reached(stack, run, "completed"))
    assert [one["spend"]["cached_calls"] for one in runs] == [0, CASES, 0]
    assert (first.answered, second.answered) == (CASES + 2, CASES + 1)
    assert runs[0]["answered_by"] == runs[1]["answered_by"] != runs[2]["answered_by"]


async def test_all_runs_of_a_worker_share_the_slots_of_a_provider(
    databases: Databases, servers: Servers
) -> None:
    server = Server(seconds=0.01)
    async with beside(databases, servers, {"local": server}, concurrency=3) as stack:
        await make_task(stack, "beside", cases=CASES)
        runs = [
            await start(stack, task, kind="evaluate", models={"task": "local/m"})
            for task in ("spoken", "beside")
        ]
        async with stack.working():
            for run in runs:
                assert (await reached(stack, run))["status"] == "completed"
    assert server.at_once == 3


async def test_an_operator_is_heard_while_a_slow_server_works_through_a_block(
    databases: Databases, servers: Servers
) -> None:
    """What is on its way is answered; what only waits was neither booked nor sent."""
    server = Server(seconds=0.2)
    async with beside(databases, servers, {"local": server}, concurrency=1) as stack:
        run = await start(stack, "spoken", kind="evaluate", models={"task": "local/m"})
        async with stack.working(look_seconds=0.1):
            await until(lambda: _answered(server, 3))
            await stack.induction.post(f"/v1/runs/{run}/pause")
            paused = await reached(stack, run, "paused")
            answered = server.answered
            assert answered < CASES
            assert paused["spend"]["calls"] == answered
            await stack.induction.post(f"/v1/runs/{run}/resume")
            await until(lambda: _answered(server, answered + 2))
            await stack.induction.post(f"/v1/runs/{run}/cancel")
            over = await reached(stack, run)
        assert (over["status"], over["reason"]) == ("cancelled", "cancelled")
        assert server.answered < CASES
        assert (await shown(stack, run))["spend"]["calls"] == server.answered


async def _answered(server: Server, count: int) -> bool:
    return server.answered >= count


async def test_a_forecast_counts_the_questions_to_servers_and_creates_nothing(
    world: tuple[Stack, dict[str, Server]],
) -> None:
    stack, _ = world
    body = {"task": "spoken", "kind": "evaluate", "dry_run": True}
    forecasts = []
    for models in ({"task": "vllm/m"}, {}):
        answer = await stack.induction.post("/v1/runs", json={**body, "models": models})
        assert answer.status_code == 200, answer.text
        forecasts.append(answer.json())
    with_server, offline = forecasts
    assert with_server["calls"] == offline["calls"] + 1
    assert any("vllm/m: asked one small question" in note for note in with_server["notes"])
    assert not any("small question" in note for note in offline["notes"])


async def test_a_score_says_which_server_answered(world: tuple[Stack, dict[str, Server]]) -> None:
    stack, _ = world
    run = await start(stack, "spoken", kind="evaluate", models={"task": "vllm/m"})
    async with stack.working():
        over = await reached(stack, run, "completed")
    version = over["baseline_version_id"]
    shown_version = (await stack.induction.get(f"/v1/prompts/spoken/versions/{version}")).json()
    scores = [one for one in shown_version["scores"] if one["run_id"] == run]
    assert {one["answered_by"] for one in scores} == {over["answered_by"]}
