"""What a start asks for, and how it is refused."""

import asyncio
import json
from uuid import UUID

import httpx2
import pytest
from nlu_shared.schemas.runs import RunLimits

from tests.fixtures.databases import Databases
from tests.fixtures.labelled import make_task, old_task
from tests.fixtures.servers import Servers
from tests.fixtures.stack import BOOTSTRAP_KEY, Stack, client, opened, until
from tests.induction.runs.driving import reached, shown, sql, start
from tests.induction.test_keys_by_command import run as by_command

TABLES = ("runs", "snapshots", "snapshot_cases", "case_splits", "run_events", "llm_calls")
LABELS = [{"name": "yes"}, {"name": "no"}]


async def counts(stack: Stack) -> list[int]:
    return [(await sql(stack, f"SELECT count(*) FROM {table}"))[0][0] for table in TABLES]


async def orders(stack: Stack) -> set[str]:
    """What waits to be sent. The API's relay takes from it whenever it likes, so that only what is
    added can be compared."""
    return {row["job_id"] for row in await sql(stack, "SELECT job_id FROM outbox")}


async def creating_nothing(stack: Stack, **body: object) -> httpx2.Response:
    before, waiting = await counts(stack), await orders(stack)
    answer = await stack.induction.post("/v1/runs", json=body)
    assert await counts(stack) == before
    assert await orders(stack) <= waiting
    return answer


async def refusal(stack: Stack, **body: object) -> tuple[int, str]:
    answer = await creating_nothing(stack, **body)
    return answer.status_code, answer.json()["code"]


async def test_a_task_nobody_made_cannot_be_run(stack: Stack) -> None:
    assert await refusal(stack, task="nobodys") == (404, "unknown_task")


async def test_without_a_prompt_in_production_there_is_nothing_to_improve(stack: Stack) -> None:
    made = {"slug": "bare", "kind": "intent", "labels": LABELS}
    await stack.induction.post("/v1/tasks", json=made)
    assert await refusal(stack, task="bare") == (422, "no_baseline")


async def test_without_ground_truth_there_is_nothing_to_learn_from(stack: Stack) -> None:
    await make_task(stack, "unlabelled")
    assert await refusal(stack, task="unlabelled") == (422, "no_ground_truth")
    assert await refusal(stack, task="unlabelled", dry_run=True) == (422, "no_ground_truth")


async def test_a_version_of_another_task_is_no_baseline(stack: Stack) -> None:
    await make_task(stack, "mine", cases=4)
    other = await make_task(stack, "theirs", cases=4)
    unknown = str(UUID(int=7))
    assert await refusal(stack, task="mine", prompt_version=other) == (404, "unknown_version")
    assert await refusal(stack, task="mine", prompt_version=unknown) == (404, "unknown_version")


@pytest.mark.parametrize(
    "order", [{"focus": "people"}, {"guards": {"topic_0": 0.1, "nothing like it": 0.1}}]
)
async def test_a_focus_or_guard_on_what_the_task_does_not_know_is_refused_without_echo(
    stack: Stack, order: dict[str, object]
) -> None:
    task = f"aimless-{next(iter(order))}"
    await make_task(stack, task, cases=4)
    answer = await stack.induction.post("/v1/runs", json={"task": task, **order})
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_component")
    (fault,) = answer.json()["errors"]
    assert fault["loc"] == ["body", *order]
    assert fault["expected"] == "a label of the task that is not retired"
    assert "nothing like it" not in answer.text


def door(stack: Stack) -> list[str]:
    return ["--url", str(stack.induction.base_url), "--key", BOOTSTRAP_KEY]


async def test_the_command_line_names_focus_guards_and_changes_side_by_side(stack: Stack) -> None:
    await make_task(stack, "spoken", cases=4)
    options = [*door(stack), "--task", "spoken", "--focus", "topic_0", "--proposals", "2"]
    code, run_id, complaint = await by_command(
        stack, "run", *options, "--guard", "topic_1=0.02", "--guard", "topic_2=0"
    )
    assert code == 0, complaint
    query = "SELECT focus, guards, proposals FROM runs WHERE id = $1"
    ((focus, guards, proposals),) = await sql(stack, query, run_id)
    assert (focus, proposals) == ("topic_0", 2)
    assert json.loads(guards) == {"topic_1": 0.02, "topic_2": 0}
    code, _, complaint = await by_command(stack, "run", *options, "--guard", "topic_1")
    assert (code, complaint.splitlines()[0].split(":")[0]) == (1, "induction")


async def test_the_command_line_names_the_version_hints_and_limits(stack: Stack) -> None:
    version = await make_task(stack, "told", cases=4)
    options = [*door(stack), "--task", "told", "--version", version, "--seed", "7"]
    options += ["--hint", "Be brief.", "--hint", "Be kind.", "--calls", "50", "--money-usd", "0.5"]
    _, run_id, _ = await by_command(stack, "run", *options)
    query = "SELECT baseline_version_id, seed, hints, limits FROM runs WHERE id = $1"
    ((baseline, seed, hints, limits),) = await sql(stack, query, run_id)
    assert (str(baseline), seed, json.loads(hints)) == (version, 7, ["Be brief.", "Be kind."])
    usual = RunLimits().model_dump()
    assert json.loads(limits) == {**usual, "calls": 50, "money_usd": 0.5}


@pytest.mark.law
@pytest.mark.long
async def test_a_version_is_evaluated_by_command_and_its_scores_are_the_last_lines(
    stack: Stack,
) -> None:
    version = await make_task(stack, "weighed", cases=24)
    serving = {"text": "Choose topic_0, topic_1, topic_2 or topic_3.", "promote": True}
    other = await stack.induction.post("/v1/prompts/weighed/versions", json=serving)
    assert other.status_code == 201
    options = [*door(stack), "--task", "weighed", "--version", version]
    code, alone, _ = await by_command(stack, "evaluate", *options)
    assert code == 0
    async with stack.working():
        await reached(stack, alone, "completed")
        code, printed, _ = await by_command(stack, "evaluate", *options, "--watch", "--json")
    assert code == 0
    first, *lines = printed.splitlines()
    run_id = json.loads(first)["id"]
    seen = await shown(stack, run_id)
    assert (seen["kind"], seen["baseline_version_id"]) == ("evaluate", version)
    history = [json.loads(line) for line in lines]
    assert [one["split"] for one in history if one["type"] == "prompt_evaluated"] == [
        "train",
        "validation",
    ]
    assert (history[-1]["type"], history[-1]["final_f1"]) == ("run_finished", seen["final_f1"])


@pytest.mark.law
async def test_a_watched_run_that_does_not_complete_fails_its_command(stack: Stack) -> None:
    await make_task(stack, "called-off", cases=4)
    options = [*door(stack), "--task", "called-off", "--watch"]
    watching = asyncio.create_task(by_command(stack, "evaluate", *options))

    async def started() -> str | None:
        rows = await sql(stack, "SELECT id FROM runs WHERE task = 'called-off'")
        return str(rows[0]["id"]) if rows else None

    run_id = await until(started)
    await stack.induction.post(f"/v1/runs/{run_id}/cancel")
    async with stack.working():
        code, printed, complained = await watching
    assert (code, printed.splitlines()[0]) == (1, run_id)
    assert complained.startswith("induction: the run is cancelled")


@pytest.mark.parametrize(
    "limits",
    [{"iterations": 0}, {"iterations": 21}, {"calls": 0}, {"money_usd": -1}, {"minutes": 0}],
)
async def test_limits_that_promise_nothing_are_refused(
    stack: Stack, limits: dict[str, int]
) -> None:
    assert await refusal(stack, task="mine", limits=limits) == (422, "invalid")


async def test_a_dry_run_tells_the_cost_and_creates_nothing(stack: Stack) -> None:
    await make_task(stack, "asked-first", cases=24)
    answer = await creating_nothing(stack, task="asked-first", dry_run=True)
    assert answer.status_code == 200
    forecast = answer.json()
    assert forecast["cases"] == 24
    assert sum(forecast["splits"].values()) == 24
    assert forecast["calls"] > 24
    assert (forecast["money_usd"], forecast["fits"]) == (0, True)
    small = {"task": "asked-first", "dry_run": True, "limits": {"calls": 10}}
    forecast = (await stack.induction.post("/v1/runs", json=small)).json()
    assert (forecast["fits"], forecast["starts"]) == (False, True)
    (note,) = [one for one in forecast["notes"] if one.startswith("It may end early")]
    assert f"{forecast['calls']:,} calls, and its limit is 10." in note
    assert "It starts all the same" in note
    typed = ("--task", "asked-first", "--dry-run", "--calls", "10")
    code, printed, _ = await by_command(stack, "run", *door(stack), *typed)
    assert (code, printed.splitlines()[-1]) == (0, "may end early")
    assert note in " ".join(printed.split())


@pytest.mark.law
async def test_a_forecast_is_never_passed_by_its_run(stack: Stack) -> None:
    await make_task(stack, "foretold", cases=12)
    order = {"task": "foretold", "limits": {"iterations": 2}}
    forecast = (await stack.induction.post("/v1/runs", json={**order, "dry_run": True})).json()
    run = await start(stack, **order)
    async with stack.working():
        seen = await reached(stack, run, "completed")
    assert 0 < seen["spend"]["calls"] <= forecast["calls"]


@pytest.mark.law
async def test_a_task_has_one_active_improve_run(stack: Stack) -> None:
    await make_task(stack, "busy", cases=8)
    first = await start(stack, "busy")
    assert await refusal(stack, task="busy") == (409, "run_active")
    await start(stack, "busy", kind="evaluate")
    await stack.induction.post(f"/v1/runs/{first}/pause")
    assert await refusal(stack, task="busy") == (409, "run_active")
    await stack.induction.post(f"/v1/runs/{first}/cancel")
    async with stack.working():
        await reached(stack, first, "cancelled")
    await start(stack, "busy")


@pytest.mark.law
async def test_an_evaluation_scores_the_named_version_and_leaves_the_test_part_alone(
    stack: Stack,
) -> None:
    version = await make_task(stack, "measured", cases=100)
    run = await start(stack, "measured", kind="evaluate", prompt_version=version)
    async with stack.working():
        seen = await reached(stack, run, "completed")
    assert seen["splits"]["test"] > 0
    calls = seen["spend"]["calls"] + seen["spend"]["cached_calls"]
    assert calls == seen["splits"]["train"] + seen["splits"]["validation"]
    scored = (await stack.induction.get(f"/v1/prompts/measured/versions/{version}")).json()
    assert {score["split"] for score in scored["scores"]} == {"train", "validation"}
    assert seen["final_f1"] == scored["validation_f1"] == seen["baseline_f1"]


async def at_once(stack: Stack, order: dict[str, object]) -> httpx2.Response:
    """The first answer, also where that is to come later."""
    async with client(str(stack.induction.base_url)) as hasty:
        return await hasty.post("/v1/runs", json=order)


async def test_with_nlu_logger_away_a_start_can_be_sent_again_later(
    databases: Databases, servers: Servers
) -> None:
    async with opened(databases, servers, nlu_logger_url="http://127.0.0.1:1") as alone:
        await old_task(alone, "cut-off", ("yes", "no"))
        for order in ({"task": "cut-off"}, {"task": "cut-off", "dry_run": True}):
            before = await counts(alone)
            answer = await at_once(alone, order)
            assert answer.status_code == 503
            assert int(answer.headers["retry-after"]) > 0
            assert await counts(alone) == before


async def test_a_key_nlu_logger_refuses_is_not_the_callers_fault(
    databases: Databases, servers: Servers
) -> None:
    async with opened(databases, servers, nlu_logger_key="nlk_wrong") as stranger:
        await old_task(stranger, "locked-out", ("yes", "no"))
        answer = await at_once(stranger, {"task": "locked-out"})
        assert answer.status_code == 503


async def test_runs_are_listed_newest_first_page_by_page(stack: Stack) -> None:
    await make_task(stack, "listed", cases=4)
    started = [await start(stack, "listed", kind="evaluate") for _ in range(5)]
    listed: list[str] = []
    query: dict[str, str | int] = {"task": "listed", "limit": 2}
    while True:
        page = (await stack.induction.get("/v1/runs", params=query)).json()
        listed += [run["id"] for run in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert listed == started[::-1]


@pytest.mark.law
async def test_a_forecast_says_what_its_test_part_could_show(stack: Stack) -> None:
    await make_task(stack, "foreseen", cases=100)
    order = {"task": "foreseen", "dry_run": True}
    forecast = (await stack.induction.post("/v1/runs", json=order)).json()
    assert forecast["splits"]["test"] == 20
    assert 0.2 < forecast["detectable_gain"] < 0.4


async def test_a_run_knows_how_often_its_test_cases_were_looked_at(stack: Stack) -> None:
    await make_task(stack, "looked-at", cases=4)
    for verdict in ({"tested_on": "test"}, {"tested_on": "validation"}, {"tested_on": "test"}):
        run = await start(stack, "looked-at", kind="evaluate")
        await sql(stack, "UPDATE runs SET verdict = $2 WHERE id = $1", run, json.dumps(verdict))
    last = await start(stack, "looked-at")
    (row,) = await sql(stack, "SELECT looks FROM runs WHERE id = $1", last)
    assert row["looks"] == 2


async def test_runs_of_a_task_that_there_is_not_are_not_found(stack: Stack) -> None:
    answer = await stack.induction.get("/v1/runs", params={"task": "nope"})
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_task")
    unknown = await stack.induction.get("/v1/admin/config", params={"task": "nope"})
    assert unknown.json()["detail"].endswith(" This operation takes no query parameter.")
