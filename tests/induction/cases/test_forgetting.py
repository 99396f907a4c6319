"""What nlu-logger has erased is forgotten here: texts go, hashes stay, prompts are listed."""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from induction import upstream
from induction.privacy.jobs import forget_once
from induction.resources import Resources, open_resources
from induction.upstream import UpstreamAway
from nlu_shared.schemas.ground_truth import case_hash, dataset_hash
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tests.fixtures.labelled import make_task
from tests.fixtures.stack import Stack, serving, until
from tests.induction.cases.forgetting import erase, forgotten, promoted_over, say, secret
from tests.induction.runs.driving import reached, sql, start
from tests.induction.tasks.changing import changed
from tests.nlu_logger.world import connected


@pytest.fixture(scope="module")
async def resources(stack: Stack) -> AsyncIterator[Resources]:
    async with open_resources(stack.settings) as opened:
        yield opened


@pytest.fixture
def task() -> str:
    return f"task-{uuid4().hex[:12]}"


async def evaluated(stack: Stack, task: str) -> dict[str, Any]:
    run = await start(stack, task, kind="evaluate")
    async with stack.working():
        return await reached(stack, run, "completed")


async def everything(stack: Stack) -> str:
    """Every row of every table, but the requests nobody stores."""
    names = await sql(stack, "SELECT relname FROM pg_class WHERE relkind = 'r' AND relowner <> 10")
    rows = [await sql(stack, f'SELECT t::text FROM "{name["relname"]}" AS t') for name in names]
    return json.dumps([row[0] for table in rows for row in table], ensure_ascii=False)


@pytest.mark.law
async def test_an_erased_case_leaves_snapshots_and_ledger_and_their_hashes_stay(
    stack: Stack, resources: Resources, task: str
) -> None:
    await make_task(stack, task, cases=8)
    person = uuid4()
    case = await say(stack, task, person)
    run = await evaluated(stack, task)
    await promoted_over(stack, task, secret(task))
    assert f"parcel of {task}" in await everything(stack)
    await erase(stack, person)
    await forget_once(resources)
    assert f"parcel of {task}" not in await everything(stack)
    record = await forgotten(stack, case)
    assert (record["why"], record["snapshots"], record["answers"]) == ("erased", 1, 1)
    assert record["forgotten_at"] is not None
    of_snapshot = """
        SELECT *, truth::text AS truth_text FROM snapshot_cases WHERE dataset_hash = $1
        ORDER BY case_id
    """
    rows = await sql(stack, of_snapshot, run["dataset_hash"])
    hashes = [
        row["forgotten_hash"]
        or case_hash(
            task=task,
            text=row["text"],
            truth=json.loads(row["truth_text"]),
            group=row["case_group"],
            may_quote=row["may_quote"],
        )
        for row in rows
    ]
    assert dataset_hash(hashes) == run["dataset_hash"]
    calls = await sql(
        stack, "SELECT outcome, text FROM llm_calls WHERE run_id = $1 ORDER BY outcome", run["id"]
    )
    assert [call["outcome"] for call in calls] == ["forgotten", *["ok"] * 8]
    assert calls[0]["text"] is None
    again = await evaluated(stack, task)
    assert (again["status"], again["dataset_size"]) == ("completed", 8)


@pytest.mark.law
async def test_answers_under_labels_that_have_changed_since_are_forgotten_too(
    stack: Stack, resources: Resources, task: str
) -> None:
    await make_task(stack, task, cases=8)
    person = uuid4()
    case = await say(stack, task, person)
    await evaluated(stack, task)
    names = [*(f"topic_{number}" for number in range(4)), "topic_9"]
    await changed(stack, task, labels=[{"name": name} for name in names])
    await evaluated(stack, task)
    await erase(stack, person)
    await forget_once(resources)
    assert (await forgotten(stack, case))["answers"] == 2


async def test_the_same_words_approved_anew_are_asked_anew(
    stack: Stack, resources: Resources, task: str
) -> None:
    await make_task(stack, task, cases=4)
    person = uuid4()
    await say(stack, task, person)
    first = await evaluated(stack, task)
    await erase(stack, person)
    await forget_once(resources)
    await say(stack, task, uuid4())
    second = await evaluated(stack, task)
    assert second["dataset_hash"] == first["dataset_hash"]
    assert second["spend"]["calls"] == 1
    assert second["final_f1"] == first["final_f1"]


async def test_a_run_on_an_erased_case_is_ended_first(
    stack: Stack, resources: Resources, task: str
) -> None:
    await make_task(stack, task, cases=8)
    person = uuid4()
    case = await say(stack, task, person)
    run = await start(stack, task, kind="evaluate")
    await stack.induction.post(f"/v1/runs/{run}/pause")
    await erase(stack, person)
    await forget_once(resources)
    assert (await forgotten(stack, case))["forgotten_at"] is None

    async def is_forgotten() -> bool:
        return (await forgotten(stack, case))["forgotten_at"] is not None

    async with stack.working(forget_seconds=0.05):
        await reached(stack, run, "cancelled")
        await until(is_forgotten)
    assert f"parcel of {task}" not in await everything(stack)


async def test_a_run_on_a_removed_case_is_waited_for(
    stack: Stack, resources: Resources, task: str
) -> None:
    await make_task(stack, task, cases=8)
    case = await say(stack, task, uuid4())
    run = await start(stack, task, kind="evaluate")
    assert (await stack.logger.delete(f"/v1/ground-truth/{case}")).status_code == 204
    await forget_once(resources)
    assert (await forgotten(stack, case))["forgotten_at"] is None
    async with stack.working():
        await reached(stack, run, "completed")
    await forget_once(resources)
    assert (await forgotten(stack, case))["why"] == "removed"
    assert (await forgotten(stack, case))["forgotten_at"] is not None


async def test_prompts_that_quote_it_are_listed_and_left_alone(
    stack: Stack, resources: Resources, task: str
) -> None:
    await make_task(stack, task, cases=8)
    person = uuid4()
    case = await say(stack, task, person)
    versions = []
    for content in (
        {
            "instructions": [{"name": "rules", "text": "topic_0 topic_1 topic_2 topic_3"}],
            "examples": [{"text": "another text", "output": "topic_0", "case_id": case}],
        },
        {
            "instructions": [{"name": "rules", "text": "topic_0 topic_1 topic_2 topic_3"}],
            "retrieval": {
                "selector": "bm25/1",
                "k": 1,
                "per_answer": 1,
                "max_characters": 100,
                "bank": [{"text": "another text", "output": "topic_0", "case_id": case}],
            },
        },
        {
            "instructions": [
                {"name": "rules", "text": f"topic_0 {secret(task)} topic_1 topic_2 topic_3"}
            ]
        },
        {"instructions": [{"name": "rules", "text": "topic_0 topic_1 topic_2 topic_3 only"}]},
    ):
        made = await stack.induction.post(f"/v1/prompts/{task}/versions", json={"content": content})
        assert made.status_code == 201, made.text
        versions.append(made.json())
    await evaluated(stack, task)
    await erase(stack, person)
    await forget_once(resources)
    assert (await forgotten(stack, case))["quoted_in"] == sorted(one["id"] for one in versions[:3])
    for one in versions:
        path = f"/v1/prompts/{task}/versions/{one['id']}"
        assert (await stack.induction.get(path)).json()["content"] == one["content"]


async def test_a_proposal_that_repeats_the_text_is_blanked(
    stack: Stack, resources: Resources, task: str
) -> None:
    await make_task(stack, task, cases=8)
    person = uuid4()
    await say(stack, task, person)
    run = await evaluated(stack, task)
    for key, text in (("a", f"add {json.dumps(secret(task))}"), ("b", "add nothing")):
        await sql(
            stack,
            "INSERT INTO llm_calls (run_id, key, sample, purpose, provider, model, adapter, epoch,"
            " outcome, text) VALUES ($1, $2, 0, 'proposer', 'p', 'm', 'a', 0, 'ok', $3)",
            run["id"],
            key,
            text,
        )
    await erase(stack, person)
    await forget_once(resources)
    calls = await sql(
        stack,
        "SELECT outcome, text FROM llm_calls WHERE run_id = $1 AND purpose = 'proposer'"
        " ORDER BY key",
        run["id"],
    )
    assert [tuple(call) for call in calls] == [("forgotten", None), ("ok", "add nothing")]


async def test_findings_are_told_again_to_a_logger_that_was_set_back(
    stack: Stack, resources: Resources, task: str
) -> None:
    """Another list under the same numbers is what a restored backup goes on with."""
    await make_task(stack, task, cases=8)
    run = await evaluated(stack, task)
    person = uuid4()
    case = await say(stack, task, person)
    await erase(stack, person)
    await forget_once(resources)
    await sql(stack, "UPDATE runs SET findings_sent_at = now() WHERE id = $1", run["id"])
    query = "SELECT findings_sent_at FROM runs WHERE id = $1"
    await forget_once(resources)
    assert (await sql(stack, query, run["id"]))[0][0] is not None
    async with connected(stack.logger_database.owner_url) as owner:
        await owner.execute("UPDATE erased_cases SET mark = gen_random_uuid()")
    await forget_once(resources)
    assert (await sql(stack, query, run["id"]))[0][0] is None
    assert (await forgotten(stack, case))["forgotten_at"] is not None


async def test_a_case_of_a_task_nobody_knows_here_is_nothing_to_forget(
    stack: Stack, resources: Resources, task: str
) -> None:
    person = uuid4()
    case = await say(stack, task, person)
    await erase(stack, person)
    await forget_once(resources)
    record = await forgotten(stack, case)
    assert (record["snapshots"], record["forgotten_at"] is None) == (0, False)


@pytest.mark.parametrize(
    ("status", "body"), [(401, "{}"), (503, "{}"), (200, "<html>"), (200, '{"items": [{}]}')]
)
async def test_an_answer_that_cannot_be_read_is_a_service_away(status: int, body: str) -> None:
    async def answer(_: Request) -> Response:
        return PlainTextResponse(body, status)

    app = Starlette(routes=[Route("/v1/ground-truth/erased", answer)])
    async with serving(app) as url, httpx2.AsyncClient(base_url=url, trust_env=False) as client:
        with pytest.raises(UpstreamAway):
            await upstream.fetch_erased(client, after=0)


@pytest.mark.law
@pytest.mark.parametrize(
    "kind", [{"kind": "headroom"}, {"kind": "migrate", "to_models": ["claude-sonnet-5-5"]}]
)
async def test_answers_to_prompts_and_models_that_only_measured_are_forgotten_too(
    stack: Stack, resources: Resources, task: str, kind: dict[str, Any]
) -> None:
    """What a headroom run asks with is stored nowhere, so none of its answers can be told to be
    about another case."""
    await make_task(stack, task, cases=24)
    person = uuid4()
    case = await say(stack, task, person)
    run = await start(stack, task, **kind)
    async with stack.working():
        await reached(stack, run, "completed")
    await erase(stack, person)
    await forget_once(resources)
    assert (await forgotten(stack, case))["forgotten_at"] is not None
    counted = "SELECT count(text) AS kept, count(*) AS made FROM llm_calls WHERE run_id = $1"
    (calls,) = await sql(stack, counted, run)
    if kind["kind"] == "headroom":
        assert calls["kept"] == 0
    else:
        assert 0 < calls["kept"] <= calls["made"]
    assert (await stack.induction.get(f"/v1/runs/{run}")).status_code == 200
