"""From a run to a backend: a prompt that chooses its examples is the same bytes all the way."""

import asyncio
import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from nlu_shared.client import create_nlu_service
from nlu_shared.rendering import as_bytes, render_parts
from nlu_shared.schemas.registry import ActivePrompt

from tests.fixtures.databases import BOOTSTRAP_KEY
from tests.fixtures.labelled import make_task, texts
from tests.fixtures.stack import Stack
from tests.induction.runs.driving import answered, reached, start
from tests.walks.test_what_was_measured_is_what_runs import BARE

pytestmark = [pytest.mark.law, pytest.mark.long]

TASK = "chosen"
TEXTS = [text for text, _ in texts(140)]


@pytest.fixture(scope="module")
async def version(stack: Stack) -> dict[str, Any]:
    """The version with a bank that a run measured on validation; it serves."""
    await make_task(stack, TASK, cases=len(TEXTS))
    async with stack.working():
        run = await start(stack, TASK, limits={"iterations": 3}, retrieval=True)
        ended = await reached(stack, run)
    assert ended["status"] == "completed", ended["reason"]
    listed = await stack.induction.get(f"/v1/prompts/{TASK}/versions", params={"limit": 200})
    (measured,) = [
        one
        for one in listed.json()["items"]
        if "retrieval" in one["content"] and one["validation_f1"] is not None
    ][:1]
    path = f"/v1/prompts/{TASK}/versions/{measured['id']}/promote"
    assert (await stack.induction.post(path)).status_code == 200
    return dict(measured)


async def active(stack: Stack) -> ActivePrompt:
    answer = await stack.induction.get(f"/v1/prompts/{TASK}/active")
    return ActivePrompt.model_validate_json(answer.content)


def hashes(prompt: ActivePrompt, queries: list[str]) -> list[str]:
    requests = (render_parts(prompt.rendered, text, model=str(prompt.model)) for text in queries)
    return [hashlib.sha256(as_bytes(one.messages())).hexdigest() for one in requests]


async def test_the_run_measured_the_requests_that_serve(
    stack: Stack, version: dict[str, Any]
) -> None:
    sent = await answered(stack)
    run = (await stack.induction.get("/v1/runs", params={"task": TASK})).json()["items"][0]
    assert len(set(hashes(await active(stack), TEXTS)) & sent.keys()) >= run["splits"]["validation"]
    assert {one["rendered_hash"] for one in version["scores"]} == {
        version["rendered"]["rendered_hash"]
    }


async def test_a_bare_interpreter_makes_the_same_from_the_export(
    stack: Stack, version: dict[str, Any], tmp_path: Path
) -> None:
    module = (await stack.induction.get(f"/v1/prompts/{TASK}/export")).text
    (tmp_path / "prompts.py").write_text(module, encoding="utf-8")
    queries = [*TEXTS[:20], "", "not a word of it", "Ünï ¿?\n"]
    built = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-I", "-S", "-c", BARE],
        cwd=tmp_path,
        input=json.dumps(queries),
        capture_output=True,
        text=True,
        check=True,
    )
    assert built.stdout.split() == hashes(await active(stack), queries)


@pytest.mark.parametrize("induction_is_away", [False, True])
async def test_the_client_sends_the_same_live_and_from_the_bundled_module(
    stack: Stack,
    version: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    induction_is_away: bool,
) -> None:
    module = (await stack.induction.get(f"/v1/prompts/{TASK}/export")).text
    (tmp_path / "prompts.py").write_text(module, encoding="utf-8")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", str(stack.model.base_url))
    text = f"where is my parcel {induction_is_away}"
    (expected,) = hashes(await active(stack), [text])
    url = "http://127.0.0.1:9" if induction_is_away else str(stack.induction.base_url)
    async with create_nlu_service(
        task=TASK,
        url=str(stack.logger.base_url),
        key=BOOTSTRAP_KEY,
        induction_key=BOOTSTRAP_KEY,
        induction_url=url,
        prompt_cache=tmp_path / "cache",
        prompts=tmp_path / "prompts.py",
    ) as service:
        result = await service.process_message(message=text)
        assert service.fallbacks == induction_is_away
    assert result.prompt_version == version["id"]
    assert (await answered(stack))[expected] == 1
