"""Which model a backend asks and where: no vendor but the one a prompt was measured with."""

from contextlib import nullcontext

import pytest
from nlu_shared.client import ModelFailed
from nlu_shared.client.prompted.endpoints import (
    ModelApis,
    Place,
    endpoint_of,
    instead,
    named,
    place_of,
)
from nlu_shared.client.prompted.served import ServedPrompt, Whence
from nlu_shared.rendering import AnswerSpace
from nlu_shared.schemas.endpoints import WHOLE, ApiForm, Dialect, ModelEndpoint
from nlu_shared.schemas.prompts import TaskKind

CHAT = ApiForm.CHAT_COMPLETIONS
PLAIN = ModelEndpoint.plain("claude-x")
GATEWAY = PLAIN.model_copy(update={"has_address": True})
OPENAI = ModelEndpoint(provider="openai", api=CHAT, model="gpt-x", dialect=WHOLE[CHAT])
OFFICE = ModelEndpoint(
    provider="office", api=CHAT, model="llama-3", dialect=Dialect(effort="low"), has_address=True
)
OFFLINE = PLAIN.model_copy(update={"provider": "offline"})
RENAMED = OFFICE.model_copy(update={"provider": "anthropic"})
"""An operator may call a server as a vendor is called."""
OWN = "http://own:1/v1"
VARIABLES = (
    "NLU_MODEL_URL",
    "NLU_MODEL_KEY",
    "ANTHROPIC_BASE_URL",
    "ANTHROPIC_API_KEY",
    "OPENAI_BASE_URL",
    "OPENAI_API_KEY",
)
KEYS = {"ANTHROPIC_API_KEY": "sk-a", "OPENAI_API_KEY": "sk-o", "NLU_MODEL_KEY": "sk-n"}


def said_by(monkeypatch: pytest.MonkeyPatch, **environment: str) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    ("endpoint", "environment", "place"),
    [
        (PLAIN, {}, Place("https://api.anthropic.com", "sk-a", "ANTHROPIC_API_KEY")),
        (PLAIN, {"ANTHROPIC_BASE_URL": OWN}, Place(OWN, "sk-a", "ANTHROPIC_API_KEY")),
        (GATEWAY, {"ANTHROPIC_BASE_URL": OWN}, Place(OWN, "sk-a", "ANTHROPIC_API_KEY")),
        (OFFLINE, {"ANTHROPIC_BASE_URL": OWN}, Place(OWN, "sk-a", "ANTHROPIC_API_KEY")),
        (OPENAI, {}, Place("https://api.openai.com/v1", "sk-o", "OPENAI_API_KEY")),
        (OPENAI, {"OPENAI_BASE_URL": OWN}, Place(OWN, "sk-o", "OPENAI_API_KEY")),
        *(
            (one, {"NLU_MODEL_URL": OWN}, Place(OWN, "sk-n", "NLU_MODEL_KEY"))
            for one in (PLAIN, GATEWAY, OFFLINE, OPENAI, OFFICE, RENAMED)
        ),
    ],
)
def test_a_model_is_asked_where_the_environment_says_and_with_the_key_of_that_place(
    monkeypatch: pytest.MonkeyPatch,
    endpoint: ModelEndpoint,
    environment: dict[str, str],
    place: Place,
) -> None:
    said_by(monkeypatch, **KEYS, **environment)
    assert place_of(endpoint) == place


def test_a_key_of_one_place_is_not_sent_to_another(monkeypatch: pytest.MonkeyPatch) -> None:
    said_by(monkeypatch, ANTHROPIC_API_KEY="sk-a", OPENAI_API_KEY="sk-o", NLU_MODEL_URL=OWN)
    assert place_of(PLAIN).key is None
    assert place_of(OPENAI).key is None
    said_by(monkeypatch, NLU_MODEL_KEY="sk-n")
    assert place_of(PLAIN).key is None


@pytest.mark.parametrize(
    ("endpoint", "variable"),
    [
        (OFFICE, "NLU_MODEL_URL"),
        (RENAMED, "NLU_MODEL_URL"),
        (GATEWAY, "ANTHROPIC_BASE_URL"),
        (OFFLINE, "ANTHROPIC_BASE_URL"),
        (OPENAI.model_copy(update={"has_address": True}), "OPENAI_BASE_URL"),
        (named("office/llama-3"), "ANTHROPIC_BASE_URL"),
    ],
)
def test_what_was_measured_elsewhere_is_sent_to_no_vendor(
    monkeypatch: pytest.MonkeyPatch, endpoint: ModelEndpoint, variable: str
) -> None:
    said_by(monkeypatch, **KEYS)
    with pytest.raises(ModelFailed, match=f"set {variable}") as refused:
        place_of(endpoint)
    assert endpoint.model not in str(refused.value)


@pytest.mark.parametrize(
    ("model", "endpoint"),
    [
        ("claude-x", PLAIN),
        ("anthropic/claude-x", PLAIN),
        ("openai/gpt-x", OPENAI),
        ("offline/claude-x", OFFLINE),
        ("anthropic/", ModelEndpoint.plain("anthropic/").model_copy(update={"has_address": True})),
    ],
)
def test_what_an_older_export_leaves_out_its_models_name_says(
    model: str, endpoint: ModelEndpoint
) -> None:
    assert named(model) == endpoint


@pytest.mark.parametrize(
    ("measured", "model", "endpoint"),
    [
        (PLAIN, "claude-y", ModelEndpoint.plain("claude-y")),
        (OFFICE, "llama-4", OFFICE.model_copy(update={"model": "llama-4"})),
        (OFFICE, "office/llama-4", OFFICE.model_copy(update={"model": "llama-4"})),
        (OFFICE, "meta/llama-4", OFFICE.model_copy(update={"model": "meta/llama-4"})),
        (OFFICE, "anthropic/claude-x", PLAIN),
        (PLAIN, "openai/gpt-x", OPENAI),
        (OFFLINE, "claude-y", OFFLINE.model_copy(update={"model": "claude-y"})),
        (OFFLINE, "anthropic/claude-x", PLAIN),
        (RENAMED, "anthropic/llama-4", RENAMED.model_copy(update={"model": "llama-4"})),
    ],
)
def test_another_model_is_of_the_same_provider_unless_its_name_begins_with_a_vendors(
    measured: ModelEndpoint, model: str, endpoint: ModelEndpoint
) -> None:
    assert instead(measured, model) == endpoint


@pytest.mark.parametrize(
    ("made_on", "provider", "is_refused"),
    [
        (None, "anthropic", False),
        ("anthropic", "anthropic", False),
        ("anthropic: claude-x-1", "anthropic", False),
        ("offline", "offline", True),
        ("openai: gpt-x", "openai", False),
        ("openai at http://own:1/v1", "openai", True),
        ("office at http://own:1/v1: llama", "office", True),
    ],
)
def test_what_an_older_export_leaves_out_what_made_it_says(
    monkeypatch: pytest.MonkeyPatch, made_on: str | None, provider: str, is_refused: bool
) -> None:
    said_by(monkeypatch)
    prompt = ServedPrompt(
        task="intent",
        version="v",
        answers=AnswerSpace(TaskKind.INTENT, ("x",)),
        forms=(),
        model="m",
        endpoint=None,
        made_on=made_on,
        whence=Whence.CACHE,
    )
    endpoint = endpoint_of(prompt, "m")
    assert endpoint.provider == provider
    with pytest.raises(ModelFailed) if is_refused else nullcontext():
        place_of(endpoint)


def test_a_key_or_headers_without_an_address_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    said_by(monkeypatch)
    for own in ({"key": "sk"}, {"headers": {"X-Gate": "1"}}):
        with pytest.raises(ValueError, match="NLU_MODEL_URL"):
            ModelApis(**own)
