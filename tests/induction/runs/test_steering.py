"""An operator's hand on a run: pause, resume, cancel, hint."""

from typing import Any
from uuid import UUID

import pytest
from offline_model.settings import OfflineSettings

from tests.fixtures.browsing import browser
from tests.fixtures.browsing import shown as on_page
from tests.fixtures.databases import Databases
from tests.fixtures.labelled import WORDS, make_task
from tests.fixtures.servers import Servers
from tests.fixtures.stack import Stack, opened, until
from tests.induction.runs.driving import answered, asked_in_vain, events, reached, shown, sql, start
from tests.induction.runs.test_starting import door
from tests.induction.runs.test_verifying import verified
from tests.induction.test_keys_by_command import run as by_command

UNHURRIED = OfflineSettings(latency_ms=5)
"""Slow enough that a run is still on its way when it is asked to stop."""
SLOW = OfflineSettings(latency_ms=20)
"""So is a short one."""
WAITING = "Hints that wait to be heard"


async def wait_for_first_event(stack: Stack, run: str) -> None:
    async def has_begun() -> bool:
        return bool(await sql(stack, "SELECT 1 FROM run_events WHERE run_id = $1 LIMIT 1", run))

    await until(has_begun)


async def steer(stack: Stack, run: str, verb: str) -> dict[str, Any]:
    answer = await stack.induction.post(f"/v1/runs/{run}/{verb}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@pytest.mark.law
@pytest.mark.parametrize("cases", [24, pytest.param(16, marks=pytest.mark.long)])
async def test_a_paused_run_ends_as_one_that_never_paused(
    databases: Databases, servers: Servers, cases: int
) -> None:
    """In two databases that share nothing: the same events, and the same prompt. Of 16 cases none
    can be set aside, so that the procedure is judged too."""
    histories = []
    for pausing in (False, True):
        async with opened(databases, servers, model=SLOW, concurrency=4) as stack:
            await make_task(stack, "twin", cases=cases)
            run = await start(stack, "twin", limits={"iterations": 2})
            async with stack.working():
                if pausing:
                    await wait_for_first_event(stack, run)
                    await steer(stack, run, "pause")
                    await reached(stack, run, "paused")
                    calls = await answered(stack)
                    assert (await shown(stack, run))["completed_at"] is None
                    await steer(stack, run, "resume")
                    assert set(calls) < set(await answered_at_the_end(stack, run))
                await reached(stack, run, "completed")
            histories.append(await events(stack, run))
            assert await asked_in_vain(stack) == 0
    unpaused, paused = histories
    assert paused[-1]["best_hash"] == unpaused[-1]["best_hash"]
    assert paused == unpaused


async def answered_at_the_end(stack: Stack, run: str) -> dict[str, int]:
    await reached(stack, run, "completed")
    return await answered(stack)


@pytest.mark.law
@pytest.mark.long
async def test_a_run_nobody_works_on_pauses_at_once_and_stays_paused(stack: Stack) -> None:
    await make_task(stack, "resting", cases=24)
    run = await start(stack, "resting", limits={"iterations": 1})
    assert (await steer(stack, run, "pause"))["status"] == "paused"
    evaluation = await start(stack, "resting", kind="evaluate")
    async with stack.working():
        await reached(stack, evaluation, "completed")
        assert (await shown(stack, run))["status"] == "paused"
        assert (await steer(stack, run, "resume"))["status"] in {"waiting", "running"}
        await reached(stack, run, "completed")


@pytest.mark.law
@pytest.mark.long
async def test_time_spent_paused_is_not_time_used(stack: Stack) -> None:
    await make_task(stack, "patient", cases=24)
    run = await start(stack, "patient", limits={"minutes": 10, "iterations": 1})
    await steer(stack, run, "pause")
    # An hour ago it was claimed once and has been paused ever since.
    await sql(
        stack,
        "UPDATE runs SET started_at = now() - interval '1 hour',"
        " idle_since = now() - interval '1 hour' WHERE id = $1",
        run,
    )
    await steer(stack, run, "resume")
    async with stack.working():
        seen = await reached(stack, run, "completed")
    assert not seen["reason"].startswith("minutes")


@pytest.mark.law
@pytest.mark.long
async def test_time_without_a_worker_is_not_time_used(stack: Stack) -> None:
    await make_task(stack, "deserted", cases=24)
    run = await start(stack, "deserted", limits={"minutes": 10, "iterations": 1})
    # Its worker died an hour ago, and none was left to go on.
    await sql(
        stack,
        "UPDATE runs SET status = 'running', started_at = now() - interval '1 hour',"
        " lease_until = now() - interval '1 hour' WHERE id = $1",
        run,
    )
    async with stack.working():
        seen = await reached(stack, run, "completed")
    assert not seen["reason"].startswith("minutes")


@pytest.mark.law
async def test_minutes_used_up_end_the_run(stack: Stack) -> None:
    await make_task(stack, "overdue", cases=8)
    run = await start(stack, "overdue", limits={"minutes": 10})
    await sql(stack, "UPDATE runs SET started_at = now() - interval '1 hour' WHERE id = $1", run)
    async with stack.working():
        seen = await reached(stack, run)
    assert (seen["status"], seen["reason"]) == (
        "completed",
        "minutes: the limit of 10 minutes",
    )
    assert seen["spend"]["calls"] == 0


@pytest.mark.law
async def test_a_cancelled_run_says_so_last_and_leaves_the_test_part_untouched(
    databases: Databases, servers: Servers
) -> None:
    async with opened(databases, servers, model=UNHURRIED, concurrency=4) as stack:
        await make_task(stack, "unwanted", cases=100)
        run = await start(stack, "unwanted")
        async with stack.working():
            await wait_for_first_event(stack, run)
            await steer(stack, run, "cancel")
            seen = await reached(stack, run)
        history = await events(stack, run)
        assert seen["status"] == "cancelled"
        assert seen["verdict"] is None
        assert (history[-1]["type"], history[-1]["status"]) == ("run_finished", "cancelled")
        assert seen["splits"]["test"] > 0
        assert not [one for one in history if one.get("split") == "test"]
        assert seen["spend"]["calls"] <= seen["splits"]["train"] + seen["splits"]["validation"]


async def test_a_paused_run_can_be_cancelled(stack: Stack) -> None:
    await make_task(stack, "abandoned", cases=8)
    run = await start(stack, "abandoned")
    await steer(stack, run, "pause")
    await steer(stack, run, "cancel")
    async with stack.working():
        assert (await reached(stack, run))["status"] == "cancelled"
    assert (await events(stack, run))[-1]["status"] == "cancelled"


@pytest.mark.law
async def test_a_hint_reaches_the_next_proposal_once(stack: Stack) -> None:
    """Where no case may be shown, so that no examples end the search before a proposal."""
    await make_task(stack, "advised", cases=24)
    private = {"task": "advised", "may_quote": False, "dry_run": False}
    assert (await stack.logger.post("/v1/ground-truth:quoting", json=private)).status_code == 200
    run = await start(stack, "advised", hints=["look at the verbs"], focus="topic_0")
    hinted = await stack.induction.post(f"/v1/runs/{run}/hints", json={"hint": "and at the nouns"})
    assert hinted.status_code == 202
    before = await _page(stack, run)
    async with stack.working():
        await reached(stack, run, "completed")
    after, history = await _page(stack, run), await events(stack, run)
    hints = [one["hint"] for one in history if one["type"] == "hint_taken"]
    assert hints == ["Focus on: topic_0", "look at the verbs", "and at the nouns"]
    kinds = [one["type"] for one in history]
    assert "prompt_proposed" in kinds[kinds.index("hint_taken") :]
    # On its page hints stand at once, and steering stands above the search.
    assert _in_order(before, 'id="hint"', WAITING, *hints[1:], 'id="searching"', 'id="changes"')
    assert WAITING not in after
    assert _in_order(after, "How it was steered", *hints)


async def _page(stack: Stack, run: str) -> str:
    async with browser(str(stack.induction.base_url)) as page:
        return await on_page(page, f"runs/{run}")


def _in_order(page: str, *parts: str) -> bool:
    places = [page.index(one) for one in parts]
    return places == sorted(places)


async def test_a_run_that_is_over_cannot_be_steered(stack: Stack) -> None:
    await make_task(stack, "done", cases=4)
    run = await start(stack, "done", kind="evaluate")
    async with stack.working():
        await reached(stack, run, "completed")
    for verb in ("pause", "resume", "cancel"):
        answer = await stack.induction.post(f"/v1/runs/{run}/{verb}")
        assert (answer.status_code, answer.json()["code"]) == (409, "run_over")
    answer = await stack.induction.post(f"/v1/runs/{run}/hints", json={"hint": "too late"})
    assert answer.status_code == 409


async def test_an_unknown_run_is_not_found(stack: Stack) -> None:
    unknown = "01890000-0000-7000-8000-000000000000"
    assert (await stack.induction.get(f"/v1/runs/{unknown}")).status_code == 404
    assert (await stack.induction.get(f"/v1/runs/{unknown}/events")).status_code == 404
    for verb in ("pause", "resume", "cancel"):
        assert (await stack.induction.post(f"/v1/runs/{unknown}/{verb}")).status_code == 404


async def test_a_run_is_steered_by_command(stack: Stack) -> None:
    await make_task(stack, "commanded", cases=8)
    run = await start(stack, "commanded")
    for order, status in (
        (("pause", run), "paused"),
        (("hint", run, "names of months are no cities"), "paused"),
        (("resume", run), "waiting"),
        (("cancel", run), "cancelling"),
    ):
        code, printed, complained = await by_command(stack, "runs", *order, *door(stack))
        assert (code, printed.split(), complained) == (0, [run, status], ""), order
    unknown = str(UUID(int=0))
    code, _, complained = await by_command(stack, "runs", "pause", unknown, *door(stack))
    assert (code, complained.splitlines()) == (1, ["induction: There is no such run."])
    hints = await sql(stack, "SELECT hint FROM run_hints WHERE run_id = $1", run)
    assert [row["hint"] for row in hints] == ["names of months are no cities"]


@pytest.mark.law
async def test_a_prompt_of_a_person_is_tried_by_the_same_gates_to_a_verdict(stack: Stack) -> None:
    """Nothing else is proposed: what changed is told as of any change, and the run replays."""
    baseline = await make_task(stack, "by-hand", cases=120)
    examples = [
        {"text": " ".join(WORDS[label]), "output": f"topic_{number}"}
        for number, label in enumerate(sorted(WORDS))
    ]
    shown = (await stack.induction.get(f"/v1/prompts/by-hand/versions/{baseline}")).json()
    content = shown["content"] | {"examples": examples}
    written = await stack.induction.post("/v1/prompts/by-hand/versions", json={"content": content})
    candidate = written.json()["id"]
    run = await start(stack, "by-hand", candidate=candidate)
    async with stack.working():
        ended = await reached(stack, run, "completed")
        checked = await verified(stack, run)
    assert [one["version_id"] for one in ended["changes"]] == [candidate]
    assert ended["candidate_version_id"] == candidate
    assert (ended["verdict"] is None) is (ended["changes"][0]["outcome"] != "kept")
    assert checked["outcome"] == "same"
    purposes = await sql(stack, "SELECT DISTINCT purpose FROM llm_calls WHERE run_id = $1", run)
    assert "proposer" not in {row["purpose"] for row in purposes}
    for order, code in (
        ({"candidate": baseline}, "same_prompt"),
        ({"candidate": candidate, "kind": "evaluate"}, "invalid"),
    ):
        answer = await stack.induction.post("/v1/runs", json={"task": "by-hand"} | order)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
