"""What GET /v1/models and `induction models` say of the models in use."""

import json
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from tests.fixtures.commands import typed
from tests.fixtures.databases import BOOTSTRAP_KEY, Databases
from tests.fixtures.labelled import make_task
from tests.fixtures.servers import Servers
from tests.fixtures.stack import Stack, client, opened, serving
from tests.induction.pricing.billed import OWN, billed, put
from tests.induction.runs.driving import reached, start
from tests.induction.test_scopes import key_with


@pytest.fixture(scope="module")
async def paid(databases: Databases, servers: Servers) -> AsyncIterator[Stack]:
    async with billed(databases, servers) as stack:
        yield stack


async def seen(stack: Stack) -> dict[str, Any]:
    answer = await stack.induction.get("/v1/models")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def model(stack: Stack, name: str) -> dict[str, Any]:
    (one,) = [one for one in (await seen(stack))["models"] if one["model"] == name]
    return dict(one)


async def test_the_defaults_are_there_with_price_and_provider(paid: Stack) -> None:
    one = await model(paid, "anthropic/claude-haiku-5-5")
    assert one["used_by"][0] == "default: task_model"
    assert (one["priced"], one["price"]["input"], one["price"]["source"]) == (True, 0.1, "shipped")
    assert (one["retires"], one["warning"]) == (None, None)
    (provider,) = (await seen(paid))["providers"]
    assert provider == {
        "name": "anthropic",
        "api": "messages",
        "address": str(paid.model.base_url).rstrip("/"),
        "is_default": True,
        "reachable": "reachable",
    }


async def test_roles_of_tasks_and_what_serves_are_uses(paid: Stack) -> None:
    await make_task(paid, "serving")
    await paid.induction.patch("/v1/tasks/serving", json={"task_model": "claude-opus-5-5"})
    one = await model(paid, "anthropic/claude-opus-5-5")
    assert one["used_by"] == ["serving: task_model", "serving: production"]
    await paid.induction.patch("/v1/tasks/serving", json={"archived": True})
    assert "anthropic/claude-opus-5-5" not in [one["model"] for one in (await seen(paid))["models"]]


@pytest.mark.law
async def test_production_is_on_the_model_that_active_says_and_a_try_on_another_moves_nothing(
    paid: Stack,
) -> None:
    await make_task(paid, "measured", cases=20)
    run = await start(paid, "measured", kind="evaluate")
    async with paid.working():
        await reached(paid, run, "completed")
    await paid.induction.patch("/v1/tasks/measured", json={"task_model": "claude-opus-5-5"})
    active = (await paid.induction.get("/v1/prompts/measured/active")).json()
    assert active["model"] == "claude-haiku-5-5"
    haiku, opus = [await model(paid, f"anthropic/claude-{one}-5-5") for one in ("haiku", "opus")]
    assert "measured: production" in haiku["used_by"]
    assert "measured: task_model" in opus["used_by"]
    assert "measured: production" not in opus["used_by"]
    tried = await start(paid, "measured", kind="evaluate", models={"task": "claude-sonnet-5-5"})
    async with paid.working():
        await reached(paid, tried, "completed")
    await paid.induction.patch("/v1/tasks/measured", json={"task_model": "claude-haiku-5-5"})
    active = (await paid.induction.get("/v1/prompts/measured/active")).json()
    assert active["model"] == "claude-haiku-5-5"
    await paid.induction.patch("/v1/tasks/measured", json={"archived": True})


@pytest.mark.parametrize(("days", "warns"), [(91, False), (90, True), (1, True), (-3, True)])
async def test_a_model_that_retires_is_warned_of_ninety_days_ahead(
    paid: Stack, days: int, warns: bool
) -> None:
    slug = f"ending-{days}"
    ends = datetime.now(UTC).date() + timedelta(days=days)
    await put(paid, OWN | {"model": slug, "retires": str(ends)})
    await make_task(paid, slug)
    await paid.induction.patch(f"/v1/tasks/{slug}", json={"proposer_model": slug})
    one = await model(paid, f"anthropic/{slug}")
    assert (one["retires"], one["retires_in_days"]) == (str(ends), days)
    assert (one["warning"] is not None) == warns


async def test_a_model_whose_price_is_gone_is_warned_of(paid: Stack) -> None:
    await put(paid, OWN | {"model": "gone"})
    await make_task(paid, "gone")
    await paid.induction.patch("/v1/tasks/gone", json={"task_model": "gone"})
    await put(paid, withdraw=("gone",))
    one = await model(paid, "anthropic/gone")
    assert (one["priced"], one["price"]) == (False, None)
    assert "PUT /v1/admin/prices" in one["warning"]


async def test_a_key_of_one_task_sees_its_models_and_the_defaults(paid: Stack) -> None:
    for slug in ("mine", "theirs"):
        await put(paid, OWN | {"model": f"of-{slug}"})
        await make_task(paid, slug)
        await paid.induction.patch(f"/v1/tasks/{slug}", json={"task_model": f"of-{slug}"})
    body = {"name": "of one", "scopes": ["tasks:read"], "tasks": ["mine"]}
    key = (await paid.induction.post("/v1/admin/keys", json=body)).json()["key"]
    async with client(str(paid.induction.base_url), key) as caller:
        models = (await caller.get("/v1/models")).json()["models"]
        assert (await caller.get("/v1/admin/prices")).status_code == 403
    uses = [use for one in models for use in one["used_by"]]
    assert "mine: task_model" in uses
    assert not [use for use in uses if use.startswith("theirs")]


@pytest.mark.parametrize(
    ("status", "word"),
    [(200, "reachable"), (404, "reachable"), (401, "key_refused"), (403, "key_refused"),
     (500, "failing"), (529, "failing")],
)  # fmt: skip
async def test_what_a_provider_answers_is_told_by_a_word(
    databases: Databases, servers: Servers, status: int, word: str
) -> None:
    path = Route("/v1/models", lambda _: PlainTextResponse("a secret of theirs", status))
    async with serving(Starlette(routes=[path])) as url:
        address = url.replace("://", "://user:hidden@")
        async with billed(databases, servers, anthropic_base_url=address) as stack:
            answer = await stack.induction.get("/v1/models")
    assert answer.json()["providers"][0]["reachable"] == word
    assert not [one for one in ("secret", "hidden", "offline") if one in answer.text]


async def test_a_provider_that_is_away_is_told_and_the_rest_is_there(
    databases: Databases, servers: Servers
) -> None:
    async with billed(databases, servers, anthropic_base_url="http://127.0.0.1:9") as stack:
        answer = await seen(stack)
    assert answer["providers"][0]["reachable"] == "away"
    assert len(answer["models"]) == 2


async def test_no_call_is_paid_for_a_look(paid: Stack) -> None:
    before = (await paid.model.get("/calls")).json()
    await seen(paid)
    assert (await paid.model.get("/calls")).json() == before


async def test_the_offline_model_in_this_process_is_there_and_needs_no_price(
    databases: Databases, servers: Servers
) -> None:
    async with opened(databases, servers, anthropic_base_url=None, task_model="any") as stack:
        answer = await seen(stack)
    assert [one["reachable"] for one in answer["providers"]] == ["in_process"]
    (one,) = [one for one in answer["models"] if one["model"] == "offline/any"]
    assert (one["priced"], one["is_billed"], one["warning"]) == (False, False, None)


async def test_the_command_prints_them_for_people_and_for_programs(paid: Stack) -> None:
    ends = datetime.now(UTC).date() + timedelta(days=10)
    await put(paid, OWN | {"model": "printed", "retires": str(ends)})
    await make_task(paid, "printed")
    await paid.induction.patch("/v1/tasks/printed", json={"task_model": "printed"})
    url = ("--url", str(paid.induction.base_url), "--key", BOOTSTRAP_KEY)
    people = await typed("induction", "models", *url, env=os.environ)
    assert people.code == 0, people.complained
    assert "anthropic/printed" in people.printed
    assert f"retires on {ends}" in " ".join(people.printed.split())
    programs = await typed("induction", "models", "--json", *url, env=os.environ)
    assert json.loads(programs.printed) == await seen(paid)


async def test_without_the_scope_the_command_says_which(paid: Stack) -> None:
    key = await key_with(paid, {"runs:read"})
    url = ("--url", str(paid.induction.base_url), "--key", key)
    ended = await typed("induction", "models", *url, env=os.environ)
    assert (ended.code, "tasks:read" in ended.complained) == (1, True)


@pytest.mark.law
async def test_several_providers_stand_side_by_side_each_with_its_own_answer(
    databases: Databases, servers: Servers
) -> None:
    """One's own server is not billed, so its model needs no price; the other's does."""
    path = Route("/v1/models", lambda _: PlainTextResponse("[]"))
    async with serving(Starlette(routes=[path])) as url:
        providers = {
            "own": {"api": "chat-completions", "base_url": f"{url}/v1", "billed": False},
            "theirs": {"api": "chat-completions", "base_url": "http://127.0.0.1:9/v1"},
        }
        async with opened(databases, servers, providers=providers) as stack:
            await make_task(stack, "beside")
            task = "/v1/tasks/beside"
            taken = await stack.induction.patch(task, json={"task_model": "own/m"})
            refused = await stack.induction.patch(task, json={"proposer_model": "theirs/m"})
            answer = await seen(stack)
            (one,) = [one for one in answer["models"] if one["model"] == "own/m"]
    assert (taken.status_code, refused.json()["code"]) == (200, "unknown_model")
    reachable = {one["name"]: one["reachable"] for one in answer["providers"]}
    assert reachable == {"offline": "reachable", "own": "reachable", "theirs": "away"}
    assert (one["is_billed"], one["priced"], one["warning"]) == (False, False, None)
