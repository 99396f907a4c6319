"""The adapter, the probe and a run on a small real language model. What it answers may differ from
one machine to the next by a label or two: bounds are asserted, never texts."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from induction.llm.adapters.factory import adapters
from induction.llm.adapters.models import Answering, Models
from induction.model_settings import ModelSettings
from induction.task_kinds.base import ModelAnswer, ModelPrediction, ModelRequest, Outcome, Task
from induction.task_kinds.registry import task_of
from nlu_shared.client import create_nlu_service
from nlu_shared.rendering import render_parts, rendered
from nlu_shared.schemas.labels import LabelSpec
from nlu_shared.schemas.prompts import Example, PromptContent, TaskKind
from nlu_shared.schemas.tasks import TaskIn

from deploy.demo.data import DataSet, read
from deploy.demo.options import TOPICS
from deploy.smollm2 import server
from tests.fixtures.databases import BOOTSTRAP_KEY, Databases
from tests.fixtures.labelled import add_case
from tests.fixtures.servers import Servers
from tests.fixtures.stack import opened
from tests.induction.runs.driving import reached, start

pytestmark = pytest.mark.language_model
MODEL = f"smollm2/{server.MODEL}"
TEXTS = 16
"""Texts put to the model by most tests: with a few tokens each, half a minute of one core."""


@pytest.fixture(scope="module")
def data() -> DataSet:
    return read(TOPICS)


@pytest.fixture(scope="module")
def task(data: DataSet) -> Task:
    labels = tuple(LabelSpec(name=name) for name in data.labels)
    return task_of(TaskIn(slug="topics", kind=TaskKind.INTENT, labels=labels))


@pytest.fixture
async def model(base_url: str) -> AsyncIterator[Answering]:
    models = Models(settings(base_url).models_of, adapters(settings(base_url).models_of))
    yield Answering(models, {})
    await models.close()


def settings(base_url: str) -> ModelSettings:
    provider = {
        "api": "chat-completions",
        "base_url": base_url,
        "identity": "here",
        "timeout_seconds": 300,
        "concurrency": server.SLOTS,
        "billed": False,
    }
    return ModelSettings(provider="offline", providers={"smollm2": provider})


def questions(task: Task, data: DataSet, prompt: PromptContent) -> list[ModelRequest]:
    form = rendered(prompt, task.answers)
    return [render_parts(form, row.text, model=MODEL) for row in data.rows[:TEXTS]]


def one_of_each(data: DataSet) -> tuple[Example, ...]:
    """An example a label, none of those that are asked."""
    by_label = {str(row.truth): row.text for row in data.rows[TEXTS:]}
    return tuple(Example(text=text, output=label) for label, text in sorted(by_label.items()))


def read_all(task: Task, answers: Sequence[ModelAnswer]) -> list[ModelPrediction]:
    return [task.parse(answer) for answer in answers]


async def test_under_a_schema_every_answer_is_usable_and_tells_its_tokens(
    model: Answering, task: Task, data: DataSet
) -> None:
    requests = questions(task, data, task.baseline())
    answers = await asyncio.gather(*(model.complete(one) for one in requests))
    assert {answer.outcome for answer in answers} == {Outcome.OK}
    assert all(one.fault is None for one in read_all(task, answers))
    assert all(answer.reported == server.MODEL for answer in answers)
    assert all(answer.usage and answer.usage.output_tokens > 0 for answer in answers)


async def test_asked_again_one_at_a_time_nearly_every_label_is_the_same_and_the_prompt_is_cached(
    model: Answering, task: Task, data: DataSet
) -> None:
    requests = questions(task, data, task.baseline())
    first = [await model.complete(one) for one in requests]
    again = [await model.complete(one) for one in requests]
    labels = [[one.output for one in read_all(task, turn)] for turn in (first, again)]
    assert sum(a == b for a, b in zip(*labels, strict=True)) >= TEXTS - 2
    read_from_cache = [one.usage.cache_read_input_tokens for one in again if one.usage]
    assert sum(count > 0 for count in read_from_cache) >= TEXTS - 2


async def test_one_example_a_label_does_not_ruin_what_it_can(
    model: Answering, task: Task, data: DataSet
) -> None:
    """It is no test of the model, but of whether what it is sent says what we mean: on five easy
    topics a real model is far above chance."""
    prompt = task.baseline().model_copy(update={"examples": one_of_each(data)})
    answers = await asyncio.gather(*(model.complete(one) for one in questions(task, data, prompt)))
    right = [
        one.output == row.truth
        for one, row in zip(read_all(task, answers), data.rows, strict=False)
    ]
    assert sum(right) >= TEXTS * 2 // 5


async def test_an_answer_that_is_cut_and_a_prompt_that_is_too_long_are_outcomes(
    model: Answering, task: Task, data: DataSet
) -> None:
    [one, *_] = questions(task, data, task.baseline())
    cut = await model.complete(replace(one, max_tokens=3))
    assert cut.outcome is Outcome.CUT
    long = await model.complete(replace(one, user=one.user + " and so on" * server.WINDOW))
    assert long.outcome is Outcome.TOO_LONG


async def test_without_a_schema_prose_is_no_crash(
    model: Answering, task: Task, data: DataSet
) -> None:
    [one, *_] = questions(task, data, task.baseline())
    known = model.server(MODEL)
    model.servers[MODEL] = known.model_copy(
        update={"dialect": known.dialect.model_copy(update={"takes_schema": False})}
    )
    answer = await model.complete(replace(one, max_tokens=40))
    assert answer.outcome in (Outcome.OK, Outcome.CUT, Outcome.MALFORMED)
    task.parse(answer)


async def test_a_run_on_it_is_filed_under_its_name_and_a_backend_asks_it_in_the_same_way(
    base_url: str,
    databases: Databases,
    servers: Servers,
    data: DataSet,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NLU_MODEL_URL", base_url)
    named = settings(base_url)
    async with opened(databases, servers, providers=named.providers) as stack:
        labels = [{"name": name} for name in data.labels]
        task = {"slug": "topics", "kind": "intent", "labels": labels, "task_model": MODEL}
        assert (await stack.induction.post("/v1/tasks", json=task)).status_code == 201
        await stack.induction.post("/v1/prompts/topics/versions", json={"promote": True})
        for row in data.rows[:TEXTS]:
            await add_case(stack.logger, "topics", row.text, str(row.truth))
        run = await start(stack, "topics", kind="evaluate")
        async with stack.working():
            over = await reached(stack, run, "completed")
        async with create_nlu_service(
            task="topics",
            url=str(stack.logger.base_url),
            key=BOOTSTRAP_KEY,
            induction_url=str(stack.induction.base_url),
            induction_key=BOOTSTRAP_KEY,
            prompt_cache=tmp_path,
        ) as service:
            result = await service.process_message(data.rows[TEXTS].text)
        logged = (await stack.logger.get(f"/v1/predictions/{result.log_id}")).json()
    assert result.intent in data.labels
    assert logged["model_version"] == MODEL
    assert over["answered_by"] == f"{server.MODEL} of here"
    assert over["spend"]["calls"] == TEXTS + 1
    assert over["spend"]["unmetered_calls"] == 0
    assert 0 <= over["baseline_f1"] <= 1
