"""What is sent is decided by prompt and answers alone, and never changes unnoticed."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from nlu_shared.rendering import (
    AnswerSpace,
    ModelAnswer,
    Outcome,
    as_bytes,
    read,
    render,
    render_parts,
    rendered,
)
from nlu_shared.rendering.answers import read_message
from nlu_shared.schemas.ground_truth import Context, Turn
from nlu_shared.schemas.prompts import Block, Example, PromptContent, TaskKind

from tests.fixtures.from_schema import instances

INTENT = AnswerSpace(TaskKind.INTENT, ("pay", "stop it"))
FAMILY = AnswerSpace(TaskKind.EXTRACTION)
BEFORE = Context(before=(Turn(speaker="bot", text="Hi «é»?"), Turn(text="second")))
PROMPT = PromptContent(
    instructions=(Block(name="role", text="Choose pay\nor stop it."), Block(name="b", text="é")),
    examples=(Example(text="yés", output="pay", context=BEFORE), Example(text="no", output="pay")),
)
TEXT = 'Wéll\n"x"'
KEYS = {
    ("intent", False): "1080040ea7960c6829e546f74941ce44b0f5ce3ce2b8de3fa691e13c0de66e4e",
    ("intent", True): "15527851c15e1ff67129900c4b7b18444b4dd5284d51b4205f42c670f7a6df98",
    (
        TaskKind.EXTRACTION,
        False,
    ): "cba27c5323e53ff5b9a6b402d5f51dee92b91a0c400e56af6071e2a494a31cfc",
    ("extraction", True): "5886e6bf0c1d885abcaaad2f3ef320ffb29ada8f65db67ff0e170b3b55b1ff27",
}
"""Of the ledger: with another one, no stored answer would be found again."""


@pytest.mark.parametrize("answers", [INTENT, FAMILY], ids=lambda one: one.kind.value)
@pytest.mark.parametrize("context", [None, BEFORE], ids=["alone", "in a conversation"])
def test_the_key_of_a_request_stays(answers: AnswerSpace, context: Context | None) -> None:
    request = render(PROMPT, TEXT, context, answers=answers, model="claude-sonnet-5-5")
    assert request.key == KEYS[answers.kind.value, context is not None]


@given(content=instances(PromptContent), text=some.text())
def test_a_rendered_prompt_makes_the_same_request(content: PromptContent, text: str) -> None:
    form = rendered(content, INTENT)
    whole = render(content, text, BEFORE, answers=INTENT, model="m")
    assert render_parts(form, text, BEFORE, model="m") == whole


@given(content=instances(PromptContent))
def test_both_forms_say_the_same(content: PromptContent) -> None:
    request = render(content, TEXT, answers=INTENT, model="m")
    as_messages, as_chat = request.messages(), request.chat_completions()
    parts = [block["text"] for block in as_messages["system"]]
    *system, user = as_chat["messages"]
    assert [turn["content"] for turn in system] == (["\n\n".join(parts)] if parts else [])
    assert [user] == as_messages["messages"]
    schema = as_messages["output_config"]["format"]["schema"]
    assert as_chat["response_format"]["json_schema"]["schema"] == schema
    assert as_chat["max_completion_tokens"] == as_messages["max_tokens"]
    assert json.loads(as_bytes(as_chat)) == as_chat


@pytest.mark.parametrize(("answers", "strict"), [(INTENT, True), (FAMILY, False)])
def test_only_a_schema_that_requires_all_it_names_is_strict(
    answers: AnswerSpace, strict: bool
) -> None:
    body = render(PROMPT, TEXT, answers=answers, model="m").chat_completions()
    assert body["response_format"]["json_schema"]["strict"] is strict


def test_another_label_set_is_another_rendered_form() -> None:
    other = AnswerSpace(TaskKind.INTENT, ("pay",))
    assert rendered(PROMPT, INTENT).rendered_hash != rendered(PROMPT, other).rendered_hash


@pytest.mark.parametrize(
    ("fields", "output", "fault"),
    [
        ({"label": "pay", "confidence": 0.5}, "pay", None),
        ({"label": "pay"}, "pay", None),
        ({"label": "Pay", "confidence": 0.5}, None, "answered with no label of this task"),
        ({"confidence": 0.5}, None, "no label"),
        ([], None, "no label"),
    ],
)
def test_an_answer_is_read_by_the_labels(
    fields: Any, output: str | None, fault: str | None
) -> None:
    prediction = read(ModelAnswer(Outcome.OK, json.dumps(fields)), INTENT)
    assert (prediction.output, prediction.fault) == (output, fault)


@given(body=some.recursive(some.none() | some.text() | some.floats() | some.integers(), some.lists))
def test_any_body_is_an_answer_or_none(body: Any) -> None:
    for message in (body, {"type": "message", "content": body}, {"type": "message", "usage": body}):
        assert isinstance(read_message(message), ModelAnswer | None)
