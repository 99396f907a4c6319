"""The offline model at its wire: what the Messages API promises, it promises."""

import json

import httpx2
import pytest
from anthropic import AsyncAnthropic, AuthenticationError, BadRequestError, NotFoundError
from offline_model.app import in_process
from offline_model.settings import OfflineSettings

from tests.induction.llm.toys import MODEL, choice_schema

LABELS = ("yes", "no")
HEADERS = {"authorization": "Bearer any", "anthropic-version": "2026-10-21"}


def body(**changes: object) -> dict[str, object]:
    return {
        "model": MODEL,
        "max_tokens": 64,
        "messages": [{"role": "user", "content": '{"text": "yes please"}'}],
        "output_config": {"format": {"type": "json_schema", "schema": choice_schema(LABELS)}},
    } | changes


async def test_the_sdk_gets_a_message_whose_id_says_who_answered() -> None:
    async with AsyncAnthropic(api_key="any", http_client=in_process()) as client:
        reply = await client.messages.create(**body())  # type: ignore[call-overload]
    assert reply.model == MODEL
    assert reply.id.startswith("offline_")
    assert reply.stop_reason == "end_turn"
    assert json.loads(reply.content[0].text)["label"] == "yes"


async def test_the_sdk_lists_models() -> None:
    async with AsyncAnthropic(api_key="any", http_client=in_process()) as client:
        assert MODEL in [model.id async for model in client.models.list()]


async def test_a_wrong_key_and_a_wrong_path_are_the_errors_the_sdk_knows() -> None:
    settings = OfflineSettings(api_key="right")
    wrong = AsyncAnthropic(api_key="wrong", http_client=in_process(settings), max_retries=0)
    with pytest.raises(AuthenticationError):
        await wrong.messages.create(**body())  # type: ignore[call-overload]
    async with AsyncAnthropic(api_key="any", http_client=in_process()) as client:
        with pytest.raises(NotFoundError):
            await client.get("/v1/elsewhere", cast_to=object)


async def test_either_kind_of_key_is_taken_and_none_is_not() -> None:
    async with in_process(OfflineSettings(api_key="right")) as http:
        version = {"anthropic-version": "2026-10-21"}
        for headers in ({"x-api-key": "right"}, {"authorization": "Bearer right"}):
            answer = await http.post("/v1/messages", json=body(), headers=version | headers)
            assert answer.status_code == 200
        answer = await http.post("/v1/messages", json=body(), headers=version)
    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "authentication_error"
    assert answer.json()["request_id"] == answer.headers["request-id"]


async def test_the_version_header_is_required() -> None:
    async with in_process() as http:
        answer = await http.post("/v1/messages", json=body(), headers={"x-api-key": "any"})
    assert answer.status_code == 400
    assert answer.json()["type"] == "error"
    assert "anthropic-version" in answer.json()["error"]["message"]


@pytest.mark.parametrize("parameter", ["temperature", "top_p", "top_k", "invented"])
async def test_retired_and_unknown_parameters_are_refused_by_name(parameter: str) -> None:
    client = AsyncAnthropic(api_key="any", http_client=in_process(), max_retries=0)
    with pytest.raises(BadRequestError, match=parameter):
        await client.messages.create(**body(), extra_body={parameter: 1})  # type: ignore[call-overload]


@pytest.mark.parametrize(
    "changes",
    [
        {"messages": []},
        {"messages": [{"role": "assistant", "content": "yes"}]},
        {"messages": [{"role": "user", "content": [{"type": "image"}]}]},
        {"system": [{"type": "text", "text": ""}]},
        {"max_tokens": 0},
        {"stream": True},
        {"output_config": {}},
        {"output_config": {"format": {"type": "json_schema", "schema": {"properties": 3}}}},
    ],
)
async def test_what_it_cannot_honour_it_refuses(changes: dict[str, object]) -> None:
    async with in_process() as http:
        answer = await http.post("/v1/messages", json=body(**changes), headers=HEADERS)
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"\xff", b'{"model":' + b"[" * 5_000])
async def test_a_body_that_is_no_request_is_a_400(raw: bytes) -> None:
    async with in_process() as http:
        answer = await http.post("/v1/messages", content=raw, headers=HEADERS)
    assert answer.status_code == 400


async def usage_of(
    http: httpx2.AsyncClient, *texts: str, model: str = MODEL
) -> tuple[int, int, int]:
    """Input, cache creation and cache read tokens with every block marked for the cache."""
    mark = {"type": "ephemeral"}
    system = [{"type": "text", "text": text, "cache_control": mark} for text in texts]
    answer = await http.post("/v1/messages", json=body(system=system, model=model), headers=HEADERS)
    usage = answer.json()["usage"]
    return (
        usage["input_tokens"],
        usage["cache_creation_input_tokens"],
        usage["cache_read_input_tokens"],
    )


async def test_usage_follows_which_marked_prefixes_were_seen() -> None:
    first, second = "a" * 400, "b" * 200
    async with in_process() as http:
        input_tokens, *_ = await usage_of(http)
        assert await usage_of(http, first) == (input_tokens, 100, 0)
        assert await usage_of(http, first) == (input_tokens, 0, 100)
        assert await usage_of(http, first, second) == (input_tokens, 50, 100)
        assert await usage_of(http, first, second) == (input_tokens, 0, 150)
        assert await usage_of(http, second) == (input_tokens, 50, 0)
        assert await usage_of(http, first, model="claude-opus-5-5") == (input_tokens, 100, 0)


async def test_an_unmarked_system_prompt_is_plain_input() -> None:
    async with in_process() as http:
        for _ in range(2):
            answer = await http.post("/v1/messages", json=body(system="a" * 400), headers=HEADERS)
            usage = answer.json()["usage"]
            assert usage["input_tokens"] > 100
            assert usage["cache_read_input_tokens"] == 0


async def test_calls_are_counted_where_they_are_answered() -> None:
    async with in_process() as http:
        for text in ("one", "two", "two"):
            turn = [{"role": "user", "content": text}]
            await http.post("/v1/messages", json=body(messages=turn), headers=HEADERS)
        await http.post("/v1/messages", content=b"{", headers=HEADERS)
        counted = (await http.get("/calls")).json()
    assert counted["answered"] == 3
    assert counted["arrived"] == 4
    assert sorted(counted["by_request"].values()) == [1, 2]


async def test_it_says_what_it_is() -> None:
    async with in_process() as http:
        assert "not a language model" in (await http.get("/")).json()["about"]
