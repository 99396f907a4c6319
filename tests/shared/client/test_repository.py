"""The log by the names a backend knows it by."""

from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest
from nlu_shared.client import (
    ClientError,
    Conflict,
    Forbidden,
    NLURepository,
    NotFound,
    Refused,
    Unauthenticated,
    UnexpectedAnswer,
    Unreachable,
    create_nlu_repository,
)
from nlu_shared.ids import uuid7
from nlu_shared.schemas.predictions import PredictionIn

from tests.fixtures.databases import BOOTSTRAP_KEY
from tests.fixtures.stack import Stack


def repository_of(stack: Stack, key: str = BOOTSTRAP_KEY) -> NLURepository:
    return create_nlu_repository(url=str(stack.logger.base_url), key=key)


def prediction(task: str, text: str, confidence: float, log_id: UUID | None = None) -> PredictionIn:
    return PredictionIn(
        id=log_id, task=task, prompt=text, predicted_intent="scheduling", confidence=confidence
    )


async def test_the_queues_hold_what_was_unsure_and_what_failed(stack: Stack) -> None:
    async with repository_of(stack) as repository:
        unsure = await repository.log_prompt(prediction("queues", "hm", 0.69))
        await repository.log_prompt(prediction("queues", "sure", 0.7))
        failed = await repository.log_prompt(prediction("queues", "sure but wrong", 0.99))
        await repository.update_prompt_log_outcome(
            failed, was_successful=False, execution_error="no such event"
        )
        low = await repository.get_low_confidence_prompts(task="queues")
        broken = await repository.get_failed_workflow_prompts(task="queues")
    assert [one.id for one in low] == [unsure]
    assert [(one.id, one.execution_error) for one in broken] == [(failed, "no such event")]


async def test_retraining_takes_what_people_corrected_and_what_the_model_was_sure_of(
    stack: Stack,
) -> None:
    async with repository_of(stack) as repository:
        await repository.log_prompt(prediction("retrain", "schedule time for math homework", 0.92))
        corrected = await repository.log_prompt(
            prediction("retrain", "add event to calendar", 0.67)
        )
        await repository.log_prompt(prediction("retrain", "hm", 0.4))
        await repository.add_prompt_correction(
            log_id=str(corrected), corrected_intent="calendar_event", correction_notes="an event"
        )
        rows = await repository.get_prompts_for_retraining(days=30, task="retrain")
    assert sorted(rows, key=lambda row: row["text"]) == [
        {
            "text": "add event to calendar",
            "label": "calendar_event",
            "confidence": 0.67,
            "source": "production",
            "corrected": True,
        },
        {
            "text": "schedule time for math homework",
            "label": "scheduling",
            "confidence": 0.92,
            "source": "production",
            "corrected": False,
        },
    ]


async def test_retraining_reads_past_the_first_page(stack: Stack) -> None:
    batch = [prediction("pages", f"text {n}", 0.9).model_dump(mode="json") for n in range(450)]
    assert (await stack.logger.post("/v1/predictions:batch", json=batch)).status_code == 207
    async with repository_of(stack) as repository:
        rows = await repository.get_prompts_for_retraining(task="pages")
    assert len({row["text"] for row in rows}) == len(rows) == 450


async def test_the_same_prediction_twice_is_one_and_another_under_its_id_is_a_conflict(
    stack: Stack,
) -> None:
    logged = prediction("again", "once", 0.5, uuid7())
    async with repository_of(stack) as repository:
        assert (
            await repository.log_prompt(logged) == await repository.log_prompt(logged) == logged.id
        )
        with pytest.raises(Conflict):
            await repository.log_prompt(logged.model_copy(update={"prompt": "other"}))


async def test_refusals_have_names(stack: Stack) -> None:
    made = await stack.logger.post(
        "/v1/admin/keys", json={"name": "reader", "scopes": ["predictions:read"]}
    )
    wrong: list[tuple[NLURepository, type[ClientError]]] = [
        (repository_of(stack), NotFound),
        (repository_of(stack, key="nlk_unknown"), Unauthenticated),
        (repository_of(stack, key=made.json()["key"]), Forbidden),
        (create_nlu_repository(url="http://127.0.0.1:9"), Unreachable),
        (create_nlu_repository(url="no address"), Unreachable),
    ]
    for repository, named in wrong:
        async with repository:
            with pytest.raises(named):
                await repository.update_prompt_log_outcome(uuid7(), was_successful=True)


async def test_a_refusal_says_where_and_keeps_the_services_code(stack: Stack) -> None:
    async with repository_of(stack) as repository:
        with pytest.raises(Refused, match=r"limit") as refused:
            await repository.get_failed_workflow_prompts(limit=0)
    assert (refused.value.status, refused.value.code) == (422, "invalid")


async def test_an_address_of_something_else_is_named_as_such(stack: Stack) -> None:
    elsewhere = f"{stack.logger.base_url}/docs?"
    async with create_nlu_repository(url=elsewhere, key=BOOTSTRAP_KEY) as repository:
        with pytest.raises(UnexpectedAnswer, match="cannot read"):
            await repository.get_low_confidence_prompts()


async def test_address_and_key_come_from_the_environment(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NLU_LOGGER_URL", str(stack.logger.base_url))
    monkeypatch.setenv("NLU_LOGGER_KEY", BOOTSTRAP_KEY)
    async with create_nlu_repository() as repository:
        assert await repository.get_low_confidence_prompts(task="nobody-logs-here") == []


@pytest.mark.parametrize(
    "call",
    [
        lambda it: it.log_prompt("hello"),
        lambda it: it.log_prompt({"prompt": "hello"}),
        lambda it: it.get_prompts_for_retraining(10**9),
        lambda it: it.get_prompts_for_retraining("thirty"),
        lambda it: it.get_prompts_for_retraining(30, min_confidence="high"),
        lambda it: it.get_low_confidence_prompts(object(), limit=object()),
        lambda it: it.update_prompt_log_outcome(uuid7(), object()),
    ],
)
async def test_arguments_of_another_type_are_an_error_of_the_clients(
    stack: Stack, call: Callable[[NLURepository], Awaitable[object]]
) -> None:
    async with repository_of(stack) as repository:
        with pytest.raises(ClientError):
            await call(repository)


async def test_secondary_intents_are_taken_as_pairs(stack: Stack) -> None:
    async with repository_of(stack) as repository:
        log_id = await repository.log_prompt(
            prompt="hello", predicted_intent="a", confidence=0.5, secondary_intents=[("b", 0.1)]
        )
    stored = (await stack.logger.get(f"/v1/predictions/{log_id}")).json()
    assert stored["secondary_intents"] == [{"intent": "b", "confidence": 0.1}]
