"""The numbers by HTTP, over predictions, corrections and audit lines of a real database."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.fixtures.databases import Databases
from tests.fixtures.servers import Servers
from tests.nlu_logger.world import World, connected, opened

SEEN = """
INSERT INTO nlu_prompt_logs (id, task, prompt, predicted_intent, confidence, output,
    model_version, prompt_version, was_successful, created_at, body_hash)
SELECT id, $1, coalesce($3, $1) || n, $4, $5, $6::jsonb, $7, $7, $8, uuid_extract_timestamp(id), ''
FROM generate_series(1, $9) n, LATERAL (SELECT uuidv7($2 * interval '-1 hour') AS id, n AS row) made
RETURNING id
"""
APPROVED = """
INSERT INTO corrections (id, prediction_id, author, status, is_confirmation, corrected_intent,
    corrected_output, decided_at, ground_truth_id, body_hash)
SELECT gen_random_uuid(), one, 'test', 'approved', $2::text IS NULL AND $3::jsonb IS NULL, $2, $3,
    now(), gen_random_uuid(), '' FROM unnest($1::uuid[]) one
"""
DRAWN = "INSERT INTO selections SELECT one, 'audit', $2 FROM unnest($1::uuid[]) one"


@pytest.fixture(scope="module")
async def world(databases: Databases, servers: Servers) -> AsyncIterator[World]:
    """Nothing is drawn by itself: what belongs to the audit, each test says."""
    async with opened(databases, servers, audit_share=1e-12) as made:
        yield made


async def seen(
    world: World,
    task: str,
    count: int,
    *,
    intent: str = "greet",
    confidence: float | None = 0.9,
    hours: float = 1,
    prompt: str | None = None,
    output: str | None = None,
    version: str | None = None,
    successful: bool | None = None,
    truth: str | None = None,
    true_output: str | None = None,
    approved: bool = False,
    drawn: float | None = None,
) -> list[Any]:
    """`count` predictions of one kind, and what was said of them, written past the service."""
    async with connected(
        world.database.admin_url.rsplit("/", 1)[0] + "/" + world.database.name
    ) as db:
        made = await db.fetch(
            SEEN, task, hours, prompt, intent, confidence, output, version, successful, count
        )
        ids = [row["id"] for row in made]
        if approved:
            await db.execute(APPROVED, ids, truth, true_output)
        if drawn:
            await db.execute(DRAWN, ids, drawn)
    return ids


async def insight(world: World, number: str, **params: Any) -> Any:
    answer = await world.admin.get(f"/v1/insights/{number}", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_live_f1_is_unknown_until_the_audit_says_enough(world: World, task: str) -> None:
    await seen(world, task, 40, intent="a", truth="b", approved=True)
    await seen(world, task, 20, intent="a", approved=True, drawn=0.1, prompt="same")
    await seen(world, task, 5, intent="a", drawn=0.1, hours=2)
    (score,) = (await insight(world, "live-f1", task=task))["items"]
    assert (score["status"], score["estimate"], score["accuracy"]) == ("unknown", None, None)
    assert (score["n"], score["drawn"], score["more_needed"]) == (20, 25, 10)
    assert (score["traffic"], score["naive_n"]) == (65, 60)


async def test_live_f1_rests_on_the_audit_and_shows_the_naive_number_beside_it(
    world: World, task: str
) -> None:
    """Of 1,000 predictions nine in ten are right; reviewers looked at the wrong ones first."""
    await seen(world, task, 50, intent="a", truth="b", approved=True)
    await seen(world, task, 810, intent="a", hours=2)
    await seen(world, task, 54, intent="a", approved=True, drawn=0.1, hours=3)
    await seen(world, task, 36, intent="b", approved=True, drawn=0.1, hours=4)
    await seen(world, task, 10, intent="a", truth="b", approved=True, drawn=0.1, hours=5)
    (score,) = (await insight(world, "live-f1", task=task))["items"]
    assert (score["status"], score["metric"], score["n"]) == ("known", "macro_f1", 100)
    assert score["accuracy"]["value"] == pytest.approx(0.9)
    assert score["accuracy"]["low"] < 0.9 < score["accuracy"]["high"]
    assert score["estimate"]["value"] == pytest.approx((108 / 118 + 72 / 82) / 2)
    assert score["estimate"]["low"] > score["naive"]


async def test_a_rarer_draw_weighs_more(world: World, task: str) -> None:
    await seen(world, task, 40, intent="a", approved=True, drawn=0.5)
    await seen(world, task, 10, intent="a", truth="b", approved=True, drawn=0.125, hours=2)
    (score,) = (await insight(world, "live-f1", task=task))["items"]
    assert score["accuracy"]["value"] == pytest.approx(0.5)
    assert score["accuracy"]["effective_n"] == pytest.approx(160**2 / (40 * 4 + 10 * 64))


async def test_a_structured_task_is_scored_by_exact_matches(world: World, task: str) -> None:
    ann, ben = '{"people": ["Ann"]}', '{"people": ["Ben"]}'
    audited: dict[str, Any] = {"approved": True, "drawn": 0.2, "output": ann}
    await seen(world, task, 30, **audited)
    await seen(world, task, 5, **audited, true_output='{"people":  ["Ann"]}', hours=2)
    await seen(world, task, 15, **audited, true_output=ben, hours=3)
    (score,) = (await insight(world, "live-f1", task=task))["items"]
    assert score["metric"] == "exact_match"
    assert score["estimate"]["value"] == pytest.approx(0.7)


async def test_live_f1_by_version_and_period(world: World, task: str) -> None:
    await seen(world, task, 3, version="m1", hours=50)
    await seen(world, task, 4, version="m2", hours=1)
    await seen(world, task, 5, version="m1", hours=1, prompt="later")
    by_version = (await insight(world, "live-f1", task=task))["items"]
    assert {one["model_version"]: one["traffic"] for one in by_version} == {"m1": 8, "m2": 4}
    by_day = (await insight(world, "live-f1", task=task, every="day"))["items"]
    assert sorted((one["model_version"], one["traffic"]) for one in by_day) == [
        ("m1", 3),
        ("m1", 5),
        ("m2", 4),
    ]
    assert by_day[0]["period"] > by_day[-1]["period"]
    (one,) = (await insight(world, "live-f1", task=task, model_version="m2"))["items"]
    assert (one["prompt_version"], one["traffic"]) == ("m2", 4)


async def test_calibration_and_confusion_weigh_the_audit(world: World, task: str) -> None:
    await seen(world, task, 30, intent="a", confidence=1.0, approved=True, drawn=0.5)
    await seen(world, task, 10, intent="a", confidence=0.25, truth="b", approved=True, hours=2)
    audit = await insight(world, "calibration", task=task)
    assert (audit["status"], audit["n"], audit["ece"]) == ("known", 30, pytest.approx(0))
    everything = await insight(world, "calibration", task=task, sample="reviewed")
    assert (everything["n"], everything["ece"]) == (40, pytest.approx(0.25 * 0.25))
    assert [(one["low"], one["count"]) for one in everything["bins"]] == [(0.2, 10), (0.9, 30)]
    cells = (await insight(world, "confusion", task=task, sample="reviewed"))["cells"]
    assert cells == [
        {"predicted": "a", "truth": "a", "count": 30, "share": 0.75},
        {"predicted": "a", "truth": "b", "count": 10, "share": 0.25},
    ]
    short = await insight(world, "calibration", task=task, days=0.01)
    assert (short["status"], short["ece"], short["more_needed"]) == ("unknown", None, 30)


async def test_drift_is_told_against_the_period_before(world: World, task: str) -> None:
    await seen(world, task, 150, intent="a", hours=30)
    await seen(world, task, 120, intent="b", confidence=0.4, hours=1)
    shift = await insight(world, "drift", task=task, days=1)
    for one in (shift["intents"], shift["confidence"]):
        assert (one["status"], one["window"], one["reference"]) == ("known", 120, 150)
        assert one["psi"] > 0.25 > one["chance"]
        assert 0.5 < one["jensen_shannon"] < 0.6932
    longer = await insight(world, "drift", task=task, days=3)
    assert (longer["intents"]["status"], longer["intents"]["psi"]) == ("unknown", None)


async def test_two_versions_on_the_same_texts_are_paired(world: World, task: str) -> None:
    for version, improves, hours in (("m1", False, 3), ("m2", True, 1)):
        await seen(world, task, 30, version=version, successful=True, hours=hours)
        await seen(world, task, 10, prompt="t", version=version, successful=improves, hours=hours)
    answer = await insight(world, "compare", task=task, a="m1", b="m2")
    success = answer["success"]
    assert success["gain"]["difference"] == pytest.approx(0.25)
    assert 0 < success["gain"]["low"] < 0.25 < success["gain"]["high"]
    assert (success["paired"]["n"], success["paired"]["only_b"]) == (40, 10)
    assert success["paired"]["p_value"] == pytest.approx(2 / 2**10)
    assert answer["accuracy"] == {"a": None, "b": None, "gain": None, "paired": None}
    assert answer["texts_js"] == pytest.approx(0)
    assert "traffic_differs" not in answer["warnings"]


async def test_a_comparison_warns_where_the_versions_saw_other_traffic(
    world: World, task: str
) -> None:
    audited: dict[str, Any] = {"approved": True, "drawn": 0.5, "intent": "a"}
    await seen(world, task, 60, version="m1", prompt="hi", hours=30, **audited)
    await seen(world, task, 40, version="m2", prompt="a text that is far longer", **audited)
    await seen(world, task, 40, version="m2", prompt="hi", hours=2, **audited | {"truth": "b"})
    answer = await insight(world, "compare", task=task, a="m1", b="m2")
    assert answer["warnings"] == ["traffic_differs", "times_differ"]
    gain = answer["accuracy"]["gain"]
    assert gain["difference"] == pytest.approx(-0.5)
    assert gain["p_value"] < 0.001
    other = await insight(world, "compare", task=task, a="m1", b="m2", of="prompt")
    assert (other["version"], other["accuracy"]) == ("prompt", answer["accuracy"])


async def test_a_key_limited_to_a_task_sees_the_numbers_of_that_task(
    world: World, task: str
) -> None:
    await world.log(task=task)
    async with await world.key("insights:read", tasks=[task]) as limited:
        for number in ("confidence", "intents", "live-f1"):
            items = (await limited.get(f"/v1/insights/{number}")).json()["items"]
            assert len(items) == 1
        other = await limited.get("/v1/insights/confidence", params={"task": "another"})
    assert other.status_code == 403


@pytest.mark.parametrize(
    ("number", "params"),
    [
        ("confidence", {"from": "2026-02-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"}),
        ("confidence", {"from": "2026-02-02T00:00:00"}),
        ("confidence", {"days": "nan"}),
        ("confidence", {"days": "-1"}),
        ("confidence", {"to": "0001-01-01T00:00:00Z"}),
        ("drift", {"reference_from": "2999-01-01T00:00:00Z"}),
        ("compare", {"a": "m1", "b": "m1"}),
        ("live-f1", {"every": "year"}),
        ("intents", {"model_version": "\x00"}),
    ],
)
async def test_a_period_that_makes_no_sense_is_refused(
    world: World, number: str, params: dict[str, str]
) -> None:
    answer = await world.admin.get(f"/v1/insights/{number}", params=params)
    assert answer.status_code == 422, answer.text


async def test_every_number_answers_where_nothing_was_logged(world: World, task: str) -> None:
    numbers = ["confidence", "intents", "outcomes", "calibration", "confusion", "drift", "live-f1"]
    until = (datetime.now(UTC) - timedelta(days=300)).isoformat()
    for number in numbers:
        await insight(world, number, task=task, to=until)
    empty = await insight(world, "compare", task=task, a="x", b="y")
    assert (empty["texts_js"], empty["warnings"]) == (None, [])


async def test_what_the_audit_drew_and_nobody_reviewed_is_counted(
    databases: Databases, servers: Servers, task: str
) -> None:
    async with opened(databases, servers, audit_share=1) as audited:
        log_id = await audited.log(task=task, prompt="reviewed")
        await audited.log(task=task, prompt="not yet")
        await audited.approve(await audited.correct(log_id, "x"))
        (score,) = (await insight(audited, "live-f1", task=task))["items"]
        assert (score["drawn"], score["naive_n"]) == (2, 1)
        assert (await insight(audited, "calibration", task=task))["drawn"] == 2
