"""The prompt in production asked again: by hand, by the clock of the night, and what is said of a
model that has changed meanwhile."""

from datetime import UTC, datetime, timedelta

import pytest
from offline_model.app import create_app
from offline_model.settings import OfflineSettings

from tests.fixtures.labelled import make_task
from tests.fixtures.stack import Stack, serving, until
from tests.induction.runs.driving import events, reached, sql, start
from tests.induction.triggers.test_decisions import switch


@pytest.mark.law
async def test_a_canary_says_whether_the_model_has_changed(stack: Stack) -> None:
    version = await make_task(stack, "sung", cases=30)
    order = {"task": "sung", "kind": "canary"}
    forecast = (await stack.induction.post("/v1/runs", json={**order, "dry_run": True})).json()
    async with stack.working():
        first = await reached(stack, await start(stack, "sung", kind="canary"))
    assert (first["status"], first["reason"]) == ("completed", "measured")
    assert (first["canary"]["compares_with"], first["canary"]["same_cases"]) == (None, 0)
    assert first["baseline_version_id"] == version
    assert first["spend"]["calls"] == forecast["calls"] == 2 * first["canary"]["cases"] > 0
    assert first["limits"]["money_usd"] == 0.5
    stored = await events(stack, first["id"])
    assert [one["type"] for one in stored] == ["run_started", "canary_measured", "run_finished"]
    async with (
        serving(create_app(OfflineSettings(noise=0.7))) as other,
        stack.working(anthropic_base_url=other),
    ):
        changed = await reached(stack, await start(stack, "sung", kind="canary"))
        await stack.induction.post(f"/v1/runs/{changed['id']}/verify")

        async def checked() -> str | None:
            seen = await stack.induction.get(f"/v1/runs/{changed['id']}/verification")
            outcome: str | None = seen.json()["outcome"]
            return outcome

        assert await until(checked) == "same"
    canary = changed["canary"]
    assert (canary["compares_with"], canary["drifted"]) == (first["id"], True)
    assert canary["wavered_before"] == 0 < canary["wavered"]
    assert canary["changed"] > canary["same_cases"] / 3
    # What the model answered before it changed is not taken for its answer now.
    after = await start(stack, "sung")
    rows = await sql(stack, "SELECT id, epoch FROM runs WHERE task = 'sung'")
    epochs = {str(row["id"]): row["epoch"] for row in rows}
    assert epochs[after] == epochs[changed["id"]] > epochs[first["id"]] > 0
    await stack.induction.post(f"/v1/runs/{after}/cancel")


@pytest.mark.law
@pytest.mark.long
async def test_the_clock_starts_one_canary_a_night_where_the_rules_say_so(stack: Stack) -> None:
    await make_task(stack, "nightly", cases=12)
    await make_task(stack, "silent", cases=2)
    await switch(stack, "nightly", canary=True)

    async def sung() -> list[str]:
        rows = await sql(
            stack, "SELECT id FROM runs WHERE task = 'nightly' AND status = 'completed'"
        )
        return [str(row["id"]) for row in rows]

    # So late in the day that no night begins while this runs, wherever it runs.
    hour = (datetime.now(UTC) + timedelta(hours=12)).hour
    async with stack.working(consider_seconds=0.1, canary_hour=hour):
        (first,) = await until(sung)
        await sql(stack, "UPDATE runs SET created_at = created_at - interval '1 day'")

        async def again() -> bool:
            return len(await sung()) == 2

        await until(again)
    rows = await sql(stack, "SELECT task, kind, trigger_type FROM runs WHERE task <> 'sung'")
    automatic = [tuple(row) for row in rows if row["trigger_type"] == "auto"]
    assert automatic == [("nightly", "canary", "auto")] * 2
    seen = (await stack.induction.get("/v1/runs", params={"task": "nightly"})).json()["items"]
    canary = seen[0]["canary"]
    assert canary["compares_with"] == first
    assert (canary["same_cases"], canary["changed"]) == (canary["cases"], 0)
    assert not canary["drifted"]
    assert seen[0]["spend"]["cached_calls"] == 0
