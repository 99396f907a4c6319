"""A migration to several models of which one cannot be asked."""

import json
from typing import Any

import pytest

from tests.fixtures.chat_server import ChatServer
from tests.fixtures.databases import Databases
from tests.fixtures.dialects import Server
from tests.fixtures.labelled import make_task
from tests.fixtures.servers import Servers
from tests.fixtures.stack import opened, serving
from tests.induction.runs.driving import reached, sql, start
from tests.induction.runs.speaking import beside
from tests.induction.runs.test_verifying import verified

pytestmark = pytest.mark.law
CHATTY, DUMB, NEW = "chatty/m", "dumb/m", "claude-sonnet-5-5"


def provider(url: str) -> dict[str, Any]:
    return {"api": "chat-completions", "base_url": f"{url}/v1", "billed": False}


async def test_one_that_gives_no_usable_answer_ends_nothing(
    databases: Databases, servers: Servers
) -> None:
    chatty, dumb = ChatServer(prose="It is a fruit."), ChatServer(refuses=("messages",))
    async with (
        serving(chatty.app) as one,
        serving(dumb.app) as other,
        opened(
            databases, servers, providers={"chatty": provider(one), "dumb": provider(other)}
        ) as stack,
    ):
        await make_task(stack, "several", cases=24)
        order: dict[str, Any] = {"kind": "migrate"}
        async with stack.working():
            run = await start(stack, "several", **order, to_models=[CHATTY, NEW, DUMB])
            seen = await reached(stack, run)
            alone = await reached(
                stack, await start(stack, "several", **order, to_models=[CHATTY, DUMB])
            )
            checked = await verified(stack, run)
        assert (seen["status"], seen["reason"]) == ("completed", "compared")
        first, new, last = seen["migration"]["comparisons"]
        assert (first["kind"], first["cases"]) == ("not_judged", 0)
        assert '"It is a fruit."' in first["summary"]
        assert "(ok)" not in first["summary"]
        assert (last["kind"], "in no form of it" in last["summary"]) == ("not_judged", True)
        assert (new["kind"], new["alpha"]) == ("needs_labels", 0.05)
        assert checked["outcome"] == "same", checked
        assert (alone["status"], alone["migration"]["comparisons"]) == ("failed", [])
        assert "gives no usable answer" in alone["reason"]
        assert alone["spend"]["calls"] == 1, "the old model was not asked"


async def test_one_whose_provider_never_answers_is_passed_over_at_last(
    databases: Databases, servers: Servers
) -> None:
    nobody = {"gone": provider("http://127.0.0.1:9")}
    async with opened(databases, servers, providers=nobody) as stack:
        await make_task(stack, "waited", cases=24)
        run = await start(stack, "waited", kind="migrate", to_models=["gone/m", NEW])
        async with stack.working(hasty=True, outage_seconds=0.05, poll_seconds=0.1):
            seen = await reached(stack, run)
    gone, new = seen["migration"]["comparisons"]
    assert (gone["kind"], "does not answer" in gone["summary"]) == ("not_judged", True)
    assert new["kind"] == "needs_labels"


async def test_a_run_that_is_parked_over_one_model_asks_the_others_nothing_twice(
    databases: Databases, servers: Servers
) -> None:
    busy = (429, {"retry-after": "3600"}, "{}")
    speaking = {"ready": Server(), "busy": Server(faults=[busy, busy])}
    probes = "SELECT model, sum(attempts)::int FROM llm_calls WHERE purpose = 'probe' GROUP BY 1"
    async with beside(databases, servers, speaking) as stack:
        run = await start(
            stack, "spoken", kind="migrate", models={"task": "ready/m"}, to_models=["busy/m"]
        )
        async with stack.working():
            for _ in range(2):
                await reached(stack, run, "parked")
                (row,) = await sql(stack, "SELECT servers FROM runs WHERE id = $1", run)
                assert list(json.loads(row["servers"])) == ["ready/m"]
                await stack.induction.post(f"/v1/runs/{run}/resume")
            seen = await reached(stack, run, "completed")
        assert dict(await sql(stack, probes)) == {"ready/m": 1, "busy/m": 1}
        assert seen["answered_by"].startswith("m of ready at ")
