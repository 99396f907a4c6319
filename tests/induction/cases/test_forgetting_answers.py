"""Answers of models are forgotten with their case, whatever was asked and however they read."""

from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import uuid4

import pytest
from induction.privacy.jobs import forget_once
from induction.resources import Resources, open_resources
from induction.task_kinds.intent import IntentTask
from nlu_shared.rendering import render
from nlu_shared.schemas.labels import LabelSpec
from nlu_shared.schemas.prompts import PromptContent

from tests.fixtures.labelled import make_task
from tests.fixtures.stack import Stack
from tests.induction.cases.forgetting import erase, forgotten, say, secret
from tests.induction.runs.driving import reached, sql, start


@pytest.fixture(scope="module")
async def resources(stack: Stack) -> AsyncIterator[Resources]:
    async with open_resources(stack.settings) as opened:
        yield opened


@pytest.fixture
def task() -> str:
    return f"task-{uuid4().hex[:12]}"


async def evaluated(stack: Stack, task: str) -> str:
    run = await start(stack, task, kind="evaluate")
    async with stack.working():
        await reached(stack, run, "completed")
    return run


@pytest.mark.law
@pytest.mark.parametrize("quotes", [True, False])
async def test_an_answer_that_repeats_the_case_is_forgotten_whatever_was_asked(
    stack: Stack, resources: Resources, task: str, quotes: bool
) -> None:
    """A model that chats says the text again, and what it was asked may be unknown by now."""
    await make_task(stack, task, cases=8)
    person = uuid4()
    await say(stack, task, person)
    run = await evaluated(stack, task)
    prose = f"You say: {secret(task)}" if quotes else "Sure! A parcel."
    answer = "UPDATE llm_calls SET key = 'unknown', text = $2, outcome = 'malformed'"
    one = "WHERE run_id = $1 AND key = (SELECT min(key) FROM llm_calls WHERE run_id = $1)"
    await sql(stack, f"{answer} {one}", run, prose)
    await erase(stack, person)
    await forget_once(resources)
    (kept,) = await sql(
        stack, "SELECT text FROM llm_calls WHERE run_id = $1 AND key = 'unknown'", run
    )
    assert kept["text"] == (None if quotes else prose)


async def test_an_answer_to_a_prompt_from_before_it_said_its_shape_is_forgotten_too(
    stack: Stack, resources: Resources, task: str
) -> None:
    await make_task(stack, task, cases=8)
    person = uuid4()
    case = await say(stack, task, person)
    run = await evaluated(stack, task)
    kind = IntentTask([LabelSpec(name=f"topic_{number}") for number in range(4)])
    served = (await stack.induction.get(f"/v1/prompts/{task}/versions")).json()["items"][0]
    prompt = PromptContent.model_validate(served["content"])
    (row,) = await sql(stack, "SELECT DISTINCT model FROM llm_calls WHERE run_id = $1", run)
    now = render(prompt, secret(task), answers=kind.answers, model=row["model"])
    then = replace(now, system=now.system[:-1])
    moved = "UPDATE llm_calls SET key = $3 WHERE run_id = $1 AND key = $2 RETURNING 1"
    assert len(await sql(stack, moved, run, now.key, then.key)) == 1
    await erase(stack, person)
    await forget_once(resources)
    assert (await forgotten(stack, case))["answers"] == 1
