"""A version on logged traffic before it serves: what it would change, its price, and what is kept
of people's texts."""

from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from tests.fixtures.commands import typed
from tests.fixtures.labelled import WORDS, make_task, texts
from tests.fixtures.stack import Stack, until
from tests.induction.runs.driving import events, reached, sql, start

TASK = "replayed"
LABELS = [f"topic_{number}" for number, _ in enumerate(sorted(WORDS))]
OF_WORDS = dict(zip(sorted(WORDS), LABELS, strict=True))


def logged(text: str, label: str, **more: Any) -> dict[str, Any]:
    return {"task": TASK, "prompt": text, "predicted_intent": label, "confidence": 0.9, **more}


async def candidate(stack: Stack, task: str, examples: list[tuple[str, str]]) -> str:
    """What serves, with examples; its id."""
    versions = (await stack.induction.get(f"/v1/prompts/{task}/versions")).json()["items"]
    content = {
        "instructions": versions[0]["content"]["instructions"],
        "examples": [{"text": text, "output": label} for text, label in examples],
    }
    made = await stack.induction.post(f"/v1/prompts/{task}/versions", json={"content": content})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def order(stack: Stack, version: str, **body: Any) -> httpx2.Response:
    path = f"/v1/prompts/{TASK}/versions/{version}/replay"
    return await stack.induction.post(path, json=body)


@dataclass(frozen=True)
class Replayed:
    """What was answered before there was traffic, the forecast, and the replay itself."""

    serving: str
    version: str
    refused: httpx2.Response
    forecast: dict[str, Any]
    begun: httpx2.Response
    run: dict[str, Any]


@pytest.fixture(scope="module")
async def replayed(stack: Stack) -> Replayed:
    serving = await make_task(stack, TASK, cases=40)
    pairs = [(text, OF_WORDS[label]) for text, label in texts(80)]
    shown, traffic = pairs[40:64], pairs[:30] + pairs[64:80]
    version = await candidate(stack, TASK, shown)
    refused = await order(stack, version)
    rows = [
        logged(
            text,
            "topic_0" if number else "my name is Ann",
            prompt_version=serving if number % 2 else None,
        )
        for number, (text, _) in enumerate(traffic)
    ]
    stored = await stack.logger.post("/v1/predictions:batch", json=rows)
    assert stored.status_code == 207, stored.text
    forecast = (await order(stack, version, predictions=40, dry_run=True)).json()
    async with stack.working():
        begun = await order(stack, version)
        run = await reached(stack, begun.json()["id"])
    return Replayed(serving, version, refused, forecast, begun, run)


async def test_a_version_says_what_it_would_change_of_traffic(
    stack: Stack, replayed: Replayed
) -> None:
    assert (replayed.refused.status_code, replayed.refused.json()["code"]) == (
        422,
        "no_predictions",
    )
    forecast = replayed.forecast
    assert (forecast["predictions"], forecast["calls"]) == (40, 80)
    assert forecast["splits"] == {"train": 0, "validation": 0, "test": 0}
    assert (forecast["likely"]["runs"], forecast["likely"]["calls"]) == (0, [40, 80])
    assert replayed.begun.status_code == 202
    run = replayed.run
    assert replayed.begun.headers["location"] == f"/v1/runs/{run['id']}"
    assert (run["status"], run["reason"], run["kind"]) == ("completed", "measured", "replay")
    replay = run["replay"]
    assert (replay["predictions"], replay["by_serving"]) == (46, 23)
    assert replay["serving_version_id"] == replayed.serving
    assert 0 < replay["changed"] < 46
    assert replay["interval"][0] < replay["share"] == round(replay["changed"] / 46, 6)
    assert replay["wavered"] == 0
    assert 0 < replay["gained"] + replay["lost"] <= replay["labelled"] < replay["changed"]
    assert replay["gained"] > replay["lost"]
    assert sum(one["predictions"] for one in replay["shifts"]) == replay["changed"]
    assert {"before": "another label", "predictions": 1}.items() <= next(
        one for one in replay["shifts"] if one["before"] == "another label"
    ).items()
    assert run["spend"]["calls"] + run["spend"]["cached_calls"] == 46 + replay["changed"]
    assert f"{replay['labelled']} of the changed ones are labelled" in replay["summary"]

    stored = await events(stack, run["id"])
    assert [one["type"] for one in stored] == ["run_started", "traffic_replayed", "run_finished"]
    (row,) = (
        await stack.induction.get(f"/v1/prompts/{TASK}/versions/{replayed.version}/replay")
    ).json()["items"]
    assert (row["run_id"], row["ordered"], row["replay"]) == (run["id"], 46, replay)


async def test_what_it_found_is_evidence_of_a_promotion(stack: Stack, replayed: Replayed) -> None:
    run, version = replayed.run, replayed.version
    assert run["baseline_version_id"] == version
    await stack.induction.patch(f"/v1/tasks/{TASK}", json={"promotion_approvals": 1})
    proposed = await stack.induction.post(f"/v1/prompts/{TASK}/versions/{version}/promote")
    assert proposed.status_code == 202
    evidence = proposed.json()["evidence"]["replay"]
    assert (evidence["run_id"], evidence["replay"]) == (run["id"], run["replay"])
    report = await stack.induction.get(f"/v1/runs/{run['id']}/report", params={"format": "md"})
    assert run["replay"]["summary"].split(" (")[0] in report.text


async def test_nothing_of_the_texts_is_kept(stack: Stack, replayed: Replayed) -> None:
    run = replayed.run
    kept = "SELECT count(*) FROM run_predictions WHERE run_id = $1"
    answers = await sql(stack, "SELECT text, outcome FROM llm_calls WHERE run_id = $1", run["id"])
    assert {(one["text"], one["outcome"]) for one in answers} == {(None, "forgotten")}
    stored = await sql(
        stack,
        """
        SELECT string_agg(body::text, '') || (SELECT runs::text FROM runs WHERE id = $1) AS all_text
        FROM run_events WHERE run_id = $1
        """,
        run["id"],
    )
    assert not any(text in stored[0]["all_text"] for text, _ in texts(80))
    assert "Ann" not in stored[0]["all_text"]
    ids = await sql(stack, kept, run["id"])
    assert ids[0]["count"] == 46
    await sql(
        stack,
        "UPDATE runs SET completed_at = completed_at - interval '2 hours' WHERE id = $1",
        run["id"],
    )
    async with stack.working(forget_seconds=0.2):

        async def swept() -> bool:
            return bool((await sql(stack, kept, run["id"]))[0]["count"] == 0)

        assert await until(swept)
        await stack.induction.post(f"/v1/runs/{run['id']}/verify")

        async def checked() -> Any:
            return (await stack.induction.get(f"/v1/runs/{run['id']}/verification")).json()[
                "outcome"
            ]

        assert await until(checked) == "unchecked"


@pytest.mark.law
async def test_a_replay_ends_where_a_prediction_of_it_is_erased(stack: Stack) -> None:
    version = await make_task(stack, "erased-traffic")
    person = "01890a5d-ac96-774b-bcce-b302099a8057"
    body = {
        "task": "erased-traffic",
        "prompt": "call me back",
        "predicted_intent": "topic_1",
        "confidence": 0.5,
        "user_id": person,
    }
    await stack.logger.post("/v1/predictions", json=body)
    path = f"/v1/prompts/erased-traffic/versions/{version}/replay"
    waiting = (await stack.induction.post(path)).json()["id"]
    paused = (await stack.induction.post(path)).json()["id"]
    await stack.induction.post(f"/v1/runs/{paused}/pause")
    erased = await stack.logger.delete(f"/v1/users/{person}")
    assert erased.status_code == 200, erased.text
    async with stack.working(forget_seconds=0.2):
        for run in (waiting, paused):
            ended = await reached(stack, run)
            assert (ended["status"], ended["spend"]["calls"]) == ("cancelled", 0)
    again = await stack.induction.post(f"/v1/runs/{waiting}/continue")
    assert (again.status_code, again.json()["code"]) == (409, "run_not_continuable")


@pytest.mark.usefixtures("replayed")
async def test_only_a_replay_is_about_predictions(stack: Stack) -> None:
    for kind, predictions in (("evaluate", 5), ("replay", 0), ("replay", 2_001)):
        body = {"task": TASK, "kind": kind, "predictions": predictions}
        assert (await stack.induction.post("/v1/runs", json=body)).status_code == 422
    run = await start(stack, TASK, kind="replay", predictions=3)
    row = (await stack.induction.get(f"/v1/runs/{run}")).json()
    assert (row["predictions"], row["replay"]) == (3, None)
    await stack.induction.post(f"/v1/runs/{run}/cancel")


@pytest.mark.law
@pytest.mark.usefixtures("replayed")
async def test_a_replay_waits_for_nlu_logger_and_goes_on(stack: Stack) -> None:
    run = await start(stack, TASK, kind="replay", predictions=3)
    async with stack.working(nlu_logger_url="http://127.0.0.1:9"):
        parked = await reached(stack, run, "parked")
    assert "nlu-logger" in parked["reason"]
    await stack.induction.post(f"/v1/runs/{run}/resume")
    async with stack.working():
        done = await reached(stack, run)
    assert (done["status"], done["replay"]["predictions"]) == ("completed", 3)


@pytest.mark.law
@pytest.mark.usefixtures("replayed")
async def test_the_command_says_the_price_and_then_what_changes(stack: Stack) -> None:
    shown = [(text, OF_WORDS[label]) for text, label in texts(80)[40:63]]
    version = await candidate(stack, TASK, shown)
    env = {
        "INDUCTION_URL": str(stack.induction.base_url),
        "INDUCTION_KEY": stack.settings.nlu_logger_key.get_secret_value(),
    }
    words = ("prompts", "replay", "--task", TASK, "--version", version, "--predictions", "10")
    price = await typed("induction", *words, "--dry-run", env=env)
    assert (price.code, price.printed.splitlines()[0]) == (0, "10 logged predictions"), price
    assert "likely 1" in price.printed
    assert price.printed.splitlines()[-1] == "fits"
    async with stack.working():
        ended = await typed("induction", *words, "--watch", env=env)
    assert ended.code == 0, ended.complained
    assert "of 10 logged predictions" in " ".join((ended.printed + ended.complained).split())
    run = await typed("induction", "runs", "show", ended.printed.split()[0], env=env)
    assert run.printed.splitlines()[1].lstrip().startswith("Changes ")
