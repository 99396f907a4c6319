"""Whole runs against a provider that answers badly now and then: each ends, and no booking is below
nothing. What it always does is in `tests/faults/test_kinds_of_failure.py`."""

from decimal import Decimal

import pytest
from offline_model.settings import FINAL, PASSING, Fault, OfflineSettings

from tests.fixtures.databases import Databases
from tests.fixtures.labelled import make_task
from tests.fixtures.servers import Servers
from tests.fixtures.stack import opened
from tests.induction.runs.driving import events, reached, sql, start

pytestmark = pytest.mark.law

USAGES = [fault for fault in Fault if fault.value.startswith("usage_")]
TEXTS = [
    Fault.CUT,
    Fault.REFUSED,
    Fault.BROKEN_JSON,
    Fault.NUL,
    Fault.NUL_ESCAPED,
    Fault.SURROGATE,
    Fault.SURROGATE_ESCAPED,
    Fault.DEEP_TEXT,
    Fault.ENDLESS_NUMBER,
]
NOTHING_BELOW = """
SELECT min(reserved_usd) AS reserved, min(cost_usd) AS cost, min(notional_usd) AS notional,
    sum(coalesce(cost_usd, reserved_usd)) AS booked,
    count(*) FILTER (WHERE outcome IS NULL) AS left_open,
    (SELECT sum(usd) FROM month_spend) AS month
FROM llm_calls
"""


@pytest.mark.parametrize(
    ("kind", "faults"),
    [
        pytest.param("text", TEXTS, marks=pytest.mark.long),
        pytest.param("passing", sorted(PASSING - {Fault.NO_ANSWER}), marks=pytest.mark.long),
        pytest.param("usage", USAGES, marks=pytest.mark.long),
        pytest.param("refused", [Fault.REJECTED, Fault.DEEP_ERROR], marks=pytest.mark.long),
        ("all", sorted(set(Fault) - FINAL - {Fault.NO_ANSWER, Fault.TOO_LARGE})),
    ],
)
async def test_a_run_ends_whatever_it_is_answered(
    databases: Databases, servers: Servers, kind: str, faults: list[Fault]
) -> None:
    one_in = 60 if kind == "refused" else 10 * len(faults)
    model = OfflineSettings(faults=dict.fromkeys(faults, one_in), retry_after_s=0, seed=3)
    async with opened(
        databases, servers, model=model, provider="anthropic", outage_seconds=0.1
    ) as stack:
        await make_task(stack, kind, cases=60)
        limits = {"iterations": 2, "money_usd": 5, "calls": 5_000}
        run = await start(stack, kind, limits=limits)
        async with stack.working(hasty=True):
            seen = await reached(stack, run)
        assert seen["status"] == "completed", seen["reason"]
        assert seen["verdict"] is not None or "unanswered" in seen["reason"]
        (row,) = await sql(stack, NOTHING_BELOW)
        assert min(row["reserved"], row["cost"], row["notional"]) >= 0
        assert 0 < row["booked"] <= Decimal(5)
        assert (row["month"], row["left_open"]) == (row["booked"], 0)
        assert (seen["spend"]["unmetered_calls"] > 0) == (kind in ("usage", "all"))
        scored = [one for one in await events(stack, run) if one["type"] == "prompt_evaluated"]
        if kind == "text":
            assert sum(one["unanswered"] for one in scored) > 0
        if kind in ("passing", "usage"):
            assert sum(one["unanswered"] + one["lost"] for one in scored) == 0
