"""Whoever calls, from whatever loop, thread, process or moment: the client raises nothing of its
own, and what is not delivered is counted. Without a spool."""

import asyncio
import sys
from pathlib import Path

import pytest
from nlu_shared.client import Classification, Classifier, create_nlu_service

from tests.fixtures.databases import BOOTSTRAP_KEY
from tests.fixtures.stack import DEADLINE_SECONDS, Stack

CALLER = Path(__file__).with_name("caller.py")


async def called(way: str, url: str) -> list[str]:
    """What a backend that calls in this way prints, in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(CALLER),
        way,
        url,
        BOOTSTRAP_KEY,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(DEADLINE_SECONDS):
        printed, complained = await process.communicate()
    assert b"Traceback" not in complained, complained.decode()
    assert process.returncode == 0, complained.decode()
    return printed.decode().splitlines()


async def prompts_of(stack: Stack, task: str) -> set[str]:
    answer = await stack.logger.get("/v1/predictions", params={"task": task})
    return {item["prompt"] for item in answer.json()["items"]}


@pytest.mark.parametrize(
    ("way", "logged"),
    [
        ("loops", {"one", "two"}),
        ("threads", {f"in thread {n}" for n in range(8)}),
        ("fork", {"in the parent", "in the parent again", *(f"in child {n}" for n in range(4))}),
        ("same-loop", {"in the parent", "in the child", "in the parent again"}),
        ("at-exit", {"early", "late"}),
        ("cancelled", {"patience", "later"}),
    ],
)
async def test_every_call_is_logged_and_none_raises(
    stack: Stack, way: str, logged: set[str]
) -> None:
    printed = await called(way, str(stack.logger.base_url))
    assert {line.rpartition(" ")[2] for line in printed} == {"0"}
    assert await prompts_of(stack, way) == logged


@pytest.mark.parametrize("way", ["first-at-exit", "without-asyncio", "finalizing"])
async def test_a_call_at_an_odd_moment_is_answered(stack: Stack, way: str) -> None:
    printed = await called(way, str(stack.logger.base_url))
    assert any(line.startswith("answered") for line in printed)


async def test_what_is_logged_after_the_end_is_counted(stack: Stack) -> None:
    printed = await called("after-close", str(stack.logger.base_url))
    assert printed == ["dropped 2"]
    assert await prompts_of(stack, "after-close") == {"before"}


@pytest.mark.parametrize(
    "answer",
    [
        {"intent": "greet", "confidence": 0.9, "entities": ["not ours"]},
        {"predicted_intent": "greet", "confidence": 0.9},
        ("greet", 0.9),
        ("greet", 0.9, [("leave", 0.1)]),
        ("greet", 0.9, [{"intent": "leave", "confidence": 0.1}]),
        Classification(intent="greet", confidence=0.9),
    ],
)
async def test_a_classifier_answers_in_the_form_it_likes(stack: Stack, answer: object) -> None:
    async with create_nlu_service(
        lambda _: answer, url=str(stack.logger.base_url), key=BOOTSTRAP_KEY
    ) as nlu:
        result = await nlu.process_message("hello")
        await nlu.update_workflow_outcome(str(result.log_id), True, "greeting", None)
    stored = (await stack.logger.get(f"/v1/predictions/{result.log_id}")).json()
    assert (stored["predicted_intent"], stored["confidence"]) == ("greet", 0.9)
    assert stored["secondary_intents"] == [one.model_dump() for one in result.secondary_intents]
    assert stored["was_successful"] is True
    assert nlu.dropped == 0


class Hostile:
    """What breaks under whoever looks at it."""

    def __getattr__(self, name: str) -> object:
        raise MemoryError(name)

    def __deepcopy__(self, memo: object) -> object:
        raise MemoryError


DEEP: list[object] = []
for _ in range(100_000):
    DEEP = [DEEP]
CIRCLE: list[object] = []
CIRCLE.append(CIRCLE)


@pytest.mark.parametrize(
    "answer",
    [
        None,
        "greet",
        7,
        (),
        ("greet",),
        {},
        {"intent": "greet"},
        Hostile(),
        ("greet", "very"),
        ("greet", 10**400),
        ("gr\ud800et", 0.9),
        Classification(intent="greet", confidence=0.9, output=Hostile()),  # type: ignore[arg-type]
        Classification(intent="greet", confidence=0.9, output=DEEP),  # type: ignore[arg-type]
        Classification(intent="greet", confidence=0.9, output=CIRCLE),  # type: ignore[arg-type]
    ],
    ids=lambda value: type(value).__name__,  # not all of them have a text
)
async def test_an_answer_nobody_can_log_is_the_callers_and_counted(
    stack: Stack, answer: object
) -> None:
    async with create_nlu_service(
        lambda _: answer, url=str(stack.logger.base_url), key=BOOTSTRAP_KEY
    ) as nlu:
        result = await nlu.process_message("hello")
        assert nlu.dropped == 1
        await nlu.update_workflow_outcome(result.log_id, "perhaps")  # type: ignore[arg-type]
        await nlu.update_workflow_outcome("no id", True)
        assert nlu.dropped == 3


@pytest.mark.parametrize(
    ("url", "key"), [("http://127.0.0.1:9", "nlk_ü"), ("no address", "k"), ("", "a\nb")]
)
async def test_an_address_or_a_key_that_cannot_be_used_costs_no_answer(url: str, key: str) -> None:
    classifier: Classifier = lambda _: ("greet", 0.9)  # noqa: E731
    async with create_nlu_service(classifier, url=url or "http://127.0.0.1:9", key=key) as nlu:
        assert (await nlu.process_message("hello")).intent == "greet"
    assert nlu.dropped == 1


@pytest.mark.parametrize("confidence", [1.0000001, 1 + 1e-6, -1e-9, -1e-6])
async def test_a_confidence_that_rounding_put_outside_is_clipped(
    stack: Stack, confidence: float
) -> None:
    url = str(stack.logger.base_url)
    answer = ("greet", confidence, [("leave", confidence)])
    async with create_nlu_service(lambda _: answer, url=url, key=BOOTSTRAP_KEY) as nlu:
        result = await nlu.process_message("hello")
    stored = (await stack.logger.get(f"/v1/predictions/{result.log_id}")).json()
    assert stored["confidence"] == round(confidence)
    assert stored["secondary_intents"][0]["confidence"] == round(confidence)
