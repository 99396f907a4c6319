"""What belongs to a task, on its pages: its trigger, what serves, experiments, where versions came
from; who may press what, and that a page asks no more of a long list than of a short one."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx2
import pytest
from induction.experiments.jobs import look_once
from induction.experiments.policy import strength
from induction.resources import open_resources

from tests.fixtures.browsing import HOSTILE, Foreign, browser, shown
from tests.fixtures.labelled import make_task
from tests.fixtures.stack import Stack
from tests.fixtures.statements import counted
from tests.induction.experiments.test_experiments import PLAN, versions
from tests.induction.experiments.traffic import logged
from tests.induction.runs.driving import sql
from tests.induction.test_scopes import key_with
from tests.induction.triggers.test_decisions import consider

READS = {"runs:read", "prompts:read", "tasks:read"}


@pytest.fixture(scope="module")
async def page(stack: Stack) -> AsyncIterator[httpx2.AsyncClient]:
    async with browser(str(stack.induction.base_url)) as made:
        yield made


@pytest.fixture(scope="module")
async def reader(stack: Stack) -> AsyncIterator[httpx2.AsyncClient]:
    """Somebody who may look at everything of a task, and press nothing."""
    async with browser(str(stack.induction.base_url), await key_with(stack, READS)) as made:
        yield made


async def pressed(page: httpx2.AsyncClient, path: str, **body: Any) -> dict[str, Any]:
    answer = await page.post(f"/dashboard/{path}", json=body)
    assert answer.status_code in (200, 204), answer.text
    return answer.json() if answer.content else {}


async def statements(page: httpx2.AsyncClient, path: str) -> int:
    with counted() as sent:
        await shown(page, path)
    return len(sent)


@pytest.mark.law
async def test_a_trigger_is_switched_on_paused_resumed_and_begun_anew_on_its_page(
    stack: Stack, page: httpx2.AsyncClient, reader: httpx2.AsyncClient
) -> None:
    await make_task(stack, "ruled-here", cases=4)
    path = "/tasks/ruled-here/trigger"
    assert "No run of this task starts by itself." in await shown(page, path)
    rules = {"task": "ruled-here", "enabled": True, "canary": False, "min_cases": 4}
    kept = await pressed(page, "triggers", **rules, cooldown_hours=30.5)
    assert (kept["enabled"], kept["min_cases"], kept["cooldown_hours"]) == (True, 4, 30.5)
    assert "watches" in await shown(page, path)
    await consider(stack, "ruled-here")
    await consider(stack, "ruled-here")
    waits = await shown(page, path)
    assert "Cooldown until" in waits
    assert "30.5 hours from the last start" in waits
    newest, first = waits.index("A run of this task is active."), waits.rindex("4 of them new")
    assert newest < first
    for choice, kept, left in (
        ("yes", "4 of them new", "A run of this task is active."),
        ("no", "A run of this task is active.", "4 of them new"),
    ):
        chosen = await shown(page, path, started=choice)
        decisions = chosen[chosen.index('id="decisions"') :]
        assert kept in decisions
        assert left not in decisions
        table = await page.get(f"/dashboard{path}.csv", params={"started": choice})
        assert kept in table.text
        assert left not in table.text
    oldest_first = await shown(page, path, sort="decided")
    table = oldest_first[oldest_first.index('id="decisions"') :]
    assert table.index("4 of them new") < table.index("A run of this task is active.")
    assert "not now. A run of this task is active." in await shown(page, "")
    await pressed(page, "triggers/pause", task="ruled-here")
    assert "Paused by bootstrap since" in await shown(page, path)
    await pressed(page, "triggers/resume", task="ruled-here")
    assert "Nothing was decided since somebody last changed this." in await shown(page, path)
    assert "A run of this task is active" not in await shown(page, "")
    assert "I have looked" not in await shown(page, path)
    await pressed(page, "triggers/reset-backoff", task="ruled-here")
    refused = await reader.get(f"/dashboard{path}", headers={"accept": "text/html"})
    assert refused.status_code == 403
    assert "The scope admin is needed." in refused.text
    assert Foreign(refused.text).violations == []
    assert (await reader.get(f"/dashboard{path}")).json()["code"] == "forbidden"
    assert f"/dashboard{path}" not in await shown(reader, "/tasks/ruled-here")


@pytest.mark.law
async def test_a_version_is_proposed_with_its_evidence_rejected_and_approved_and_rolled_back(
    stack: Stack, page: httpx2.AsyncClient, reader: httpx2.AsyncClient
) -> None:
    a, b = await versions(stack, "decided-here")
    await stack.induction.patch("/v1/tasks/decided-here", json={"promotion_approvals": 1})
    own = f"/tasks/decided-here/versions/{b}"
    before = await shown(page, own)
    assert "No run has measured or compared it." in before
    assert 'class="stretch"' in before  # beside what serves
    assert "Propose to production" in before
    assert "It serves once 1 other has approved." in before
    assert "Propose" not in await shown(reader, own)
    production = "/tasks/decided-here/production"
    assert "Nothing waits." in await shown(page, production)
    first = await pressed(page, f"tasks/decided-here/versions/{b}/promote", reason=HOSTILE)
    waiting = await shown(page, production)
    assert "by bootstrap" in waiting or ">bootstrap<" in waiting
    assert "Withdraw" in waiting
    assert "Approve" not in await shown(reader, production)
    press = "tasks/decided-here/proposals"
    await pressed(page, f"{press}/{first['id']}/reject", reason="not yet")
    assert ": <bdi>not yet</bdi>" in await shown(page, "/tasks/decided-here/proposals")
    again = await pressed(page, f"tasks/decided-here/versions/{b}/promote", reason="now it is")
    decider = await key_with(stack, {*READS, "prompts:approve"})
    async with browser(str(stack.induction.base_url), decider) as other:
        assert "Approve" in await shown(other, production)
        await pressed(other, f"{press}/{again['id']}/approve", version_hash=again["version_hash"])
    listed = await shown(page, "/tasks/decided-here/proposals", status="rejected")
    assert "not yet" in listed
    assert "now it is" not in listed
    served = await shown(page, production)
    assert "now it is" in served
    assert "Roll back…" in served
    assert "Roll back…" not in await shown(reader, production)
    back = await pressed(page, "tasks/decided-here/rollback", version_hash=again["version_hash"])
    assert back["id"] == a
    after = await shown(page, production)
    assert "brought back</span>" in after
    assert "no other version is left that a roll-back could bring back" in after
    assert "which was rolled back, can be promoted again on its page" in after
    await stack.induction.patch("/v1/tasks/decided-here", json={"promotion_verdict": "proven"})
    needs = await shown(page, own)
    assert "finds it proven at least" in needs
    assert '/promote"' not in needs


@pytest.mark.law
async def test_an_experiment_is_ordered_from_a_version_watched_to_its_win_and_stopped(
    stack: Stack, page: httpx2.AsyncClient, reader: httpx2.AsyncClient
) -> None:
    a, b = await versions(stack, "tried-here")
    listed = "/tasks/tried-here/experiments"
    assert "No experiment yet." in await shown(page, listed)
    order = f"/tasks/tried-here/versions/{b}/experiment"
    assert f"/dashboard{order}" in await shown(page, f"/tasks/tried-here/versions/{b}")
    assert "Start the experiment" in await shown(page, order)
    assert "Your key may not" in await shown(reader, order)
    assert "serves already" in await shown(page, f"/tasks/tried-here/versions/{a}/experiment")
    plan = PLAN | {"version_id": b, "shares": [0.2, 0.5, 1.0], "reason": HOSTILE}
    made = await pressed(page, "tasks/tried-here/experiments", **plan)
    own = f"{listed}/{made['id']}"
    begun = await shown(page, own)
    assert "Nothing has settled yet." in begun
    assert "50 % of units get it once 50 more units have settled." in begun
    assert "Without a decision it stops <time datetime=" in begun
    assert "An experiment of this task is running, or has won" in await shown(page, order)
    assert f"/dashboard{own}" in await shown(page, "")
    async with open_resources(stack.settings) as worker:
        await logged(stack, "tried-here", a, units=80, successes=56)
        await logged(stack, "tried-here", b, units=20, successes=14)
        await look_once(worker)
        running = await shown(page, own)
        assert "Not decided yet" in running
        assert "No larger share is left before a win." in running
        assert '<div class="ends"><span><time datetime=' in running
        assert 'class="chart narrow-chart" viewBox="0 0 380 268"' in running
        await logged(stack, "tried-here", a, units=500, successes=350)
        await logged(stack, "tried-here", b, units=500, successes=450)
        await look_once(worker)
        await look_once(worker)
    answer = await stack.induction.get(f"/v1/prompts{own.removeprefix('/tasks')}")
    course = answer.json()["evidence"]["course"]
    assert [one["units"] for one in course] == [100, 1_100]
    assert course[-1]["better"] == answer.json()["evidence"]["better"]
    won = await shown(page, own)
    assert "The candidate has won" in won
    assert "at most 1 in 20" in won
    assert "See the candidate and promote it" in won
    assert "Stop:" not in await shown(reader, own)
    brief = (await stack.induction.get("/v1/prompts/tried-here/experiments")).json()["items"][0]
    assert brief["evidence"]["course"] == []
    table = await shown(page, listed)
    assert "b succeeds more often" in table
    assert "Evidence <br>for better" in table
    assert f"{strength(answer.json()['evidence']['better'])} <small>of 20</small>" in table
    for sort in ("share", "-share", "units", "-units"):
        assert made["id"] in await shown(page, listed, sort=sort)
        assert made["id"] not in await shown(page, listed, sort=sort, cursor=made["id"])
    await pressed(page, f"tasks/tried-here/experiments/{made['id']}/stop", reason="seen")
    stopped = await shown(page, own)
    assert "The candidate has won" in stopped
    assert "Units get production again" in stopped
    assert "Stop:" not in stopped


async def test_an_experiment_that_production_has_left_is_over_on_every_page(
    stack: Stack, page: httpx2.AsyncClient
) -> None:
    task = "left-behind"
    _, b = await versions(stack, task)
    own = f"/tasks/{task}/experiments"
    made = await pressed(page, f"tasks/{task}/experiments", **PLAN | {"version_id": b})
    begun = await shown(page, f"{own}/{made['id']}")
    assert "A winner</dt>" in begun
    await pressed(page, f"tasks/{task}/versions/{b}/promote")
    await pressed(page, f"tasks/{task}/rollback")
    won = """
    UPDATE experiments SET status = 'won', ended_at = created_at, ended_by = 'x' WHERE id = $1
    """
    for words in ("It is over: production has moved", "The candidate had won, and production"):
        over = await shown(page, f"{own}/{made['id']}")
        assert words in over
        assert "which no prediction gets any more" in over
        assert '<th scope="row">0 %</th>' in over
        assert "gives no prediction its candidate any more" in over
        for gone in ("get now", "Stop:", "A winner</dt>", "Without a decision", "promote it"):
            assert gone not in over
        listed = await shown(page, own)
        assert "production moved since" in listed
        assert '<td class="number">0 %</td>' in listed
        assert "and does so now" not in await shown(page, f"/tasks/{task}/versions/{b}")
        assert f"/dashboard{own}/{made['id']}" not in await shown(page, "")
        await sql(stack, won, UUID(made["id"]))
    assert "Look at it" not in await shown(page, f"/tasks/{task}/versions/{b}/experiment")


async def test_one_that_was_rolled_back_has_a_row_for_its_last_share(
    stack: Stack, page: httpx2.AsyncClient
) -> None:
    task = "rolled-back-here"
    _, b = await versions(stack, task)
    made = await pressed(page, f"tasks/{task}/experiments", **PLAN | {"version_id": b})
    back = """
    UPDATE experiments SET status = 'rolled_back', conclusion = 'b succeeds less often',
        ended_at = now(), ended_by = 'experiment', over_at_move = began_at_move WHERE id = $1
    """
    await sql(stack, back, UUID(made["id"]))
    over = await shown(page, f"/tasks/{task}/experiments/{made['id']}")
    steps = over[over.index(">Shares<") :]
    assert steps.index('<th scope="row">0 %</th>') < steps.index("b succeeds less often")
    assert steps.index("b succeeds less often") < steps.index("it began")
    assert "which no prediction gets any more" in over
    assert "A winner</dt>" not in over


@pytest.mark.law
async def test_pages_ask_no_more_of_a_long_list(stack: Stack, page: httpx2.AsyncClient) -> None:
    _, b = await versions(stack, "long-lists")
    await stack.induction.patch("/v1/tasks/long-lists", json={"promotion_approvals": 1})
    paths = [
        f"/tasks/long-lists{one}"
        for one in ("", "/production", "/proposals", "/experiments", "/lineage", "/trigger")
    ]
    paths += [f"/tasks/long-lists/versions/{b}", "", "/runs", "/keys", "/queue"]

    async def one_more(text: str) -> None:
        body = {"text": f"Answer with topic_0, topic_1, topic_2 or topic_3: {text}"}
        made = await stack.induction.post("/v1/prompts/long-lists/versions", json=body)
        version = made.json()["id"]
        await pressed(page, f"tasks/long-lists/versions/{version}/promote", reason=text)
        begun = await pressed(page, "tasks/long-lists/experiments", **PLAN, version_id=version)
        await pressed(page, f"tasks/long-lists/experiments/{begun['id']}/stop")
        await stack.induction.post("/v1/admin/keys", json={"name": text, "scopes": ["runs:read"]})

    await one_more("first")
    before = {path: await statements(page, path) for path in paths}
    for text in ("second", "third"):
        await one_more(text)
    after = {path: await statements(page, path) for path in paths}
    more = {path: (before[path], after[path]) for path in paths if after[path] > before[path]}
    assert not more
    assert max(after.values()) < 40, after


async def test_what_a_task_has_not_yet_says_what_to_do_next(
    stack: Stack, page: httpx2.AsyncClient
) -> None:
    await stack.induction.post(
        "/v1/tasks",
        json={"slug": "bare", "kind": "intent", "labels": [{"name": "x"}, {"name": "y"}]},
    )
    for path, words in {
        "/lineage": "Bring the prompt in that serves today",
        "/ideas": "No idea has failed yet",
        "/production": "Nothing serves yet.",
        "/proposals": "A version is proposed on its own page.",
        "/experiments": "Open a version that does not serve",
        "/trigger": "Switch it on above",
    }.items():
        assert words in await shown(page, f"/tasks/bare{path}"), path
