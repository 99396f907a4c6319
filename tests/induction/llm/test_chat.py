"""A server of the chat-completions API, as each of those people have speaks it."""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

import httpx2
import pytest
from induction.llm.adapters.chat import Chat, window_in
from induction.llm.errors import ParkRun, StopRun
from induction.llm.servers import dialects
from induction.providers import Api, Provider
from induction.task_kinds.base import ModelAnswer, Outcome, Usage
from nlu_shared.schemas.endpoints import Dialect
from pydantic import ValidationError

from tests.induction.llm.toys import simple_question

ANSWER = '{"label": "yes", "confidence": 0.5}'


def completion(content: object = ANSWER, **more: Any) -> dict[str, Any]:
    """A whole answer, with other parts where some are given."""
    message = {"role": "assistant", "content": content, **more.pop("message", {})}
    choice = {"index": 0, "message": message, "finish_reason": more.pop("finish_reason", "stop")}
    usage = {"prompt_tokens": 30, "completion_tokens": 7, "total_tokens": 37}
    return {
        "id": "one",
        "object": "chat.completion",
        "model": "m",
        "choices": [choice],
        "usage": usage,
        **more,
    }


def chat(answer: Callable[[httpx2.Request], httpx2.Response]) -> Chat:
    async def no_wait(_: float) -> None:
        return None

    http = httpx2.AsyncClient(transport=httpx2.MockTransport(answer))
    return Chat(
        api_key="any", base_url="http://model/v1", http_client=http, sleep=no_wait, jitter=lambda: 0
    )


async def answered(body: object, status: int = 200, **headers: str) -> ModelAnswer:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    model = chat(lambda _: httpx2.Response(status, content=content, headers=headers))
    return await model.complete(simple_question())


@pytest.mark.parametrize(
    ("body", "outcome", "text", "usage"),
    [
        (completion(), Outcome.OK, ANSWER, Usage(30, 0, 0, 7)),
        # OpenAI: what was read from the cache is part of the prompt.
        (
            completion(
                usage={
                    "prompt_tokens": 30,
                    "completion_tokens": 7,
                    "prompt_tokens_details": {"cached_tokens": 20},
                }
            ),
            Outcome.OK,
            ANSWER,
            Usage(10, 0, 20, 7),
        ),
        (completion(finish_reason="length"), Outcome.CUT, ANSWER, Usage(30, 0, 0, 7)),
        (completion(finish_reason="content_filter"), Outcome.REFUSED, ANSWER, Usage(30, 0, 0, 7)),
        (
            completion(None, message={"refusal": "I will not."}),
            Outcome.REFUSED,
            "I will not.",
            Usage(30, 0, 0, 7),
        ),
        # A model that thinks may be cut before it has said a word.
        (completion(None, finish_reason="length"), Outcome.CUT, "", Usage(30, 0, 0, 7)),
        (completion(None), Outcome.MALFORMED, "", Usage(30, 0, 0, 7)),
        (completion("Yes!"), Outcome.MALFORMED, "Yes!", Usage(30, 0, 0, 7)),
        (
            completion([{"type": "text", "text": ANSWER}, {"type": "image"}]),
            Outcome.OK,
            ANSWER,
            Usage(30, 0, 0, 7),
        ),
        (completion(usage=None), Outcome.OK, ANSWER, None),
        (completion(usage={"prompt_tokens": 5}), Outcome.OK, ANSWER, None),
        (completion(usage={"prompt_tokens": -5, "completion_tokens": 7}), Outcome.OK, ANSWER, None),
        (
            completion(
                usage={
                    "prompt_tokens": 5,
                    "completion_tokens": 7,
                    "prompt_tokens_details": {"cached_tokens": 50},
                }
            ),
            Outcome.OK,
            ANSWER,
            None,
        ),
    ],
)
async def test_what_a_completion_says_is_an_answer_with_what_it_used(
    body: Mapping[str, Any], outcome: Outcome, text: str, usage: Usage | None
) -> None:
    answer = await answered(body)
    assert (answer.outcome, answer.text, answer.usage) == (outcome, text, usage)
    assert answer.reported == "m"


@pytest.mark.parametrize(
    "body",
    [
        b"<html>busy</html>",
        b"",
        b"[]",
        b"[" * 100_000,
        {"choices": []},
        {"choices": None},
        {"choices": [{"message": None}]},
        {"choices": ["text"]},
        {"object": "error"},
    ],
)
async def test_what_is_no_completion_is_tried_again_and_then_unanswered(body: object) -> None:
    answer = await answered(body)
    assert (answer.outcome, answer.attempts, answer.ambiguous) == (Outcome.UNAVAILABLE, 6, 6)


@pytest.mark.parametrize("status", [401, 402, 403, 404])
async def test_what_no_repeat_can_cure_stops_the_run(status: int) -> None:
    with pytest.raises(StopRun, match=f"status {status}"):
        await answered({"error": {"message": "secret"}}, status)


async def test_no_text_follows_a_server_that_sends_elsewhere() -> None:
    """Its answers would be filed under the address that was configured."""
    sent: list[str] = []

    async def server(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sent.append((await reader.readline()).decode())
        elsewhere = "HTTP/1.1 307 Temporary Redirect\r\nlocation: /other\r\n"
        writer.write(f"{elsewhere}content-length: 0\r\nconnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    listening = await asyncio.start_server(server, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    async with listening:
        model = Chat(api_key="any", base_url=f"http://127.0.0.1:{port}/v1")
        with pytest.raises(StopRun, match="status 307: it sends to another address"):
            await model.complete(simple_question())
    assert len(sent) == 1


async def test_a_used_up_quota_is_no_rate_to_wait_for() -> None:
    with pytest.raises(StopRun, match="the spend limit is reached"):
        await answered({"error": {"code": "insufficient_quota", "message": "…"}}, 429)


async def test_a_long_pause_parks_the_run_and_a_short_one_is_waited() -> None:
    with pytest.raises(ParkRun) as parked:
        await answered({}, 429, **{"retry-after": "3600"})
    assert parked.value.seconds == 3600
    seen: list[int] = []

    def twice(_: httpx2.Request) -> httpx2.Response:
        seen.append(429 if not seen else 200)
        return httpx2.Response(seen[-1], json=completion(), headers={"retry-after": "2"})

    answer = await chat(twice).complete(simple_question())
    assert (answer.outcome, answer.attempts, answer.ambiguous) == (Outcome.OK, 2, 0)


@pytest.mark.parametrize("status", [400, 422])
async def test_a_refused_request_is_rejected_without_the_servers_words(status: int) -> None:
    answer = await answered({"error": {"message": "secret"}}, status)
    assert answer.outcome is Outcome.REJECTED
    assert "secret" not in answer.text


async def test_a_server_that_is_not_there_or_is_late_is_told_apart() -> None:
    def raising(error: Exception) -> Callable[[httpx2.Request], httpx2.Response]:
        def answer(_: httpx2.Request) -> httpx2.Response:
            raise error

        return answer

    for error, ambiguous in (
        (httpx2.ConnectError("no"), 0),
        (httpx2.ConnectTimeout("no"), 0),
        (httpx2.ReadTimeout("no"), 6),
        (httpx2.RemoteProtocolError("cut"), 6),
    ):
        one = await chat(raising(error)).complete(simple_question())
        assert (one.outcome, one.ambiguous) == (Outcome.UNAVAILABLE, ambiguous), error


def test_each_part_of_a_request_is_left_out_alone_before_two_are() -> None:
    full = Dialect(takes_temperature=True, effort="low")
    tried = list(dialects(full))
    left_out = [
        {name for name, value in one.model_dump().items() if value != getattr(full, name)}
        for one in tried
    ]
    assert left_out[0] == set()
    assert list(map(len, left_out)) == sorted(map(len, left_out))
    assert len({frozenset(one) for one in left_out}) == len(left_out) == 2**4


@pytest.mark.parametrize(
    ("listed", "window"),
    [
        ({"data": [{"id": "m", "max_model_len": 4096}]}, 4096),  # vLLM
        ({"data": [{"id": "m", "context_length": 32768}, {"id": "n"}]}, 32768),  # OpenRouter
        ({"data": [{"id": "/m.gguf", "meta": {"n_ctx": 8192, "n_ctx_train": 1}}]}, 8192),  # llama
        ({"data": [{"id": "m", "object": "model"}]}, None),  # OpenAI
        ({"data": [{"id": "a", "context_length": 1}, {"id": "b"}]}, None),
        ({"data": [{"id": "m", "context_length": "many"}]}, None),
        ({"data": None}, None),
        ([], None),
    ],
)
def test_a_window_is_known_where_the_list_of_models_tells(
    listed: object, window: int | None
) -> None:
    assert window_in(listed, "m") == window


@pytest.mark.parametrize("address", ["http://model/v1?token=secret", "http://model/v1#secret"])
def test_an_address_that_could_hold_a_secret_beside_its_path_is_refused(address: str) -> None:
    """It is shown in configurations and reports."""
    with pytest.raises(ValidationError):
        Provider(api=Api.CHAT_COMPLETIONS, base_url=address)
    assert Provider(api=Api.CHAT_COMPLETIONS, base_url="http://model/v1").base_url
