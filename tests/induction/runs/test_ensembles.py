"""Versions that vote: measured by a run, promoted as a version, and run by a backend's client."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from induction.privacy.jobs import forget_once
from induction.resources import open_resources
from induction.triggers.consideration import OF_A_VOTE
from nlu_shared.client import create_nlu_service
from nlu_shared.client.prompted.model import MessagesApi
from nlu_shared.rendering import AnswerSpace, read, render_parts
from nlu_shared.rendering.vote import vote
from nlu_shared.schemas.registry import ActivePrompt

from tests.fixtures.browsing import browser
from tests.fixtures.commands import typed
from tests.fixtures.databases import BOOTSTRAP_KEY
from tests.fixtures.labelled import make_task, texts
from tests.fixtures.stack import Stack, until
from tests.induction.cases.forgetting import erase, forgotten, say, secret
from tests.induction.experiments.test_experiments import begun
from tests.induction.runs.driving import answered, events, reached, start
from tests.induction.runs.test_replays import OF_WORDS, candidate
from tests.induction.runs.test_verifying import verified

pytestmark = pytest.mark.law
TASK = "voting"


@dataclass(frozen=True)
class Measured:
    """What served, the members, the run, and the ensemble it made a version of."""

    serving: str
    members: list[str]
    run: dict[str, Any]
    version: str


@pytest.fixture(scope="module")
async def measured(stack: Stack) -> Measured:
    serving = await make_task(stack, TASK, cases=100)
    pairs = [(text, OF_WORDS[label]) for text, label in texts(140)][100:]
    members = [await candidate(stack, TASK, pairs[n * 12 : n * 12 + 12]) for n in range(3)]
    async with stack.working():
        run = await reached(stack, await start(stack, TASK, kind="ensemble", members=members))
    return Measured(serving, members, run, run["ensemble"]["version_id"])


async def test_a_run_puts_the_vote_beside_each_member_alone(
    stack: Stack, measured: Measured
) -> None:
    run, seen = measured.run, measured.run["ensemble"]
    assert (run["status"], run["reason"]) == ("completed", "measured"), run["reason"]
    assert [one["version_id"] for one in seen["members"]] == measured.members
    assert [one["split"] for one in seen["splits"]] == ["validation", "test"]
    assert all(len(one["alone"]) == 3 for one in seen["splits"])
    assert (seen["calls"], seen["tokens"]) == (3, sum(one["tokens"] for one in seen["members"]))
    assert run["verdict"]["tested_on"] == "test"
    assert run["baseline_version_id"] == measured.serving
    assert run["best_version_id"] == measured.version
    assert run["spend"]["calls"] > 0
    version = (await stack.induction.get(f"/v1/prompts/{TASK}/versions/{measured.version}")).json()
    assert (version["content"], version["rendered"]) == (None, None)
    assert version["version_hash"] == seen["version_hash"]
    assert [one["version_id"] for one in version["ensemble"]["members"]] == measured.members
    scores = {one["split"]: one["objective"] for one in version["scores"]}
    by_vote = {one["split"]: one["vote"]["objective"] for one in seen["splits"]}
    assert scores == pytest.approx(by_vote, abs=1e-6)
    page = await stack.induction.get(f"/v1/runs/{run['id']}/report", params={"format": "md"})
    assert "Each alone and by vote (test)" in page.text


async def test_answers_that_are_stored_cost_nothing_again(stack: Stack, measured: Measured) -> None:
    calls = await answered(stack)
    async with stack.working():
        again = await start(stack, TASK, kind="ensemble", members=measured.members[::-1])
        run = await reached(stack, again)
        assert (await verified(stack, measured.run["id"]))["outcome"] == "same"
    assert await answered(stack) == calls
    assert run["spend"]["calls"] == 0
    assert run["ensemble"]["version_hash"] != measured.run["ensemble"]["version_hash"]
    assert [one["type"] for one in await events(stack, again)].count("votes_measured") == 1


async def test_what_a_vote_could_cost_is_told_before(stack: Stack, measured: Measured) -> None:
    order = {"task": TASK, "kind": "ensemble", "members": measured.members, "dry_run": True}
    forecast = (await stack.induction.post("/v1/runs", json=order)).json()
    splits = measured.run["splits"]
    assert forecast["calls"] == 4 * (splits["validation"] + splits["test"])
    smaller = {**order, "members": measured.members[:2], "prompt_version": measured.members[0]}
    fewer = (await stack.induction.post("/v1/runs", json=smaller)).json()
    assert max(fewer["likely"]["calls"]) <= fewer["calls"] == forecast["calls"] / 2


async def test_a_vote_is_ordered_by_command(stack: Stack, measured: Measured) -> None:
    env = {
        "INDUCTION_URL": str(stack.induction.base_url),
        "INDUCTION_KEY": BOOTSTRAP_KEY,
    }
    members = [word for one in measured.members for word in ("--member", one)]
    words = ("prompts", "vote", "--task", TASK, *members)
    price = await typed("induction", *words, "--dry-run", env=env)
    assert (price.code, price.printed.splitlines()[-1]) == (0, "fits"), price
    async with stack.working():
        ended = await typed("induction", *words, "--watch", env=env)
    assert ended.code == 0, ended.complained
    output = " ".join((ended.printed + ended.complained).split())
    assert "By vote of 3 F1" in output
    assert f"over member 2 alone ({measured.members[1]}) is not sure" in output
    assert "induction prompts promote" in output


async def test_a_vote_that_gains_nothing_is_not_offered_to_serve(
    stack: Stack, measured: Measured
) -> None:
    env = {"INDUCTION_URL": str(stack.induction.base_url), "INDUCTION_KEY": BOOTSTRAP_KEY}
    first, second, _ = measured.members
    words = ("prompts", "vote", "--task", TASK, "--member", second, "--member", first, "--watch")
    async with stack.working():
        watched = await typed("induction", *words, env=env)
    run = watched.printed.split()[0]
    seen = (await stack.induction.get(f"/v1/runs/{run}")).json()
    assert seen["ensemble"]["splits"][-1]["gain"] < 0
    assert seen["best_version_id"] == seen["ensemble"]["version_id"]
    shown = await typed("induction", "runs", "show", run, env=env)
    for ended in (watched, shown):
        output = " ".join(ended.printed.split())
        assert f"gains nothing over member 1 alone ({second}) at 2.0 times the tokens" in output
        assert "By vote of 2 F1" in output
        assert "induction prompts promote" not in output


async def test_orders_that_are_no_vote_are_refused(stack: Stack, measured: Measured) -> None:
    first, second, _ = measured.members
    refused: list[tuple[dict[str, Any], int]] = [
        ({"kind": "ensemble", "members": [first]}, 422),
        ({"kind": "ensemble", "members": [first, first]}, 422),
        ({"kind": "ensemble"}, 422),
        ({"kind": "evaluate", "members": [first, second]}, 422),
        ({"kind": "ensemble", "members": [first, str(measured.run["id"])]}, 404),
        ({"kind": "ensemble", "members": [first, measured.version]}, 409),
        ({"kind": "evaluate", "prompt_version": measured.version}, 409),
    ]
    for order, status in refused:
        answer = await stack.induction.post("/v1/runs", json={"task": TASK, **order})
        assert answer.status_code == status, (order, answer.text)


async def decided(stack: Stack) -> dict[str, Any]:
    """What a trigger makes of what serves; it is off again."""
    path, rules = "/v1/admin/auto-trigger", {"task": TASK, "enabled": True, "cooldown_hours": 0}
    assert (await stack.induction.post(path, json=rules)).is_success

    async def one() -> dict[str, Any] | None:
        page = (await stack.induction.get(f"{path}/decisions", params={"task": TASK})).json()
        return next((one for one in page["items"] if "switched" not in str(one["reasons"])), None)

    async with stack.working(consider_seconds=0.05):
        decision = dict(await until(one))
    assert (await stack.induction.post(path, json={**rules, "enabled": False})).is_success
    return decision


async def test_a_version_that_votes_serves_and_what_takes_a_prompt_says_it_has_none(
    stack: Stack, measured: Measured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    api, own = stack.induction, f"/v1/prompts/{TASK}/versions/{measured.version}"
    promoted = await api.post(
        f"{own}/promote", json={"version_hash": measured.run["ensemble"]["version_hash"]}
    )
    assert promoted.status_code == 200, promoted.text
    active = (await api.get(f"/v1/prompts/{TASK}/active")).json()
    assert (active["version_id"], active["rendered"]) == (measured.version, None)
    assert len(active["ensemble"]["members"]) == 3
    decision = await decided(stack)
    assert decision["reasons"] == [OF_A_VOTE]
    assert measured.members[0] not in str(decision)
    flag = await api.post(f"/ofrep/v1/evaluate/flags/{TASK}", json={})
    assert flag.json()["value"] == active
    for path, params in (
        (f"/v1/prompts/{TASK}/export", {}),
        (f"/v1/prompts/{TASK}/export", {"format": "json"}),
        (f"{own}/blame", {}),
        (f"{own}/diff", {"against": measured.serving}),
    ):
        refused = await api.get(path, params=params)
        assert (refused.status_code, refused.json()["code"]) == (409, "version_is_ensemble"), path
        assert refused.json()["detail"].startswith("It is an ensemble, where one prompt is needed")
        assert measured.members[0] in refused.json()["detail"]
    replayed = await api.post(f"{own}/replay", json={"dry_run": True})
    assert replayed.json()["code"] == "version_is_ensemble"
    improved = await api.post("/v1/runs", json={"task": TASK, "dry_run": True})
    assert improved.json()["code"] == "version_is_ensemble"
    canary = await start(stack, TASK, kind="canary")
    async with stack.working():
        seen = await reached(stack, canary)
    assert (seen["status"], seen["baseline_version_id"]) == ("completed", measured.members[0])
    assert any("its first member is asked" in note for note in seen["notes"])
    assert await _asked_by_a_backend(stack, tmp_path, monkeypatch) == 3
    back = await api.post(f"/v1/prompts/{TASK}/rollback", json={})
    assert back.status_code == 200, back.text
    assert (await api.get(f"/v1/prompts/{TASK}/active")).json()["version_id"] == measured.serving


async def _asked_by_a_backend(stack: Stack, folder: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many requests one message is; live and from the cache its answer is the vote."""
    monkeypatch.setenv("ANTHROPIC_BASE_URL", str(stack.model.base_url))
    message = texts(200)[-1][0]
    active = ActivePrompt.model_validate_json(
        (await stack.induction.get(f"/v1/prompts/{TASK}/active")).content
    )
    assert active.ensemble is not None
    answers = AnswerSpace(active.kind, active.labels, active.spellings)
    model = MessagesApi(url=str(stack.model.base_url))
    alone = [
        read(await model.complete(render_parts(one.rendered, message, model="any")), answers)
        for one in active.ensemble.members
    ]
    await model.close()
    before = sum((await answered(stack)).values())
    for key in (BOOTSTRAP_KEY, "refused"):
        service = create_nlu_service(
            task=TASK,
            url=str(stack.logger.base_url),
            key=BOOTSTRAP_KEY,
            induction_url=str(stack.induction.base_url),
            induction_key=key,
            prompt_cache=folder,
        )
        async with service:
            result = await service.process_message(message)
        expected = vote(alone, active.kind)
        assert (result.intent, result.confidence) == (expected.output, expected.confidence)
    return (sum((await answered(stack)).values()) - before) // 2


async def test_pages_show_who_votes(stack: Stack, measured: Measured) -> None:
    async with browser(str(stack.induction.base_url)) as page:
        version = await page.get(f"/dashboard/tasks/{TASK}/versions/{measured.version}")
        member = await page.get(
            f"/dashboard/tasks/{TASK}/versions/{measured.members[0]}",
            params={"against": measured.version},
        )
        run = await page.get(f"/dashboard/runs/{measured.run['id']}")
    assert version.status_code == member.status_code == run.status_code == 200
    assert all(f"/versions/{one}" in version.text for one in measured.members)
    assert "majority/1" in version.text
    assert not any(path in version.text for path in ("/export", "/bundle", "/replay"))
    assert all(path in member.text for path in ("/export", "/bundle", "/replay"))
    assert "Each alone and by vote" in run.text
    assert all(f"/versions/{one}" in run.text for one in (*measured.members, measured.version))
    assert "An ensemble has no text to lay beside" in member.text


async def test_who_has_a_case_erased_is_told_of_the_ensemble_too(stack: Stack) -> None:
    task, person = "voting-of-ann", uuid4()
    await make_task(stack, task, cases=40)
    case = await say(stack, task, person)
    quoting = await candidate(stack, task, [(secret(task), "topic_0")])
    other = await candidate(stack, task, [("where is it", "topic_1")])
    async with stack.working():
        order = await start(stack, task, kind="ensemble", members=[quoting, other])
        run = await reached(stack, order)
    await erase(stack, person)
    async with open_resources(stack.settings) as resources:
        await forget_once(resources)
    listed = await forgotten(stack, case)
    assert sorted(listed["quoted_in"]) == sorted([quoting, run["ensemble"]["version_id"]])


async def test_an_ensemble_is_tried_on_live_traffic_as_any_version(
    stack: Stack, measured: Measured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await begun(stack, TASK, measured.version, shares=[0.5])
    by_variant = {}
    for number in range(8):
        unit = {"unit": f"unit {number}"}
        active = (await stack.induction.get(f"/v1/prompts/{TASK}/active", params=unit)).json()
        by_variant[active["assigned"]["variant"]] = (active["version_id"], "ensemble" in active)
    assert by_variant == {"a": (measured.serving, False), "b": (measured.version, True)}
    monkeypatch.setenv("ANTHROPIC_BASE_URL", str(stack.model.base_url))
    service = create_nlu_service(
        task=TASK,
        url=str(stack.logger.base_url),
        key=BOOTSTRAP_KEY,
        induction_url=str(stack.induction.base_url),
        induction_key=BOOTSTRAP_KEY,
        prompt_cache=tmp_path,
    )
    async with service:
        text = texts(200)[-1][0]
        answers = [await service.process_message(text, unit=f"unit {n}") for n in range(8)]
    assert {one.prompt_version for one in answers} == {measured.serving, measured.version}
    path = f"/v1/prompts/{TASK}/experiments/{made['id']}/stop"
    assert (await stack.induction.post(path, json={"reason": "seen"})).is_success
