"""A run on each server that people have: asked in what it takes, by what it tells of itself."""

import json
from collections.abc import AsyncIterator
from typing import NamedTuple

import pytest

from tests.fixtures.databases import Databases
from tests.fixtures.dialects import CUT, HTML, Fault, Server, documented
from tests.fixtures.servers import Servers
from tests.fixtures.stack import Stack
from tests.induction.runs.driving import reached, sql, start
from tests.induction.runs.speaking import CASES, beside

MODELS = {"openrouter": "meta-llama/m"}
"""Models whose names are not `m`."""


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
    notes = [note for note in over["notes"] if name in note and "no known price" not in note]
    assert len(notes) == len(expected.notes)
    assert all(part in note for part, note in zip(expected.notes, notes, strict=True))
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


@pytest.mark.law
@pytest.mark.long
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


@pytest.mark.parametrize(
    ("model", "notes"),
    [
        ("vllm/m", []),
        ("claude-haiku-5-5", []),
        ("old/m", ["takes no response schema", "does not tell tokens"]),
        ("prosaic/m", ['answered "It is an apple, I think."']),
        ("another-key/m", ["cannot be used now: status 401"]),
    ],
)
async def test_whoever_names_a_model_learns_what_its_server_cannot_do(
    world: tuple[Stack, dict[str, Server]], model: str, notes: list[str]
) -> None:
    """When the task is made and when it changes; it is made all the same."""
    stack, _ = world
    labels = [{"name": "one"}, {"name": "two"}]
    slug = model.replace("/", "-")
    body = {"slug": slug, "kind": "intent", "labels": labels, "task_model": model}
    made = await stack.induction.post("/v1/tasks", json=body)
    assert made.status_code == 201, made.text
    changed = await stack.induction.patch(f"/v1/tasks/{slug}", json={"proposer_model": model})
    for view in (made.json(), changed.json()):
        assert len(view["notes"]) == len(notes)
        assert all(part in note for part, note in zip(notes, view["notes"], strict=True))
