"""Stored predictions are found by conversation, prompt version and words, as far as the caller may
see; and a confidence that rounding put outside 0 to 1 is stored, by every door."""

import json

import asyncpg
import pytest
from nlu_shared.ids import uuid7

from tests.fixtures.stack import Stack, client

ANGRY = "Guten Morgen, ÄRGER mit 100 % der Rechnung"
CONVERSATION = str(uuid7())


def prediction(prompt: str, **more: object) -> dict[str, object]:
    return {"prompt": prompt, "predicted_intent": "greet", "confidence": 0.9, **more}


async def prompts_of(stack: Stack, **filters: str) -> list[str]:
    answer = await stack.logger.get("/v1/predictions", params=filters)
    assert answer.status_code == 200, answer.text
    return [item["prompt"] for item in answer.json()["items"]]


@pytest.fixture(scope="module")
async def logged(stack: Stack) -> None:
    for one in (
        prediction(ANGRY, conversation_id=CONVERSATION),
        prediction("and then?", conversation_id=CONVERSATION, prompt_version="p-2"),
        prediction("a stranger's good morning", prompt_version="p-1", task="other"),
    ):
        assert (await stack.logger.post("/v1/predictions", json=one)).status_code == 201


@pytest.mark.parametrize(
    ("filters", "prompts"),
    [
        ({"conversation": CONVERSATION}, {"and then?", ANGRY}),
        ({"prompt_version": "p-2"}, {"and then?"}),
        ({"text": "ärger"}, {ANGRY}),
        ({"text": "00 % D"}, {ANGRY}),
        ({"text": "%%%"}, set()),
        ({"text": "morn", "task": "other"}, {"a stranger's good morning"}),
        ({"text": "then", "conversation": str(uuid7())}, set()),
    ],
)  # fmt: skip
async def test_predictions_are_found(
    stack: Stack, logged: None, filters: dict[str, str], prompts: set[str]
) -> None:
    assert set(await prompts_of(stack, **filters)) == prompts


async def test_a_search_sees_no_more_than_its_key(stack: Stack, logged: None) -> None:
    made = await stack.logger.post(
        "/v1/admin/keys", json={"name": "k", "scopes": ["predictions:read"], "tasks": ["other"]}
    )
    async with client(str(stack.logger.base_url), made.json()["key"]) as http:
        answer = await http.get("/v1/predictions", params={"text": "mor"})
        assert [one["task"] for one in answer.json()["items"]] == ["other"]


async def test_a_search_looks_through_a_bounded_number_and_goes_on(stack: Stack) -> None:
    first = await stack.logger.post("/v1/predictions", json=prediction("a needle", task="haystack"))
    database = stack.logger_database
    owner = await asyncpg.connect(f"{database.admin_url.rpartition('/')[0]}/{database.name}")
    await owner.execute(HAY)
    await owner.close()
    params = {"task": "haystack", "text": "needle"}
    page = (await stack.logger.get("/v1/predictions", params=params)).json()
    assert page["items"] == []
    rest = await stack.logger.get(
        "/v1/predictions", params=params | {"cursor": page["next_cursor"]}
    )
    assert [one["id"] for one in rest.json()["items"]] == [first.json()["log_id"]]
    assert rest.json()["next_cursor"] is None


HAY = """
INSERT INTO nlu_prompt_logs (id, task, prompt, predicted_intent, confidence, body_hash)
SELECT id, 'haystack', 'hay', 'greet', 0.5, ''
FROM (SELECT uuidv7() AS id FROM generate_series(1, 50001)) AS ids
"""


@pytest.mark.parametrize(("confidence", "stored"), [(1.0000001, 1.0), (-1e-9, 0.0)])
async def test_a_rounding_error_is_stored_by_every_door(
    stack: Stack, confidence: float, stored: float
) -> None:
    one = prediction("hello", task="rounded") | {"confidence": confidence}
    single = await stack.logger.post("/v1/predictions", json=one)
    batch = await stack.logger.post("/v1/predictions:batch", json=[one])
    old = one | {"id": str(uuid7()), "created_at": "2026-11-01T00:00:00Z"}
    old.pop("task")
    imported = await stack.logger.post(
        "/v1/predictions:import",
        params={"task": "rounded"},
        content=json.dumps(old),
        headers={"content-type": "application/x-ndjson"},
    )
    ids = [single.json()["log_id"], batch.json()["items"][0]["log_id"]]
    ids.append(imported.json()["items"][0]["id"])
    for log_id in ids:
        row = (await stack.logger.get(f"/v1/predictions/{log_id}")).json()
        assert row["confidence"] == stored


@pytest.mark.parametrize("confidence", [1.00001, -0.00001, 1e300, "NaN"])
async def test_what_is_no_rounding_error_is_refused(stack: Stack, confidence: object) -> None:
    one = prediction("hello") | {"confidence": confidence}
    answer = await stack.logger.post("/v1/predictions", json=one)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["expected"] == "a number from 0 to 1"
