"""What a dry run estimates where nothing is known, beside what the run takes then."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.fixtures.databases import Databases
from tests.fixtures.labelled import make_task
from tests.fixtures.servers import Servers
from tests.fixtures.stack import Stack, opened
from tests.induction.runs.driving import reached, start
from tests.induction.runs.test_likely_cost import forecast

pytestmark = pytest.mark.law
CASES = 60


@pytest.fixture(scope="module")
async def paid(databases: Databases, servers: Servers) -> AsyncIterator[Stack]:
    async with opened(databases, servers, provider="anthropic") as stack:
        yield stack


async def taken(stack: Stack, kind: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What was likely of the first run of this kind, and the run."""
    task = f"priced-{kind}"
    await make_task(stack, task, cases=CASES)
    # A prompt of its own, so that nothing is answered for another task.
    text = f"Of {task}, which is it: topic_0, topic_1, topic_2 or topic_3?"
    await stack.induction.post(f"/v1/prompts/{task}/versions", json={"text": text, "promote": True})
    likely = (await forecast(stack, task, kind=kind))["likely"]
    async with stack.working():
        seen = await reached(stack, await start(stack, task, kind=kind), "completed")
    return likely, seen


@pytest.mark.parametrize("kind", ["evaluate", "canary", "headroom"])
async def test_the_money_of_a_run_that_only_measures_lies_where_it_was_estimated(
    paid: Stack, kind: str
) -> None:
    likely, seen = await taken(paid, kind)
    least, most = likely["money_usd"]
    assert likely["runs"] == 0
    assert least <= seen["spend"]["usd"] <= most
    assert most < 6 * seen["spend"]["usd"]
    if kind != "headroom":
        return
    improve = (await forecast(paid, "priced-headroom", kind="improve"))["likely"]
    usual = seen["headroom"]["usual"]
    probes = improve["calls"][1] - 2 * (usual["task_calls"] + usual["proposals"])
    assert 0 <= probes <= 2
    assert improve["money_usd"][0] < seen["headroom"]["improve_usd"] < improve["money_usd"][1]
