"""Runs on servers that people have: asked in what they take, their answers never mixed."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.fixtures.chat_server import ChatServer
from tests.fixtures.databases import Databases
from tests.fixtures.labelled import make_task
from tests.fixtures.servers import Servers
from tests.fixtures.stack import Stack, opened, serving
from tests.induction.runs.driving import reached, sql, start

LOCAL = {"task": "local/m", "proposer": "offline/claude-sonnet-5-5"}


def local(url: str, **more: object) -> dict[str, Any]:
    """One's own server as a provider."""
    described = {"api": "chat-completions", "base_url": f"{url}/v1", "billed": False, **more}
    return {"providers": {"local": described}}


def described(stack: Stack, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of a worker as they are read: providers by name, beside those of the stack."""
    known = stack.settings.model_dump(include={"database_url", "redis_url"})
    return {"providers": type(stack.settings).model_validate({**known, **settings}).providers}


@asynccontextmanager
async def beside(
    databases: Databases, servers: Servers, server: ChatServer, **more: object
) -> AsyncIterator[Stack]:
    async with (
        serving(server.app) as url,
        opened(databases, servers, **local(url, **more)) as stack,
    ):
        await make_task(stack, "elsewhere", cases=24)
        yield stack


@pytest.mark.parametrize(
    ("refuses", "sent", "unsent"),
    [
        ((), {"response_format", "temperature", "max_tokens"}, {"max_completion_tokens"}),
        pytest.param(
            ("temperature",),
            {"response_format", "max_tokens"},
            {"temperature"},
            marks=[pytest.mark.law, pytest.mark.long],
        ),
        pytest.param(
            ("max_tokens",),
            {"response_format", "temperature", "max_completion_tokens"},
            {"max_tokens"},
            marks=[pytest.mark.law, pytest.mark.long],
        ),
        pytest.param(
            ("response_format", "temperature", "max_tokens"),
            {"max_completion_tokens"},
            {"response_format", "temperature", "max_tokens"},
            marks=pytest.mark.law,
        ),
    ],
)
@pytest.mark.law
async def test_a_server_is_asked_in_what_it_takes(
    databases: Databases,
    servers: Servers,
    refuses: tuple[str, ...],
    sent: set[str],
    unsent: set[str],
) -> None:
    server = ChatServer(refuses=refuses)
    async with beside(databases, servers, server) as stack:
        run = await start(stack, "elsewhere", kind="evaluate", models=LOCAL)
        async with stack.working():
            over = await reached(stack, run)
        assert (over["status"], over["reason"]) == ("completed", "evaluated")
        assert over["baseline_f1"] is not None
        assert over["spend"]["calls"] == server.answered == 25
        assert over["spend"]["usd"] == over["spend"]["notional_usd"] == 0
        assert all(server.seen[field] == 25 for field in sent)
        assert not any(server.seen[field] for field in unsent)
        says = " ".join(over["notes"])
        assert ("takes no response schema" in says) == ("response_format" in refuses)
        probes = await sql(stack, "SELECT * FROM llm_calls WHERE purpose = 'probe'")
        assert sum(row["attempts"] for row in probes) == 1, "a refusal costs nothing"


@pytest.mark.law
async def test_a_prompt_longer_than_the_window_of_a_server_is_told_and_never_asked(
    databases: Databases, servers: Servers
) -> None:
    server = ChatServer()
    async with beside(databases, servers, server, context_window=256) as stack:
        path = "/v1/prompts/elsewhere/versions"
        served = (await stack.induction.get(path)).json()["items"][0]["content"]["instructions"]
        block = {"name": "long", "text": "Take great care of each word. " * 60}
        version = await stack.induction.post(
            path, json={"content": {"instructions": [*served, block]}, "promote": True}
        )
        assert version.status_code == 201, version.text
        order: dict[str, Any] = {"task": "elsewhere", "models": LOCAL, "kind": "evaluate"}
        dry = await stack.induction.post("/v1/runs", json={**order, "dry_run": True})
        assert "ends before anything is asked" in " ".join(dry.json()["notes"])
        assert (dry.json()["fits"], dry.json()["starts"]) == (False, True)
        run = await start(stack, **order)
        async with stack.working():
            over = await reached(stack, run)
        assert over["status"] == "failed"
        assert over["reason"].startswith("the prompt is too long for the model's window of 256 ")
        assert over["spend"]["calls"] == server.answered == 1, "the probe alone"


@pytest.mark.law
async def test_a_server_that_does_not_tell_tokens_is_booked_at_the_bound_and_named(
    databases: Databases, servers: Servers
) -> None:
    async with beside(databases, servers, ChatServer(tells_usage=False)) as stack:
        run = await start(stack, "elsewhere", kind="evaluate", models=LOCAL)
        async with stack.working():
            over = await reached(stack, run, "completed")
        assert over["spend"]["unmetered_calls"] == 25
        assert any("does not tell tokens" in note for note in over["notes"])


@pytest.mark.law
@pytest.mark.long
async def test_another_server_at_the_address_is_asked_anew_and_the_same_one_is_not(
    databases: Databases, servers: Servers
) -> None:
    server = ChatServer()
    async with beside(databases, servers, server) as stack:
        async with stack.working():
            first, again = [
                await reached(stack, await start(stack, "elsewhere", kind="evaluate", models=LOCAL))
                for _ in range(2)
            ]
            server.model = "another"
            moved = await reached(
                stack, await start(stack, "elsewhere", kind="evaluate", models=LOCAL)
            )
        assert [one["spend"]["cached_calls"] for one in (first, again, moved)] == [0, 24, 0]
        assert "reports another" in moved["answered_by"]
        assert "another" not in again["answered_by"]


@pytest.mark.law
@pytest.mark.long
async def test_a_server_that_moves_keeps_its_answers_where_it_has_a_name(
    databases: Databases, servers: Servers
) -> None:
    server = ChatServer()
    async with beside(databases, servers, server, identity="the office's") as stack:
        for _ in range(2):
            run = await start(stack, "elsewhere", kind="evaluate", models=LOCAL)
            async with serving(server.app) as elsewhere:
                moved = local(elsewhere, identity="the office's")
                async with stack.working(**described(stack, moved)):
                    over = await reached(stack, run, "completed")
        assert over["spend"]["cached_calls"] == 24
        assert over["answered_by"] == "m of the office's"


@pytest.mark.law
async def test_a_worker_with_another_address_leaves_the_run_to_one_that_has_the_first(
    databases: Databases, servers: Servers
) -> None:
    first, second = ChatServer(busy_after=8), ChatServer()
    async with beside(databases, servers, first) as stack, serving(second.app) as elsewhere:
        run = await start(stack, "elsewhere", kind="evaluate", models=LOCAL)
        async with stack.working():
            await reached(stack, run, "parked")
        await stack.induction.post(f"/v1/runs/{run}/resume")
        async with stack.working(**described(stack, local(elsewhere))):
            parked = await reached(stack, run, "parked")
        assert "their answers are never mixed" in parked["reason"]
        assert parked["retry_at"] is not None
        assert second.answered == 0
        first.busy_after = None
        await stack.induction.post(f"/v1/runs/{run}/resume")
        async with stack.working():
            over = await reached(stack, run, "completed")
        assert over["baseline_f1"] is not None


@pytest.mark.law
async def test_answers_of_two_models_are_never_mixed_in_one_run(
    databases: Databases, servers: Servers
) -> None:
    async with beside(databases, servers, ChatServer(changes_after=10), concurrency=1) as stack:
        run = await start(stack, "elsewhere", kind="evaluate", models=LOCAL)
        async with stack.working():
            over = await reached(stack, run, "failed")
        assert "another model answers" in over["reason"]
        assert over["baseline_f1"] is None


@pytest.mark.law
async def test_a_run_improves_on_a_server_of_ones_own_and_its_proposer_is_another(
    databases: Databases, servers: Servers
) -> None:
    server = ChatServer()
    async with beside(databases, servers, server, concurrency=2) as stack:
        run = await start(stack, "elsewhere", models=LOCAL, limits={"iterations": 2})
        async with stack.working():
            over = await reached(stack, run, "completed")
        assert (over["task_model"], over["proposed_by"]) == ("local/m", "the offline model")
        by_purpose = await sql(
            stack,
            "SELECT DISTINCT purpose, provider FROM llm_calls WHERE run_id = $1 ORDER BY purpose",
            run,
        )
        filed = {row["purpose"]: row["provider"] for row in by_purpose}
        assert filed["proposer"] == "offline"
        assert filed["task"].startswith("local at http://127.0.0.1:")


async def test_a_server_that_costs_needs_a_price(databases: Databases, servers: Servers) -> None:
    async with beside(databases, servers, ChatServer(), billed=True) as stack:
        body = {"task": "elsewhere", "kind": "evaluate", "models": LOCAL}
        refused = await stack.induction.post("/v1/runs", json=body)
        assert (refused.status_code, refused.json()["code"]) == (422, "unknown_model")
