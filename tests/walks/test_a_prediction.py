"""Walk 1: a prediction, from the request to the row and the queues that are clauses over it."""

import asyncpg

from tests.fixtures.stack import Stack


async def test_a_prediction_is_stored_when_201_is_answered(stack: Stack) -> None:
    logged = await stack.logger.post(
        "/v1/predictions",
        json={"prompt": "move it to friday", "predicted_intent": "create", "confidence": 0.41},
    )
    assert logged.status_code == 201
    owner = await asyncpg.connect(stack.logger_database.owner_url)
    stored = await owner.fetchrow(
        "SELECT prompt, confidence FROM nlu_prompt_logs WHERE id = $1",
        logged.json()["log_id"],
    )
    await owner.close()
    assert stored is not None
    assert (stored["prompt"], stored["confidence"]) == ("move it to friday", 0.41)
    queue = await stack.logger.get("/v1/reviews/queues/low-confidence")
    assert logged.json()["log_id"] in [item["id"] for item in queue.json()["items"]]


async def test_a_confirmed_prediction_leaves_the_queue_and_stays_uncorrected(stack: Stack) -> None:
    logged = await stack.logger.post(
        "/v1/predictions",
        json={"prompt": "cancel lunch", "predicted_intent": "cancel", "confidence": 0.2},
    )
    log_id = logged.json()["log_id"]
    confirmed = await stack.logger.post(f"/v1/predictions/{log_id}/confirm", json={})
    assert confirmed.status_code == 201
    queue = await stack.logger.get("/v1/reviews/queues/low-confidence")
    assert log_id not in [item["id"] for item in queue.json()["items"]]
    prediction = await stack.logger.get(f"/v1/predictions/{log_id}")
    assert prediction.json()["corrected_intent"] is None
