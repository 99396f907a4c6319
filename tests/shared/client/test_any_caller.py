"""Whoever calls, from whatever loop, thread, process or moment: the client raises nothing of its
own, and what is not delivered is counted. Without a spool."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest
from nlu_shared.client import Classification, Classifier, create_nlu_service

from tests.fixtures.databases import BOOTSTRAP_KEY
from tests.fixtures.stack import DEADLINE_SECONDS, Stack

NOWHERE = "http://127.0.0.1:9"
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


@pytest.mark.law
@pytest.mark.parametrize(
    ("way", "logged"),
    [
        ("loops", {"one", "two"}),
        ("threads", {f"in thread {n}" for n in range(8)}),
        ("fork", {"in the parent", "in the parent again", *(f"in child {n}" for n in range(4))}),
        ("same-loop", {"in the parent", "in the child", "in the parent again"}),
        ("at-exit", {"early", "late"}),
        ("cancelled", {"patience", "later"}),
        ("in-flight-at-exit", {f"in flight {n}" for n in range(20)}),
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


async def test_what_the_end_of_a_program_cuts_short_is_counted_and_logged(stack: Stack) -> None:
    printed = await called("lost-at-exit", str(stack.logger.base_url))
    assert printed[0] == "dropped 0"
    assert "not logged" in printed[1]
    assert "dropped=1" in printed[1]


async def test_green_threads_are_named_with_what_to_do(stack: Stack) -> None:
    printed = await called("green", str(stack.logger.base_url))
    assert "gevent has patched this process" in printed[0]
    assert "workers that are threads or processes" in printed[0]
    assert printed[1] == "dropped 1"


@pytest.mark.parametrize("spooled", [False, True])
@pytest.mark.parametrize(
    ("raised", "reaches"),
    [
        (ValueError("as it is"), ValueError),
        (StopAsyncIteration(), StopAsyncIteration),
        (TimeoutError(), asyncio.TimeoutError),
        (StopIteration(), RuntimeError),
        (GeneratorExit(), RuntimeError),
        (asyncio.CancelledError(), RuntimeError),
    ],
    ids=lambda one: getattr(one, "__name__", type(one).__name__),
)
async def test_what_a_function_raises_reaches_the_caller(
    tmp_path: Path, spooled: bool, raised: BaseException, reaches: type[BaseException]
) -> None:
    """As it is, but for what a coroutine would take for its own end."""

    def broken(_: str) -> object:
        raise raised

    folder = tmp_path if spooled else None
    async with create_nlu_service(broken, url=NOWHERE, key="k", spool=folder) as nlu:
        async with asyncio.timeout(DEADLINE_SECONDS):
            with pytest.raises(reaches) as caught:
                await nlu.process_message("hello")
        assert raised in (caught.value, caught.value.__cause__)
        assert nlu.dropped == 0


async def test_a_close_while_calls_are_in_flight_delivers_them(stack: Stack) -> None:
    async def classify(_: str) -> tuple[str, float]:
        return "greet", 0.9

    url = str(stack.logger.base_url)
    nlu = create_nlu_service(classify, url=url, key=BOOTSTRAP_KEY, task="closing")
    await nlu.process_message("warm")
    calls = [asyncio.create_task(nlu.process_message(f"call {n}")) for n in range(50)]
    await asyncio.sleep(0)
    async with asyncio.timeout(DEADLINE_SECONDS):
        await nlu.close()
        answers = await asyncio.gather(*calls)
    assert {answer.intent for answer in answers} == {"greet"}
    assert nlu.dropped == 0
    assert await prompts_of(stack, "closing") == {"warm", *(f"call {n}" for n in range(50))}


@pytest.mark.law
async def test_a_close_ends_calls_that_nobody_answers_and_counts_them(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def classify(_: str) -> tuple[str, float]:
        return "greet", 0.9

    deaf = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = deaf.sockets[0].getsockname()[1]
    nlu = create_nlu_service(classify, url=f"http://127.0.0.1:{port}", key="k")
    calls = [asyncio.create_task(nlu.process_message("hello")) for _ in range(5)]
    await asyncio.sleep(0)
    async with asyncio.timeout(DEADLINE_SECONDS):
        await nlu.close()
        answers = await asyncio.gather(*calls)
    assert {answer.intent for answer in answers} == {"greet"}
    assert nlu.dropped == caplog.text.count("prediction not logged") == 5
    deaf.close()


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


@pytest.mark.parametrize(
    ("beside", "name"),
    [
        ({"user_id": ""}, "user_id"),
        ({"user_id": "customer 7"}, "user_id"),
        ({"conversation_id": object()}, "conversation_id"),
        ({"message_index": -1}, "message_index"),
        ({"message": "long " * 10_000}, "prompt"),
        ({"secondary": [("leave", 0.1)] * 1_000}, "secondary_intents"),
        ({"model_version": "m" * 300}, "model_version"),
    ],
)
async def test_what_stands_beside_a_prediction_costs_it_nothing(
    stack: Stack, caplog: pytest.LogCaptureFixture, beside: dict[str, Any], name: str
) -> None:
    """It is cut or left out, and that is said once."""
    answer = {
        "intent": "greet",
        "confidence": 0.9,
        "secondary_intents": beside.pop("secondary", None),
        "model_version": beside.pop("model_version", None),
    }
    message = beside.pop("message", "hello")
    url = str(stack.logger.base_url)
    async with create_nlu_service(lambda _: answer, url=url, key=BOOTSTRAP_KEY) as nlu:
        first = await nlu.process_message(message, **beside)
        await nlu.process_message(message, **beside)
    stored = (await stack.logger.get(f"/v1/predictions/{first.log_id}")).json()
    assert stored["prompt"] == message[:32_768]
    assert len(stored["secondary_intents"]) == (100 if name == "secondary_intents" else 0)
    assert nlu.dropped == 0
    assert caplog.text.count(f"{name} cut or left out") == 1


async def test_an_answer_that_does_not_say_what_it_is_is_counted(stack: Stack) -> None:
    class Unclassed:
        @property
        def __class__(self) -> type:  # type: ignore[override]
            raise MemoryError

    url = str(stack.logger.base_url)
    async with create_nlu_service(lambda _: Unclassed(), url=url, key=BOOTSTRAP_KEY) as nlu:
        assert (await nlu.process_message("hello")).intent == ""
        assert nlu.dropped == 1


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
