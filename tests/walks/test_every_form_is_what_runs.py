"""A prompt that was measured on a chat-completions server runs on it: in a backend with the client,
and in one that has nothing but `prompts.py`, in what that server takes of a request."""

import asyncio
import json
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from nlu_shared.client import ModelFailed, create_nlu_service
from nlu_shared.schemas.endpoints import ApiForm, Dialect, ModelEndpoint
from nlu_shared.schemas.prompt_exports import PromptExport
from nlu_shared.schemas.registry import ActivePrompt

from tests.fixtures.databases import BOOTSTRAP_KEY, Databases
from tests.fixtures.dialects import Server
from tests.fixtures.labelled import make_task, texts
from tests.fixtures.servers import Servers
from tests.fixtures.stack import Stack, opened
from tests.induction.runs.driving import reached, start
from tests.induction.runs.speaking import CASES, beside
from tests.walks.test_what_was_measured_is_what_runs import BARE

pytestmark = pytest.mark.law
TEXTS = [text for text, _ in texts(CASES)]
NAMES = ("whole", "newer", "unheld")
DESCRIBED = {"timeout_seconds": 90.0, "headers": {"X-Gate": "s3cret"}}
DIALECTS = {
    "whole": Dialect(takes_temperature=True),
    "newer": Dialect(length_field="max_completion_tokens"),
    "unheld": Dialect(takes_temperature=True, takes_schema=False),
}


@pytest.fixture(scope="module")
async def world(
    databases: Databases, servers: Servers
) -> AsyncIterator[tuple[Stack, dict[str, Server]]]:
    """Of each server a task with a prompt that serves, and was measured there."""
    speaking = {
        "whole": Server(key="sk-right"),
        "newer": Server(refuses=("max_tokens", "temperature")),
        "unheld": Server(refuses=("response_format",)),
    }
    async with beside(databases, servers, speaking, **DESCRIBED) as stack:
        runs = []
        for name in speaking:
            await make_task(stack, name, cases=CASES)
            await stack.induction.patch(f"/v1/tasks/{name}", json={"task_model": f"{name}/m"})
            body = {"text": "Answer topic_0, topic_1, topic_2 or topic_3.", "promote": True}
            made = await stack.induction.post(f"/v1/prompts/{name}/versions", json=body)
            assert made.status_code == 201, made.text
            runs.append(await start(stack, name, kind="evaluate"))
        async with stack.working():
            for run in runs:
                await reached(stack, run, "completed")
        yield stack, speaking


def address(stack: Stack, name: str) -> str:
    return str(stack.settings.models_of.by_name[name].base_url)


async def active(stack: Stack, task: str) -> ActivePrompt:
    answer = await stack.induction.get(f"/v1/prompts/{task}/active")
    return ActivePrompt.model_validate_json(answer.content)


@pytest.mark.parametrize("name", NAMES)
async def test_a_prompt_tells_how_its_model_was_asked(
    world: tuple[Stack, dict[str, Server]], name: str
) -> None:
    stack, _ = world
    serving = await active(stack, name)
    expected = ModelEndpoint(
        provider=name,
        api=ApiForm.CHAT_COMPLETIONS,
        model="m",
        dialect=DIALECTS[name],
        has_address=True,
        timeout_seconds=90.0,
        headers=("X-Gate",),
    )
    assert (serving.model, serving.endpoint) == (f"{name}/m", expected)
    document = await stack.induction.get(f"/v1/prompts/{name}/export", params={"format": "json"})
    assert PromptExport.model_validate_json(document.content).endpoint == expected
    assert address(stack, name) not in document.text
    assert "s3cret" not in document.text


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("is_bundled", [False, True])
async def test_the_client_sends_what_the_run_sent(
    world: tuple[Stack, dict[str, Server]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    is_bundled: bool,
) -> None:
    stack, speaking = world
    server = speaking[name]
    module = await stack.induction.get(f"/v1/prompts/{name}/export")
    (tmp_path / "prompts.py").write_text(module.text, encoding="utf-8")
    monkeypatch.setenv("NLU_MODEL_URL", address(stack, name))
    monkeypatch.setenv("NLU_MODEL_KEY", "sk-right")
    before = Counter(server.received)
    async with create_nlu_service(
        task=name,
        url=str(stack.logger.base_url),
        key=BOOTSTRAP_KEY,
        induction_key=BOOTSTRAP_KEY,
        induction_url="http://127.0.0.1:9" if is_bundled else str(stack.induction.base_url),
        prompt_cache=tmp_path,
        prompts=tmp_path / "prompts.py",
    ) as service:
        result = await service.process_message(TEXTS[0])
        assert service.fallbacks == is_bundled
    (sent,) = (server.received - before).elements()
    assert before[sent] >= 1
    row = (await stack.logger.get(f"/v1/predictions/{result.log_id}")).json()
    assert (row["model_version"], row["predicted_intent"]) == (f"{name}/m", "topic_0")


@pytest.mark.parametrize("name", NAMES)
async def test_a_bare_interpreter_sends_what_the_run_sent(
    world: tuple[Stack, dict[str, Server]], tmp_path: Path, name: str
) -> None:
    stack, speaking = world
    module = await stack.induction.get(f"/v1/prompts/{name}/export")
    (tmp_path / "prompts.py").write_text(module.text, encoding="utf-8")
    built = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-I", "-S", "-c", BARE],
        cwd=tmp_path,
        input=json.dumps(TEXTS),
        capture_output=True,
        text=True,
        check=True,
    )
    digests = built.stdout.split()
    assert len(set(digests)) == CASES
    assert set(digests) <= speaking[name].received.keys()


async def test_without_an_address_nothing_is_sent_to_anybody(
    world: tuple[Stack, dict[str, Server]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack, speaking = world
    monkeypatch.setenv("ANTHROPIC_BASE_URL", str(stack.model.base_url))
    monkeypatch.setenv("OPENAI_BASE_URL", address(stack, "whole"))
    before = (await stack.model.get("/calls")).json(), Counter(speaking["whole"].received)
    async with create_nlu_service(
        task="whole",
        url=str(stack.logger.base_url),
        key=BOOTSTRAP_KEY,
        induction_key=BOOTSTRAP_KEY,
        induction_url=str(stack.induction.base_url),
        prompt_cache=tmp_path,
    ) as service:
        with pytest.raises(ModelFailed, match="set NLU_MODEL_URL") as refused:
            await service.process_message(TEXTS[0])
    assert "whole" not in str(refused.value)
    after = (await stack.model.get("/calls")).json(), Counter(speaking["whole"].received)
    assert after == before


async def test_a_model_of_anthropics_at_their_address_is_left_out_as_before_there_were_others(
    databases: Databases, servers: Servers
) -> None:
    """Or a client from before could read no prompt any more; an export says it all the same."""
    async with opened(databases, servers, provider="anthropic", anthropic_base_url=None) as stack:
        await make_task(stack, "plain")
        plain = (await stack.induction.get("/v1/prompts/plain/active")).json()
        document = await stack.induction.get("/v1/prompts/plain/export", params={"format": "json"})
        export = PromptExport.model_validate_json(document.content)
    assert "endpoint" not in plain
    assert export.endpoint == ModelEndpoint.plain(plain["model"])
