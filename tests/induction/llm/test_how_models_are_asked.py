"""How a model is asked, as it goes out with a prompt: before anybody asked it, and after."""

import pytest
from induction.llm.adapters import chat, claude
from induction.llm.probing import described, in_dialect
from induction.llm.servers import Capacity, Server, nobody_left
from induction.model_settings import ModelSettings
from induction.task_kinds.base import ModelAnswer, Outcome
from nlu_shared.schemas.endpoints import WHOLE, ApiForm, Dialect, ModelEndpoint

CHAT = ApiForm.CHAT_COMPLETIONS
OFFICE = {"api": "chat-completions", "base_url": "http://office:1/v1", "effort": "low"}
GATEWAY = {"api": "messages", "base_url": "http://gateway:1"}


def settings(**changed: object) -> ModelSettings:
    known = {"providers": {"office": OFFICE, "gateway": GATEWAY}, "provider": "anthropic"}
    return ModelSettings.model_validate(
        {**known, "anthropic_base_url": None, "openai_base_url": None, **changed}
    )


def whole(provider: str, api: ApiForm, model: str, *, elsewhere: bool = False) -> ModelEndpoint:
    return ModelEndpoint(
        provider=provider, api=api, model=model, dialect=WHOLE[api], has_address=elsewhere
    )


THINKING = WHOLE[CHAT].model_copy(update={"effort": "low"})
BEHIND_THE_GATEWAY = whole("gateway", ApiForm.MESSAGES, "a/b", elsewhere=True)
IN_THE_OFFICE = whole("office", CHAT, "m", elsewhere=True).model_copy(update={"dialect": THINKING})


@pytest.mark.parametrize(
    ("changed", "model", "endpoint"),
    [
        ({}, "claude-x", ModelEndpoint.plain("claude-x")),
        ({}, "anthropic/claude-x", ModelEndpoint.plain("claude-x")),
        ({}, "openai/gpt-x", whole("openai", CHAT, "gpt-x")),
        ({}, "office/m", IN_THE_OFFICE),
        ({}, "gateway/a/b", BEHIND_THE_GATEWAY),
        ({"provider": "office"}, "m", IN_THE_OFFICE),
        # What it is filed under says nothing of where it is.
        (
            {"providers": {"openai": {**OFFICE, "effort": None, "identity": "openai"}}},
            "openai/gpt-x",
            whole("openai", CHAT, "gpt-x", elsewhere=True),
        ),
        (
            {"anthropic_base_url": "http://gateway:1"},
            "claude-x",
            whole("anthropic", ApiForm.MESSAGES, "claude-x", elsewhere=True),
        ),
        ({"provider": "offline"}, "claude-x", whole("offline", ApiForm.MESSAGES, "claude-x")),
        # Of another instance, whose providers these were.
        ({}, "cellar/m", None),
        ({"provider": "offline"}, "cellar/m", None),
        ({"provider": "gateway"}, "a/b", BEHIND_THE_GATEWAY),
    ],
)
def test_the_settings_say_how_a_model_is_asked_that_nobody_has_asked_yet(
    changed: dict[str, object], model: str, endpoint: ModelEndpoint | None
) -> None:
    assert settings(**changed).models_of.endpoint(model) == endpoint


@pytest.mark.parametrize(
    ("server", "endpoint"),
    [
        (
            Server(
                identity="anthropic",
                provider="anthropic",
                model="m",
                adapter=claude.ADAPTER_VERSION,
                dialect=claude.DIALECT,
            ),
            ModelEndpoint.plain("m"),
        ),
        (
            Server(
                identity="openai",
                provider="openai",
                model="m",
                adapter=chat.ADAPTER_VERSION,
                dialect=chat.DIALECT,
            ),
            whole("openai", CHAT, "m"),
        ),
        (
            Server(
                identity="the office's",
                provider="office",
                model="m",
                adapter=f"{chat.ADAPTER_VERSION} low",
                dialect=THINKING,
            ),
            IN_THE_OFFICE,
        ),
    ],
)
def test_a_server_is_asked_later_as_its_probe_has_found_out(
    server: Server, endpoint: ModelEndpoint
) -> None:
    assert server.endpoint == endpoint
    less = Dialect(takes_schema=False, length_field="max_completion_tokens")
    answer = ModelAnswer(Outcome.OK, '{"label": "apple"}', reported="m-2026-03-01")
    probed = described(in_dialect(server, less), answer, Capacity()).endpoint
    is_chat = endpoint.api is CHAT
    length = less.length_field if is_chat else "max_tokens"
    assert probed == endpoint.model_copy(
        update={"dialect": less.model_copy(update={"length_field": length})}
    )


@pytest.mark.parametrize(
    ("model", "full", "short"),
    [
        ("claude-x", "anthropic/claude-x", "claude-x"),
        ("anthropic/claude-x", "anthropic/claude-x", "claude-x"),
        ("office/m", "office/m", "office/m"),
    ],
)
def test_a_model_has_one_name_however_it_is_written(model: str, full: str, short: str) -> None:
    named = settings().models_of
    assert (named.full_name(model), named.short_name(model)) == (full, short)


@pytest.mark.parametrize(
    ("faults", "why"),
    [
        ([], None),
        ([None], None),
        (["it refuses", None], None),
        ([None, "it refuses"], None),
        (["it refuses", "it is mute"], "it refuses; it is mute"),
    ],
)
def test_a_migration_ends_where_none_of_its_models_can_be_asked(
    faults: list[str | None], why: str | None
) -> None:
    servers = [
        Server(identity="x", provider="x", model="m", adapter="chat/1", fault=one) for one in faults
    ]
    assert nobody_left(servers) == why
