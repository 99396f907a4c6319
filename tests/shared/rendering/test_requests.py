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
    ("intent", False): "fd5664191a2e394ad6d08088b817c2eb7a34ad15fdc952ac9ac47d29d567653a",
    ("intent", True): "b08daf081cc50115496592abd833579cd392c6759083c1d82f77fb44355f0d7a",
    (
        TaskKind.EXTRACTION,
        False,
    ): "a550b4a31004b9bf325de2275e5325d92948e7b1d2200f79eafe13bc3027c7f0",
    ("extraction", True): "74614c5e627220957110eb3aa850a92119d1c9969c32b339ce2ba58361fe577b",
}
"""Of the ledger: with another one, no stored answer would be found again."""
VERSION_HASH = "6d103d54194e2b37492de9e4158a9eba3a91f78953a99be8b5cda63612d23828"
RENDERED_HASH = "9155abe647496517a1ef8b6a824594945a790524bfe797a528bfa23ab6ff5c13"


@pytest.mark.parametrize("answers", [INTENT, FAMILY], ids=lambda one: one.kind.value)
@pytest.mark.parametrize("context", [None, BEFORE], ids=["alone", "in a conversation"])
def test_the_key_of_a_request_stays(answers: AnswerSpace, context: Context | None) -> None:
    request = render(PROMPT, TEXT, context, answers=answers, model="claude-sonnet-5-5")
    assert request.key == KEYS[answers.kind.value, context is not None]


def test_a_prompt_without_a_bank_keeps_the_hashes_it_had_before_there_were_banks() -> None:
    assert PROMPT.version_hash == VERSION_HASH
    assert rendered(PROMPT, INTENT).rendered_hash == RENDERED_HASH
    assert "retrieval" not in PROMPT.model_dump(mode="json")
    assert "retrieval" not in rendered(PROMPT, INTENT).model_dump(mode="json")


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


@pytest.mark.parametrize("answers", [INTENT, FAMILY], ids=lambda one: one.kind.value)
def test_the_prompt_ends_with_the_shape_of_an_answer(answers: AnswerSpace) -> None:
    system = render(PROMPT, TEXT, answers=answers, model="m").system
    assert system[-1].startswith("Answer with one JSON object and nothing else")
    for name in answers.schema["properties"]:
        assert f'"{name}"' in system[-1]
    assert not system[-1].strip().startswith(("{", "- "))
    assert "\n" not in system[-1]


def test_labels_that_the_instructions_do_not_name_stand_in_the_shape() -> None:
    more = AnswerSpace(TaskKind.INTENT, ("pay", "refund", 'the "other"'))
    assert (
        render(PROMPT, TEXT, answers=more, model="m")
        .system[-1]
        .endswith(' Labels too: ["refund", "the \\"other\\""].')
    )
    assert "Labels too" not in render(PROMPT, TEXT, answers=INTENT, model="m").system[-1]


def test_a_prompt_that_says_the_shape_itself_has_it_once() -> None:
    (*_, shape) = render(PROMPT, TEXT, answers=INTENT, model="m").system
    text = f"Choose pay or stop it.\n\n{shape}"
    own = PromptContent(instructions=(Block(name="role", text=text),))
    assert render(own, TEXT, answers=INTENT, model="m").system == (text,)


def test_another_label_set_is_another_rendered_form() -> None:
    other = AnswerSpace(TaskKind.INTENT, ("pay",))
    assert rendered(PROMPT, INTENT).rendered_hash != rendered(PROMPT, other).rendered_hash


@pytest.mark.parametrize(
    ("fields", "output", "fault"),
    [
        ({"label": "pay", "confidence": 0.5}, "pay", None),
        ({"label": "pay"}, "pay", None),
        ({"label": "Pay", "confidence": 0.5}, "pay", None),
        ({"label": "paid", "confidence": 0.5}, None, "unknown_label"),
        ({"confidence": 0.5}, None, "no_label"),
        ([], None, "no_object"),
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
