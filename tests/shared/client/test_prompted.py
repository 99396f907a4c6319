"""A prompt that serves as a classifier: how answers are read, and what is said of a failure."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from nlu_shared.client import ModelFailed, PromptedService, create_nlu_service
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from tests.fixtures.databases import BOOTSTRAP_KEY
from tests.fixtures.labelled import make_task
from tests.fixtures.stack import Stack, serving

TASK = "spelled"
ALIAS = "zero"
NOWHERE = "http://127.0.0.1:9"
SEEN: list[tuple[dict[str, Any], str]] = []
"""What the model was sent, and with which key."""
HEADERS: list[dict[str, str]] = []
"""Those of the same requests."""


async def answer_by_an_alias(request: Request) -> JSONResponse:
    SEEN.append((await request.json(), request.headers["authorization"]))
    HEADERS.append(dict(request.headers))
    text = json.dumps({"label": ALIAS, "confidence": 0.75})
    return JSONResponse(
        {
            "type": "message",
            "content": [{"type": "text", "text": text}],
            "stop_reason": "end_turn",
            "usage": {"input_tokens": 1, "output_tokens": 1},
        }
    )


async def answer_late(request: Request) -> JSONResponse:
    await asyncio.sleep(0.4)
    return await answer_by_an_alias(request)


async def refuse(_: Request) -> JSONResponse:
    return JSONResponse({}, status_code=403)


@pytest.fixture(scope="module")
async def model_url() -> AsyncIterator[str]:
    """A model that answers with another spelling of a label; below `/late` it takes its time, and
    below `/closed` it refuses."""
    answers = {"": answer_by_an_alias, "/late": answer_late, "/closed": refuse}
    routes = [Route(f"{at}/v1/messages", one, methods=["POST"]) for at, one in answers.items()]
    async with serving(Starlette(routes=routes)) as url:
        yield url


@pytest.fixture(scope="module")
async def served(stack: Stack) -> None:
    await make_task(stack, TASK)
    sets = f"/v1/tasks/{TASK}/labels"
    labels = (await stack.logger.get(sets)).json()["labels"]
    labels[0]["aliases"] = [ALIAS]
    assert (await stack.induction.patch(f"/v1/tasks/{TASK}", json={"labels": labels})).is_success
    # An export keeps the spellings its version was made with, so it is made after the alias.
    text = f"Answer with {', '.join(one['name'] for one in labels)}."
    made = await stack.induction.post(
        f"/v1/prompts/{TASK}/versions", json={"text": text, "promote": True}
    )
    assert made.status_code == 201, made.text


@pytest.fixture
def service_of(stack: Stack, served: None, monkeypatch: pytest.MonkeyPatch, model_url: str) -> Any:
    def made(**how: Any) -> PromptedService:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", model_url)
        defaults = {"induction_url": str(stack.induction.base_url)}
        return create_nlu_service(
            task=TASK,
            url=str(stack.logger.base_url),
            key=BOOTSTRAP_KEY,
            induction_key=BOOTSTRAP_KEY,
            **(defaults | how),
        )

    return made


async def test_an_alias_is_read_as_its_label_wherever_the_prompt_was_kept(
    stack: Stack, service_of: Any, tmp_path: Path
) -> None:
    active = (await stack.induction.get(f"/v1/prompts/{TASK}/active")).json()
    assert active["spellings"] == {ALIAS: active["labels"][0]}
    module = await stack.induction.get(f"/v1/prompts/{TASK}/export")
    (tmp_path / "prompts.py").write_text(module.text, encoding="utf-8")
    places: list[dict[str, Any]] = [
        {"prompt_cache": tmp_path / "live"},
        {
            "prompt_cache": tmp_path / "none",
            "induction_url": NOWHERE,
            "prompts": tmp_path / "prompts.py",
        },
    ]
    for place in places:
        async with service_of(**place) as service:
            result = await service.process_message("hello")
        assert (result.intent, result.confidence) == (active["labels"][0], 0.75)


@pytest.mark.parametrize("message", ["half a pair \ud800", object(), b"bytes"])
async def test_a_message_that_cannot_be_sent_is_the_models_failure(
    service_of: Any, tmp_path: Path, message: Any
) -> None:
    async with service_of(prompt_cache=tmp_path) as service:
        with pytest.raises(ModelFailed, match="text"):
            await service.process_message(message)


async def test_a_key_that_no_header_takes_is_named(
    service_of: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ü")
    async with service_of(prompt_cache=tmp_path) as service:
        with pytest.raises(ModelFailed, match="ANTHROPIC_API_KEY") as failure:
            await service.process_message("hello")
    assert "ü" not in str(failure.value)


@pytest.fixture
async def bundled(stack: Stack, served: None, tmp_path: Path) -> dict[str, Any]:
    """A backend that has the module alone, which it may have changed."""
    module = await stack.induction.get(f"/v1/prompts/{TASK}/export")
    (tmp_path / "prompts.py").write_text(module.text, encoding="utf-8")
    return {
        "prompt_cache": tmp_path / "none",
        "induction_url": NOWHERE,
        "prompts": tmp_path / "prompts.py",
    }


def rewritten(bundled: dict[str, Any], before: str, after: str) -> None:
    path: Path = bundled["prompts"]
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")


async def test_a_module_from_before_it_told_how_its_model_is_asked_is_asked_as_ever(
    service_of: Any, bundled: dict[str, Any]
) -> None:
    rewritten(bundled, "'endpoint': {", "'of_later': {")
    SEEN.clear()
    async with service_of(**bundled) as service:
        result = await service.process_message("hello")
    assert result.confidence == 0.75
    [(body, _)] = SEEN
    assert body["output_config"]["format"]["type"] == "json_schema"


async def test_a_model_elsewhere_is_asked_nowhere_until_its_address_is_set(
    service_of: Any,
    bundled: dict[str, Any],
    model_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rewritten(bundled, "'provider': 'offline', 'api'", "'provider': 'office', 'api'")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-of-another")
    SEEN.clear()
    async with service_of(**bundled) as service:
        with pytest.raises(ModelFailed, match="NLU_MODEL_URL"):
            await service.process_message("hello")
        assert SEEN == []
        monkeypatch.setenv("NLU_MODEL_URL", model_url)
        await service.process_message("hello")
    async with service_of(**bundled, model_url=model_url, model_key="sk-here") as service:
        await service.process_message("hello")
    assert [key for _, key in SEEN] == ["Bearer offline", "Bearer sk-here"]


async def test_another_model_is_asked_of_the_same_server_and_logged_by_its_name(
    stack: Stack, service_of: Any, bundled: dict[str, Any]
) -> None:
    SEEN.clear()
    async with service_of(**bundled, model="offline/another") as service:
        result = await service.process_message("hello")
    assert [body["model"] for body, _ in SEEN] == ["another"]
    row = (await stack.logger.get(f"/v1/predictions/{result.log_id}")).json()
    assert row["model_version"] == "offline/another"


@pytest.mark.parametrize(("seconds", "is_late"), [(0.1, True), (120.0, False)])
async def test_an_answer_has_the_seconds_it_had_in_the_measurement(
    service_of: Any, bundled: dict[str, Any], model_url: str, seconds: float, *, is_late: bool
) -> None:
    rewritten(bundled, "'timeout_seconds': 120.0", f"'timeout_seconds': {seconds}")
    async with service_of(**bundled, model_url=f"{model_url}/late") as service:
        with pytest.raises(ModelFailed, match="ReadTimeout") if is_late else nullcontext():
            await service.process_message("hello")


async def test_headers_of_the_measurement_are_the_backends_own_and_go_with_its_address_alone(
    service_of: Any,
    bundled: dict[str, Any],
    model_url: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    rewritten(bundled, "'headers': []", "'headers': ['X-Team', 'X-Gate']")
    monkeypatch.setenv("NLU_MODEL_HEADERS", '{"x-team": "nlu", "authorization": "Gate s3cret"}')
    HEADERS.clear()
    async with service_of(**bundled) as service:
        await service.process_message("hello")
        await service.process_message("hello")
        monkeypatch.setenv("NLU_MODEL_URL", model_url)
        await service.process_message("hello")
    async with service_of(**bundled, model_url=model_url, model_headers={"X-Gate": "1"}) as service:
        await service.process_message("hello")
    sent = [(one.get("x-team"), one.get("x-gate"), one["authorization"]) for one in HEADERS]
    assert sent == [
        *[(None, None, "Bearer offline")] * 2,
        ("nlu", None, "Gate s3cret"),
        (None, "1", "Bearer offline"),
    ]
    lacking = ["(X-Team, X-Gate)", "(X-Gate)", "(X-Team)"]
    noted = [one for one in caplog.messages if "NLU_MODEL_HEADERS" in one]
    assert [names in note for names, note in zip(lacking, noted, strict=True)] == [True] * 3
    assert "s3cret" not in caplog.text


async def test_a_server_that_refuses_for_want_of_a_header_is_told_with_its_name(
    service_of: Any, bundled: dict[str, Any], model_url: str
) -> None:
    rewritten(bundled, "'headers': []", "'headers': ['X-Gate']")
    async with service_of(**bundled, model_url=f"{model_url}/closed") as service:
        with pytest.raises(ModelFailed, match=r"status 403; .*\(X-Gate\): NLU_MODEL_HEADERS"):
            await service.process_message("hello")


@pytest.mark.parametrize("headers", ["X-Gate: 1", '["X-Gate"]', '{"X-Gate": 1}'])
async def test_headers_that_are_no_object_of_texts_are_refused_without_them(
    service_of: Any,
    bundled: dict[str, Any],
    model_url: str,
    monkeypatch: pytest.MonkeyPatch,
    headers: str,
) -> None:
    monkeypatch.setenv("NLU_MODEL_URL", model_url)
    monkeypatch.setenv("NLU_MODEL_HEADERS", headers)
    async with service_of(**bundled) as service:
        with pytest.raises(ModelFailed, match="NLU_MODEL_HEADERS") as refused:
            await service.process_message("hello")
    assert "X-Gate" not in str(refused.value)
