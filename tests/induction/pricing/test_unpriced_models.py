"""Where calls cost money a model without a price is refused: when a task is made or changed, when a
run starts, and when a worker takes it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest

from tests.fixtures.databases import Databases
from tests.fixtures.labelled import make_task
from tests.fixtures.servers import Servers
from tests.fixtures.stack import Stack
from tests.induction.pricing.billed import OWN, billed, put
from tests.induction.runs.driving import reached, shown, sql, start

LABELS = [{"name": "yes"}, {"name": "no"}]


@pytest.fixture(scope="module")
async def paid(databases: Databases, servers: Servers) -> AsyncIterator[Stack]:
    async with billed(databases, servers) as stack:
        yield stack


async def make(stack: Stack, slug: str, **changed: object) -> httpx2.Response:
    body = {"slug": slug, "kind": "intent", "labels": LABELS, **changed}
    return await stack.induction.post("/v1/tasks", json=body)


async def test_a_task_is_not_made_with_a_model_nobody_can_price(paid: Stack) -> None:
    answer = await make(paid, "made", task_model="unheard-of", proposer_model="claude-opus-5-5")
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "unknown_model")
    assert [one["loc"] for one in problem["errors"]] == [["body", "task_model"]]
    assert "PUT /v1/admin/prices" in problem["detail"]
    assert "INDUCTION_PRICES_FILE" in problem["detail"]
    assert "unheard-of" not in answer.text
    assert (await paid.induction.get("/v1/tasks/made")).status_code == 404
    defined = (await paid.logger.get("/v1/tasks/made/labels")).json()
    assert defined["version"] == 0


async def test_a_price_that_holds_later_is_named_with_its_day(paid: Stack) -> None:
    begins = datetime.now(UTC).date() + timedelta(days=2)
    await put(paid, OWN | {"model": "later", "since": str(begins)})
    answer = await make(paid, "early", task_model="later")
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_model")
    assert f"today: the first row there is holds from {begins} on" in answer.json()["detail"]


async def test_a_price_is_given_and_the_task_is_made(paid: Stack) -> None:
    await put(paid, OWN | {"model": "given"})
    assert (await make(paid, "given-one", task_model="given")).status_code == 201
    await put(paid, withdraw=("given",))
    assert (await make(paid, "given-one", task_model="given")).status_code == 200


async def test_a_task_is_not_changed_to_a_model_nobody_can_price(paid: Stack) -> None:
    await make(paid, "changed")
    path = "/v1/tasks/changed"
    answer = await paid.induction.patch(path, json={"proposer_model": "unheard-of"})
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_model")
    assert (await paid.induction.get(path)).json()["proposer_model"] is None
    for model in ("claude-opus-5-5", "anthropic/claude-opus-5-5", None):
        kept = await paid.induction.patch(path, json={"proposer_model": model})
        assert (kept.status_code, kept.json()["proposer_model"]) == (200, model)


async def test_a_migration_to_a_model_nobody_can_price_is_refused_without_echo(
    paid: Stack,
) -> None:
    await make_task(paid, "moving-on", cases=4)
    models = ["claude-opus-5-5", "unheard-of"]
    body = {"task": "moving-on", "kind": "migrate", "to_models": models}
    answer = await paid.induction.post("/v1/runs", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_model")
    assert [one["loc"] for one in answer.json()["errors"]] == [["body", "to_models.1"]]
    assert "unheard-of" not in answer.text


@pytest.mark.parametrize("dry_run", [True, False])
async def test_a_run_is_refused_by_the_name_of_the_model(paid: Stack, dry_run: bool) -> None:
    slug = f"withdrawn-{dry_run}".lower()
    await put(paid, OWN | {"model": slug})
    await make_task(paid, slug, cases=4)
    await paid.induction.patch(f"/v1/tasks/{slug}", json={"task_model": slug})
    await put(paid, withdraw=(slug,))
    answer = await paid.induction.post("/v1/runs", json={"task": slug, "dry_run": dry_run})
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_model")
    assert f"no price for {slug}." in answer.json()["detail"]
    assert "PUT /v1/admin/prices" in answer.json()["detail"]


async def test_a_run_whose_price_was_taken_away_fails_with_the_reason(paid: Stack) -> None:
    await put(paid, OWN)
    await make_task(paid, "taken-away", cases=4)
    await paid.induction.patch("/v1/tasks/taken-away", json={"task_model": "unheard-of"})
    run = await start(paid, "taken-away", kind="evaluate")
    await put(paid, withdraw=("unheard-of",))
    async with paid.working():
        ended = await reached(paid, run)
    assert ended["status"] == "failed"
    assert "PUT /v1/admin/prices" in ended["reason"]
    assert ended["spend"]["calls"] == 0


@pytest.mark.law
async def test_a_run_is_charged_by_the_table_it_was_taken_with(paid: Stack) -> None:
    """Ten times the price of what ships, with cached rates that say nothing of the input's."""
    rates = {"input": 1, "output": 5, "cache_write": 2, "cache_read": 3}
    await put(paid, {"model": "claude-haiku-5-5", **rates})
    await make_task(paid, "charged", cases=20)
    run = await start(paid, "charged", kind="evaluate")
    async with paid.working():
        ended = await reached(paid, run)
    assert ended["status"] == "completed"
    (row,) = await sql(
        paid,
        """
        SELECT sum(cost_usd)::float8 AS charged, sum(
            (usage ->> 'input_tokens')::numeric * 1
            + (usage ->> 'cache_creation_input_tokens')::numeric * 2
            + (usage ->> 'cache_read_input_tokens')::numeric * 3
            + (usage ->> 'output_tokens')::numeric * 5
        )::float8 / 1000000 AS by_table
        FROM llm_calls WHERE run_id = $1 AND model = 'claude-haiku-5-5'
        """,
        run,
    )
    assert row["charged"] > 0
    assert row["charged"] == pytest.approx(row["by_table"], abs=1e-6)
    await put(paid, withdraw=("claude-haiku-5-5",))


async def test_a_price_of_0_and_an_end_that_is_near_are_notes_of_forecast_and_run(
    paid: Stack,
) -> None:
    ends = datetime.now(UTC).date() + timedelta(days=30)
    await put(paid, OWN | {"model": "ending", "retires": str(ends)})
    await make_task(paid, "noted", cases=20)
    await paid.induction.patch("/v1/tasks/noted", json={"task_model": "ending"})
    forecast = await paid.induction.post("/v1/runs", json={"task": "noted", "dry_run": True})
    run = await start(paid, "noted", kind="evaluate")
    for notes in (forecast.json()["notes"], (await shown(paid, run))["notes"]):
        assert "ending costs nothing: its price is 0 (api)." in notes
        assert any(note.startswith(f"ending retires on {ends}") for note in notes)
    await paid.induction.post(f"/v1/runs/{run}/cancel")


async def test_the_offline_model_needs_no_price_and_the_run_says_so(stack: Stack) -> None:
    await make_task(stack, "free", cases=20)
    changed = await stack.induction.patch("/v1/tasks/free", json={"task_model": "unheard-of"})
    assert changed.status_code == 200
    run = await start(stack, "free", kind="evaluate")
    async with stack.working():
        ended = await reached(stack, run)
    assert any("unheard-of has no known price" in note for note in ended["notes"])
    assert (ended["spend"]["usd"], ended["spend"]["notional_usd"]) == (0, 0)


async def test_a_file_prices_the_models_of_tasks(
    databases: Databases, servers: Servers, tmp_path: Path
) -> None:
    path = tmp_path / "prices.json"
    path.write_text('[{"model": "unheard-of", "input": 0, "output": 0}]')
    async with billed(databases, servers, prices_file=path) as stack:
        assert (await make(stack, "filed", task_model="own/unheard-of")).status_code == 201
