"""What operators see of both services: every setting and its source, and what was spent."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from induction.settings import Settings
from induction.spending import forecast
from nlu_shared.kit.http import config

from tests.fixtures.databases import Databases
from tests.fixtures.labelled import make_task
from tests.fixtures.servers import Servers
from tests.fixtures.stack import Stack
from tests.induction.pricing.billed import billed
from tests.induction.runs.driving import reached, shown, sql, start

TASK = "spending"
FIRST = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
async def paid(databases: Databases, servers: Servers) -> AsyncIterator[Stack]:
    """With one run that cost something."""
    async with billed(databases, servers, smtp_url="smtp://me:hidden@mail.example:25") as stack:
        await make_task(stack, TASK, cases=16)
        run = await start(stack, TASK, kind="evaluate")
        async with stack.working():
            await reached(stack, run, "completed")
        yield stack


async def spend(stack: Stack, **params: str) -> dict[str, Any]:
    answer = await stack.induction.get("/v1/admin/spend", params=params)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@pytest.mark.parametrize("by", ["day", "role", "model", "task"])
async def test_lines_of_every_kind_add_up_to_what_the_runs_cost(paid: Stack, by: str) -> None:
    (run,) = (await paid.induction.get("/v1/runs", params={"task": TASK})).json()["items"]
    seen = (await shown(paid, run["id"]))["spend"]
    total = await spend(paid, by=by)
    assert seen["usd"] > 0
    assert total["usd"] == pytest.approx(seen["usd"])
    for name in ("calls", "cached_calls"):
        assert sum(one[name] for one in total["lines"]) == seen[name]
    assert sum(one["usd"] for one in total["lines"]) == pytest.approx(seen["usd"])
    keys = [one["key"] for one in total["lines"]]
    assert (
        keys
        == {
            "day": [datetime.now(UTC).date().isoformat()],
            "role": ["task", "probe"],
            "model": [paid.settings.task_model],
            "task": [TASK],
        }[by]
    )


async def test_times_bound_what_is_added_up_and_the_month_stays_this_one(paid: Stack) -> None:
    (row,) = await sql(paid, "SELECT sum(usd)::float8 AS usd FROM month_spend")
    before = await spend(paid, **{"from": "2020-01-01T00:00:00Z", "to": "2020-02-01T00:00:00Z"})
    assert (before["lines"], before["usd"]) == ([], 0)
    month = before["month"]
    assert month["usd"] == pytest.approx(row["usd"])
    assert month["cap_usd"] == paid.settings.month_cap_usd
    assert month["forecast_usd"] >= month["usd"]
    wrong = await paid.induction.get("/v1/admin/spend", params={"by": "weekday"})
    assert wrong.status_code == 422
    nowhen = await paid.induction.get("/v1/admin/spend", params={"from": "yesterday"})
    (fault,) = nowhen.json()["errors"]
    assert fault["expected"] == "a moment with its offset, as in 2026-11-28T12:00:00Z"
    backwards = {"from": "2020-02-01T00:00:00Z", "to": "2020-01-01T00:00:00Z"}
    assert (await paid.induction.get("/v1/admin/spend", params=backwards)).status_code == 422


@pytest.mark.parametrize(
    ("spent", "recently", "days", "expected", "fits", "reached"),
    [
        ("0", "0", 10, 0, True, None),
        ("10", "28", 10, 30, True, None),
        ("10", "280", 10, 210, False, 9),
        ("100", "0", 10, 100, True, 0),
        ("90", "28", 29, 91, True, None),
        ("120", "28", 10, 140, False, 0),
    ],
)
def test_a_month_goes_on_as_the_last_four_weeks_did(
    spent: str, recently: str, days: int, expected: float, fits: bool, reached: float | None
) -> None:
    now = FIRST + timedelta(days=days)
    month = forecast.month(
        spent=Decimal(spent), recently=Decimal(recently), cap=Decimal(100), now=now
    )
    assert (month.forecast_usd, month.fits) == (pytest.approx(expected), fits)
    at = None if reached is None else now + timedelta(days=reached)
    assert month.cap_reached_at == at


async def test_every_setting_is_shown_with_its_source_and_no_secret(paid: Stack) -> None:
    secrets = ["hidden", paid.settings.nlu_logger_key.get_secret_value()]
    for client in (paid.induction, paid.logger):
        answer = await client.get("/v1/admin/config")
        assert answer.status_code == 200
        assert not [one for one in secrets if one in answer.text]
    settings = {one["name"]: one for one in (await paid.induction.get("/v1/admin/config")).json()}
    assert set(settings) == {config.variable(Settings, name) for name in Settings.model_fields}
    assert settings["INDUCTION_DATABASE_URL"]["value"] == config.MASK
    assert settings["INDUCTION_PROVIDER"] == {
        "name": "INDUCTION_PROVIDER",
        "value": "anthropic",
        "source": "environment",
        "description": settings["INDUCTION_PROVIDER"]["description"],
    }
    assert settings["INDUCTION_CONCURRENCY"]["source"] == "default"
    assert settings["AUTO_INDUCTION_F1_THRESHOLD"]["value"] == 0.75


def test_keys_of_providers_and_users_in_addresses_are_masked() -> None:
    settings = Settings.model_validate(
        {
            "database_url": "postgresql://app:hidden1@db/x",
            "redis_url": "redis://:hidden2@redis/0",
            "nlu_logger_url": "http://me:hidden3@logger.example",
            "providers": {
                "own": {
                    "api": "messages",
                    "base_url": "https://me:hidden4@own.example",
                    "api_key": "hidden5",
                    "headers": {"x-key": "hidden6"},
                }
            },
        }
    )
    text = json.dumps([one.model_dump(mode="json") for one in config.shown(settings)])
    assert "hidden" not in text
    assert "@own.example" in text
