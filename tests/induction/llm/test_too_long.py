"""A prompt that does not fit into the model's window is known by what providers say of it."""

import json

import httpx2
import pytest
from induction.llm.adapters.claude import Claude
from induction.llm.adapters.reading import read_message as read
from induction.llm.retry import TOO_LONG, Failure, Kind
from induction.task_kinds.base import Outcome

from tests.induction.llm.toys import simple_question

SAYS = [
    {"error": {"code": "context_length_exceeded", "message": "any"}},
    {"error": {"message": "This model's maximum context length is 128000 tokens. However …"}},
    {"error": {"code": 400, "message": "the request exceeds the available context size, try …"}},
    {"error": {"code": 400, "type": "exceed_context_size_error", "message": "any"}},
    {"type": "error", "error": {"type": "invalid_request_error", "message": "prompt is too long"}},
    {"error": {"message": "Prompt is too long: 210000 tokens > 200000 maximum"}},
    {"error": {"message": "input length and `max_tokens` exceed context limit: context window"}},
    {"error": "input length exceeds the context length"},
]
OTHERS: list[object] = [
    {"error": {"type": "invalid_request_error", "message": "temperature: not supported"}},
    {"error": {"message": None}},
    {"error": None},
    {"error": ["prompt is too long"]},
    {"error": {"message": "x" * 10_000 + "prompt is too long"}},
    "prompt is too long",
    None,
]


@pytest.mark.parametrize("says", SAYS)
async def test_a_refusal_for_the_prompts_length_is_an_outcome_of_its_own(says: object) -> None:
    transport = httpx2.MockTransport(lambda _: httpx2.Response(400, json=says))
    model = Claude(api_key="any", http_client=httpx2.AsyncClient(transport=transport))
    answer = await model.complete(simple_question())
    assert (answer.outcome, answer.attempts) == (Outcome.TOO_LONG, 1)
    assert answer.text == "status 400: the prompt is too long for the model"


@pytest.mark.parametrize("body", OTHERS)
def test_any_other_refusal_is_not(body: object) -> None:
    assert read(400, {}, json.dumps(body).encode()) == Failure(Kind.STATUS, 400)


def test_a_request_that_is_too_large_is_too_long_whatever_is_written_beside_it() -> None:
    failure = read(413, {}, b"<html>")
    assert isinstance(failure, Failure)
    assert failure.too_long
    assert not Failure(Kind.STATUS, 500, TOO_LONG).too_long
