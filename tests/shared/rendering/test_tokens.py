"""The estimate of tokens: of the whole request as it is sent, near what tokenizers count."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nlu_shared.rendering import (
    AnswerSpace,
    part_tokens,
    prompt_tokens,
    render,
    request_tokens,
    tokens,
)
from nlu_shared.schemas.prompts import Block, Example, PromptContent, TaskKind

INTENTS = AnswerSpace(TaskKind.INTENT, ("pay", "stop"))
SHOWN = Example(text="pay my bill", output="pay", case_id=UUID(int=1))
PROMPT = PromptContent(
    instructions=(Block(name="role", text="You sort mail."),), examples=(SHOWN,) * 3
)


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        ("", 0),
        ("What can I do if my card still hasn't arrived after 2 weeks?", 15),
        ('{"text": "my card", "label": "card_arrival"}', 16),
        ("please move my appointment with the dentist to next thursday afternoon", 11),
        ("\u043f\u0440\u0438\u0432\u0435\u0442", 6),
        ("\u8bf7\u628a\u4f1a\u8bae", 6),
    ],
    ids=["nothing", "a question", "a frame", "words", "cyrillic", "chinese"],
)
def test_a_text_is_counted_about_as_tokenizers_do(text: str, counted: int) -> None:
    """What SmolLM2's own tokenizer or its like makes of it, within a third."""
    assert abs(tokens(text) - counted) <= counted / 3


def test_the_frame_of_an_example_and_the_schema_count() -> None:
    bare = tokens(PROMPT.instruction_text) + 3 * tokens("pay my bill pay")
    assert prompt_tokens(PROMPT, INTENTS) > 2 * bare
    longer = PROMPT.model_copy(update={"examples": (SHOWN,) * 4})
    added = prompt_tokens(longer, INTENTS) - prompt_tokens(PROMPT, INTENTS)
    assert added == part_tokens(SHOWN, INTENTS)


def test_a_request_is_its_prompt_and_the_text() -> None:
    request = render(PROMPT, "stop it", answers=INTENTS, model="m")
    assert request_tokens(request) == prompt_tokens(PROMPT, INTENTS) + tokens(request.user)


@given(st.text(max_size=200), st.text(max_size=200))
def test_more_text_is_never_fewer_tokens_and_never_more_than_its_bytes(
    one: str, other: str
) -> None:
    whole = tokens(f"{one}\n{other}")
    assert max(tokens(one), tokens(other)) <= whole
    assert whole <= len(f"{one}\n{other}".encode("utf-8", "surrogatepass"))
