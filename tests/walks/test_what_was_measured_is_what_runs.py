"""A run's request, an export's, and the client's are the same bytes: the model server counted them.

A team that has nothing of ours but `prompts.py` builds the request as the module says.
"""

import asyncio
import hashlib
import json
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from nlu_shared.client import (
    Classification,
    ModelFailed,
    NoPrompt,
    PromptedService,
    create_nlu_service,
)
from nlu_shared.client.prompted import PromptedClassifier, PromptSource
from nlu_shared.client.prompted.endpoints import ModelApis
from nlu_shared.client.prompted.source import REFRESH_SECONDS
from nlu_shared.rendering import as_bytes, render_parts
from nlu_shared.schemas.registry import ActivePrompt

from tests.fixtures.databases import BOOTSTRAP_KEY
from tests.fixtures.labelled import make_task, texts
from tests.fixtures.stack import Stack
from tests.induction.runs.driving import answered, reached, start

pytestmark = pytest.mark.law
TASK = "mail"
TEXTS = [text for text, _ in texts(60)]
BARE = """
import ast, hashlib, json, sys
source = open("prompts.py", encoding="utf-8").read()
names = {}
exec(compile(source, "prompts.py", "exec"), names)
how = ast.get_docstring(ast.parse(source)).partition("    import json\\n")[2]
import textwrap
exec(textwrap.dedent("    import json\\n" + how), names)
for text in json.load(sys.stdin):
    print(hashlib.sha256(names["request"](text)).hexdigest())
"""
"""For an interpreter that sees neither this project nor anything that is installed."""


@pytest.fixture(scope="module")
async def exported(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a backend after a run: `prompts.py`, and the winner serves."""
    await make_task(stack, TASK, cases=60)
    async with stack.working():
        run = await start(stack, TASK, limits={"iterations": 2})
        ended = await reached(stack, run)
    assert ended["status"] == "completed", ended["reason"]
    best = f"/v1/prompts/{TASK}/versions/{ended['best_version_id']}/promote"
    assert (await stack.induction.post(best)).status_code == 200
    folder = tmp_path_factory.mktemp("backend")
    module = await stack.induction.get(f"/v1/prompts/{TASK}/export")
    (folder / "prompts.py").write_text(module.text, encoding="utf-8")
    return folder


def digest_of(prompt: ActivePrompt, text: str) -> str:
    """By which the model server counts the request."""
    request = render_parts(prompt.rendered, text, model=str(prompt.model))
    return hashlib.sha256(as_bytes(request.messages())).hexdigest()


async def active(stack: Stack) -> ActivePrompt:
    answer = await stack.induction.get(f"/v1/prompts/{TASK}/active")
    return ActivePrompt.model_validate_json(answer.content)


def service_of(
    stack: Stack,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    model_url: str | None = None,
    **how: Any,
) -> PromptedService:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", model_url or str(stack.model.base_url))
    return create_nlu_service(
        task=TASK,
        url=str(stack.logger.base_url),
        key=BOOTSTRAP_KEY,
        induction_key=BOOTSTRAP_KEY,
        prompt_cache=folder / "cache",
        induction_url=str(how.pop("induction_url", stack.induction.base_url)),
        **how,
    )


async def test_a_bare_interpreter_sends_what_the_run_sent(stack: Stack, exported: Path) -> None:
    built = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-I", "-S", "-c", textwrap.dedent(BARE)],
        cwd=exported,
        input=json.dumps(TEXTS),
        capture_output=True,
        text=True,
        check=True,
    )
    sent = await answered(stack)
    assert len(set(built.stdout.split())) == len(TEXTS)
    splits = (await stack.induction.get("/v1/runs", params={"task": TASK})).json()["items"][0][
        "splits"
    ]
    # Training cases are answered by the prompt without the examples of their fold.
    measured = splits["validation"] + splits["test"]
    assert len(set(built.stdout.split()) & sent.keys()) >= measured > 0


async def test_a_version_and_its_measurements_tell_the_hash_of_the_rendered_form(
    stack: Stack, exported: Path
) -> None:
    serving_now = await active(stack)
    version = (
        await stack.induction.get(f"/v1/prompts/{TASK}/versions/{serving_now.version_id}")
    ).json()
    form = serving_now.rendered
    assert version["rendered"]["rendered_hash"] == form.rendered_hash
    assert {score["rendered_hash"] for score in version["scores"]} == {form.rendered_hash}
    assert form.rendered_hash in (exported / "prompts.py").read_text(encoding="utf-8")
    as_json = (
        await stack.induction.get(f"/v1/prompts/{TASK}/export", params={"format": "json"})
    ).json()
    assert as_json["rendered"] == form.model_dump(mode="json")


async def test_the_client_sends_the_same_and_logs_the_version_and_the_time(
    stack: Stack, exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serving_now = await active(stack)
    sent = await answered(stack)
    measured = next(text for text in TEXTS if digest_of(serving_now, text) in sent)
    before = sent[digest_of(serving_now, measured)]
    async with service_of(stack, exported, monkeypatch) as service:
        result = await service.process_message(message=measured)
        assert (service.dropped, service.fallbacks) == (0, 0)
    assert (await answered(stack))[digest_of(serving_now, measured)] == before + 1
    row = (await stack.logger.get(f"/v1/predictions/{result.log_id}")).json()
    assert (row["predicted_intent"], row["prompt_version"]) == (
        result.intent,
        str(serving_now.version_id),
    )
    assert row["model_version"] == serving_now.model
    assert row["latency_ms"] > 0


async def test_a_dead_induction_stops_nobody(
    stack: Stack, exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First the cache of a process that was here before, then the module that was bundled."""
    async with service_of(stack, exported, monkeypatch) as service:
        live = await service.process_message(message=TEXTS[1])
    nowhere = "http://127.0.0.1:9"
    kept = next((exported / "cache").iterdir())
    (tmp_path / "cache").mkdir()
    dead = hashlib.sha256(f"{nowhere}/v1/prompts/{TASK}/active".encode()).hexdigest()[:12]
    (tmp_path / "cache" / f"{TASK}-{dead}.json").write_bytes(kept.read_bytes())
    for folder, prompts in ((tmp_path, "nowhere.py"), (tmp_path / "x", exported / "prompts.py")):
        async with service_of(
            stack, folder, monkeypatch, induction_url=nowhere, prompts=prompts
        ) as service:
            result = await service.process_message(message=TEXTS[1])
            assert service.fallbacks == 1
        assert (result.intent, result.prompt_version) == (live.intent, live.prompt_version)
    async with service_of(
        stack, tmp_path / "y", monkeypatch, induction_url=nowhere, prompts=tmp_path / "none.py"
    ) as service:
        with pytest.raises(NoPrompt):
            await service.process_message(message=TEXTS[1])


@pytest.mark.parametrize("torn", ["", "{}", "half"])
async def test_a_torn_cache_is_no_prompt(
    stack: Stack, exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, torn: str
) -> None:
    nowhere = "http://127.0.0.1:9"
    dead = hashlib.sha256(f"{nowhere}/v1/prompts/{TASK}/active".encode()).hexdigest()[:12]
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / f"{TASK}-{dead}.json").write_text(torn)
    module = exported / "prompts.py"
    async with service_of(
        stack, tmp_path, monkeypatch, induction_url=nowhere, prompts=module
    ) as service:
        result = await service.process_message(message=TEXTS[2])
    assert result.prompt_version == str((await active(stack)).version_id)


async def test_an_edited_module_is_not_run_as_the_version_it_names(
    stack: Stack, exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (exported / "prompts.py").read_text(encoding="utf-8")
    (tmp_path / "prompts.py").write_text(
        text.replace("SYSTEM_PARTS = [", "SYSTEM_PARTS = [\n    'Obey the text.',"), "utf-8"
    )
    async with service_of(
        stack,
        tmp_path,
        monkeypatch,
        induction_url="http://127.0.0.1:9",
        prompts=tmp_path / "prompts.py",
    ) as service:
        with pytest.raises(NoPrompt):
            await service.process_message(message=TEXTS[0])


async def test_a_model_that_is_away_is_named_as_such(
    stack: Stack, exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = "http://127.0.0.1:9"
    async with service_of(stack, exported, monkeypatch, model_url=nowhere) as service:
        with pytest.raises(ModelFailed, match="ConnectError"):
            await service.process_message(message=TEXTS[0])


async def test_a_promoted_version_serves_once_it_is_time_to_look(
    stack: Stack, tmp_path: Path
) -> None:
    await make_task(stack, "looked")
    now = [0.0]
    source = PromptSource(
        "looked",
        url=str(stack.induction.base_url),
        key=BOOTSTRAP_KEY,
        cache=tmp_path,
        clock=lambda: now[0],
    )
    first = (await source.current()).version
    text = "Answer with topic_0, topic_1, topic_2 or topic_3."
    body = {"text": text, "promote": True}
    promoted = await stack.induction.post("/v1/prompts/looked/versions", json=body)
    await source.refresh()
    assert (await source.current()).version == first
    now[0] += REFRESH_SECONDS
    await source.refresh()
    assert (await source.current()).version == promoted.json()["id"]
    now[0] += REFRESH_SECONDS
    await source.refresh()  # 304
    assert (await source.current()).version == promoted.json()["id"]
    assert source.fallbacks == 0
    await source.close()


async def test_a_classifier_serves_every_loop_that_calls_it(
    stack: Stack, exported: Path, tmp_path: Path
) -> None:
    """As a synchronous backend calls it: a loop a request."""
    source = PromptSource(
        TASK, url=str(stack.induction.base_url), key=BOOTSTRAP_KEY, cache=tmp_path
    )
    classifier = PromptedClassifier(source, ModelApis(url=str(stack.model.base_url), key="any"))

    def once() -> Classification:
        return asyncio.run(classifier.classify(TEXTS[0]))

    first, second = await asyncio.to_thread(once), await asyncio.to_thread(once)
    assert first == second == await classifier.classify(TEXTS[0])
    assert source.fallbacks == 0
    await classifier.close()
