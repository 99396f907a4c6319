"""What a backend calls: every answer logged, and no log ever in the way of an answer."""

import asyncio
import logging
from typing import Any
from uuid import UUID

import pytest
from nlu_shared.client import Classification, Classifier, NLUService, create_nlu_service
from nlu_shared.ids import uuid7
from nlu_shared.schemas.predictions import SecondaryIntent

from tests.fixtures.databases import BOOTSTRAP_KEY
from tests.fixtures.stack import DEADLINE_SECONDS, Stack, serving
from tests.shared.client.relay import BadLine

CLASSIFICATION = Classification(
    intent="move",
    confidence=0.81,
    secondary_intents=[SecondaryIntent(intent="create", confidence=0.12)],
    model_version="m-1",
    prompt_version="p-1",
)
PRIVATE = "my pin is 4711"


async def by_coroutine(_: str) -> Classification:
    return CLASSIFICATION


def by_function(_: str) -> Classification:
    return CLASSIFICATION


def service_of(stack: Stack, classifier: Classifier = by_function) -> NLUService:
    return create_nlu_service(classifier, url=str(stack.logger.base_url), key=BOOTSTRAP_KEY)


async def stored(stack: Stack, log_id: UUID) -> dict[str, object]:
    answer = await stack.logger.get(f"/v1/predictions/{log_id}")
    assert answer.status_code == 200, answer.text
    body: dict[str, object] = answer.json()
    return body


@pytest.mark.parametrize("classifier", [by_coroutine, by_function])
async def test_a_message_is_logged_under_the_id_that_comes_back(
    stack: Stack, classifier: Classifier
) -> None:
    user, conversation = uuid7(), uuid7()
    async with service_of(stack, classifier) as service:
        result = await service.process_message(
            message="push it to friday",
            user_id=user,
            conversation_id=str(conversation),
            message_index=3,
        )
    row = await stored(stack, result.log_id)
    assert (result.intent, result.confidence) == ("move", 0.81)
    assert (row["prompt"], row["predicted_intent"]) == ("push it to friday", "move")
    assert row["secondary_intents"] == [{"intent": "create", "confidence": 0.12}]
    assert (row["user_id"], row["conversation_id"]) == (str(user), str(conversation))
    assert (row["message_index"], row["prompt_version"]) == (3, "p-1")
    assert service.dropped == 0


async def test_an_outcome_reaches_its_prediction(stack: Stack) -> None:
    async with service_of(stack) as service:
        result = await service.process_message(message="push it to monday")
        await service.update_workflow_outcome(
            log_id=result.log_id,
            was_successful=False,
            workflow_type="calendar",
            execution_error="no such event",
        )
    row = await stored(stack, result.log_id)
    assert (row["was_successful"], row["workflow_type"]) == (False, "calendar")
    assert row["execution_error"] == "no such event"


async def test_a_post_whose_answer_is_lost_is_sent_again_and_stored_once(stack: Stack) -> None:
    line = BadLine(stack.logger, lose=2)
    async with (
        serving(line.app) as url,
        create_nlu_service(by_function, url=url, key=BOOTSTRAP_KEY, task="twice") as service,
    ):
        result = await service.process_message(message="push it to tuesday")
    listed = await stack.logger.get("/v1/predictions", params={"task": "twice"})
    assert len(line.seen) == 3
    assert [item["id"] for item in listed.json()["items"]] == [str(result.log_id)]
    assert service.dropped == 0


async def test_a_log_that_is_away_costs_no_answer_and_is_counted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with create_nlu_service(by_function, url="http://127.0.0.1:9", key="nlk_x") as service:
        result = await service.process_message(message=PRIVATE)
        await service.update_workflow_outcome(log_id=result.log_id, was_successful=True)
    assert result.intent == "move"
    assert service.dropped == 2
    assert str(result.log_id) in caplog.text
    assert PRIVATE not in caplog.text


@pytest.mark.parametrize(
    ("message", "confidence"),
    [(PRIVATE, float("nan")), (PRIVATE, 1.01), (PRIVATE + "\x00", 0.5), ("", 0.5)],
)
async def test_what_no_log_would_take_is_counted_and_its_text_is_not_told(
    stack: Stack, caplog: pytest.LogCaptureFixture, message: str, confidence: float
) -> None:
    def odd(_: str) -> Classification:
        return Classification(intent="move", confidence=confidence)

    with caplog.at_level(logging.DEBUG, logger="nlu_shared"):
        async with service_of(stack, odd) as service:
            result = await service.process_message(message=message)
    assert result.intent == "move"
    assert service.dropped == 1
    assert PRIVATE not in caplog.text


async def test_the_error_of_a_classifier_is_the_callers(stack: Stack) -> None:
    def broken(_: str) -> Classification:
        raise ZeroDivisionError

    async with service_of(stack, broken) as service:
        with pytest.raises(ZeroDivisionError):
            await service.process_message(message="push it")
        assert service.dropped == 0


async def test_a_slow_function_does_not_hold_up_the_loop(stack: Stack) -> None:
    ready = asyncio.Event()
    loop = asyncio.get_running_loop()

    def waits_for_the_loop(_: str) -> Classification:
        asyncio.run_coroutine_threadsafe(ready.wait(), loop).result(timeout=DEADLINE_SECONDS)
        return CLASSIFICATION

    async with service_of(stack, waits_for_the_loop) as service:
        answer = asyncio.create_task(service.process_message(message="push it to june"))
        await asyncio.sleep(0)
        ready.set()
        assert (await answer).intent == "move"


@pytest.mark.parametrize("answer", [{"intent": "move"}, ("move",), "move"], ids=str)
async def test_an_answer_without_a_confidence_keeps_its_intent_and_is_counted(
    stack: Stack, answer: Any
) -> None:
    async with service_of(stack, lambda _: answer) as service:
        result = await service.process_message("hello")
    assert (result.intent, result.confidence, service.dropped) == ("move", 0.0, 1)
