"""What an adapter sends through its provider's SDK is, byte for byte, what a backend sends."""

from collections.abc import Callable, Iterator, Mapping
from itertools import product
from typing import Any

import httpx2
import pytest
from induction.llm.adapters.chat import Chat
from induction.llm.adapters.claude import Claude
from induction.llm.servers import INSTEAD
from nlu_shared.rendering import AnswerSpace, as_bytes, body_of, render
from nlu_shared.rendering.request import ModelRequest
from nlu_shared.schemas.endpoints import WHOLE, ApiForm, Dialect
from nlu_shared.schemas.prompts import Block, Example, PromptContent, TaskKind

PROMPT = PromptContent(
    instructions=(Block(name="role", text="Sort «it».\n"),),
    examples=(Example(text='pay "now"\\', output="pay"),),
)
INTENT = AnswerSpace(TaskKind.INTENT, ("pay", "stop it"))
REQUESTS = [
    render(PROMPT, "Größe 😀 \u2028", answers=INTENT, model="m"),
    render(PROMPT, "x", answers=AnswerSpace(TaskKind.EXTRACTION), model="m"),
    ModelRequest("m", ("", "one", ""), "{}", INTENT.schema, 5),
    ModelRequest("m", (), "{}", INTENT.schema, 5),
]
ADAPTERS: Mapping[ApiForm, Callable[..., Any]] = {
    ApiForm.MESSAGES: Claude,
    ApiForm.CHAT_COMPLETIONS: Chat,
}


def every_dialect() -> Iterator[Dialect]:
    """Every choice of parts that is left out of the whole."""
    full = Dialect(takes_temperature=True, effort="low")
    for left_out in product([False, True], repeat=len(INSTEAD)):
        parts = zip(INSTEAD.items(), left_out, strict=True)
        yield full.model_copy(update=dict(part for part, is_out in parts if is_out))


@pytest.mark.parametrize("form", ApiForm)
async def test_an_adapter_sends_what_a_backend_sends(form: ApiForm) -> None:
    sent: list[bytes] = []

    def keep(request: httpx2.Request) -> httpx2.Response:
        sent.append(request.content)
        return httpx2.Response(400, json={})

    http = httpx2.AsyncClient(transport=httpx2.MockTransport(keep))
    adapter = ADAPTERS[form](api_key="any", base_url="http://model/v1", http_client=http)
    for request in REQUESTS:
        for dialect in every_dialect():
            await adapter.complete(request, dialect=dialect)
            assert sent.pop() == as_bytes(body_of(request, form, dialect))
    await adapter.close()


def test_the_whole_of_a_form_is_the_request_as_it_was_rendered() -> None:
    request = REQUESTS[0]
    assert body_of(request, ApiForm.MESSAGES, WHOLE[ApiForm.MESSAGES]) == request.messages()
    newer = Dialect(length_field="max_completion_tokens")
    assert body_of(request, ApiForm.CHAT_COMPLETIONS, newer) == request.chat_completions()


@pytest.mark.parametrize(
    ("form", "dialect", "fields"),
    [
        (ApiForm.MESSAGES, Dialect(), {"output_config", "system", "max_tokens"}),
        (ApiForm.MESSAGES, Dialect(takes_schema=False), {"system", "max_tokens"}),
        (
            ApiForm.MESSAGES,
            Dialect(takes_schema=False, effort="low"),
            {"output_config", "system", "max_tokens"},
        ),
        (
            ApiForm.CHAT_COMPLETIONS,
            WHOLE[ApiForm.CHAT_COMPLETIONS],
            {"response_format", "temperature", "max_tokens"},
        ),
        (ApiForm.CHAT_COMPLETIONS, Dialect(takes_schema=False), {"max_tokens"}),
        (
            ApiForm.CHAT_COMPLETIONS,
            Dialect(length_field="max_completion_tokens", effort="low"),
            {"response_format", "reasoning_effort", "max_completion_tokens"},
        ),
    ],
)
def test_only_what_a_server_takes_is_sent(
    form: ApiForm, dialect: Dialect, fields: set[str]
) -> None:
    assert body_of(REQUESTS[0], form, dialect).keys() == {"model", "messages", *fields}
