"""A run that is started by command and watched, as people see it."""

import asyncio
import json
import os

import pytest
from induction.watching.screen import console_for
from induction.watching.search import SearchView
from nlu_shared.schemas.events import ChangeRejected, Stage

from tests.fixtures.labelled import make_task
from tests.fixtures.stack import DEADLINE_SECONDS, Stack
from tests.induction.runs.driving import shown
from tests.induction.runs.test_starting import door
from tests.induction.test_keys_by_command import run as by_command
from tests.shared.kit.test_commands_read_on import BIN


@pytest.mark.law
@pytest.mark.long
async def test_a_watched_run_is_shown_to_people(stack: Stack) -> None:
    """The picture of the demo, without a bar where the output is no terminal."""
    await make_task(stack, "pictured", cases=60)
    options = [*door(stack), "--task", "pictured", "--iterations", "2", "--watch"]
    async with stack.working():
        code, printed, complained = await by_command(stack, "run", *options)
    assert (code, complained) == (0, "")
    run_id, *lines = printed.splitlines()
    assert not any(line.lstrip().startswith("{") for line in lines)
    text = " ".join(printed.split())
    assert "cases frozen as" in text
    assert "baseline" in text
    assert " calls, " in text
    seen = await shown(stack, run_id)
    assert f"{len(seen['iterations'])} of at most 2 iterations" in text
    assert len(seen["iterations"]) <= 2
    evaluated = [one for one in seen["changes"] if one["validation_f1"] is not None]
    last = {one["iteration"]: one["n"] for one in evaluated}  # the ladder's rungs share one
    assert [one["n"] for one in seen["iterations"]] == list(last.values())


@pytest.mark.law
async def test_few_cases_and_one_class_are_told_in_words(stack: Stack) -> None:
    await make_task(stack, "tiny", cases=4)
    options = [*door(stack), "--task", "tiny", "--watch"]
    async with stack.working():
        _, printed, _ = await by_command(stack, "evaluate", *options)
    text = " ".join(printed.split())
    assert "0 validation cases" in text
    assert "0 test cases" in text


@pytest.mark.law
async def test_a_verdict_of_few_cases_does_not_call_them_validation_cases(stack: Stack) -> None:
    await make_task(stack, "fewer", cases=3)
    options = [*door(stack), "--task", "fewer", "--iterations", "1", "--watch"]
    async with stack.working():
        _, printed, _ = await by_command(stack, "run", *options)
    text = " ".join(printed.split())
    assert "0 validation cases" in text
    assert "F1 on 3 training cases" in text
    assert "3 validation cases" not in text


def test_changes_have_the_numbers_of_the_run() -> None:
    """Also those of which a refusal is all there is."""
    view = SearchView()
    refusals = [
        ChangeRejected(iteration=1, stage=stage, reason="no")
        for stage in (Stage.SCREEN, Stage.PROPOSE, Stage.SCREEN)
    ]
    lines = [line for event in refusals for line in view.lines(event)]
    console = console_for(is_terminal=False)
    with console.capture() as captured:
        console.print(*lines, sep="\n")
    assert [line.split()[2] for line in captured.get().splitlines()] == ["1", "2", "3"]


async def test_a_mistyped_task_is_answered_with_those_there_are(stack: Stack) -> None:
    await make_task(stack, "known-one", cases=4)
    code, _, complained = await by_command(stack, "run", *door(stack), "--task", "knwon")
    assert code == 1
    assert complained.startswith("induction: There is no such task. There are: ")
    assert "known-one" in complained


@pytest.mark.law
@pytest.mark.parametrize("form", [[], ["--json"]])
async def test_a_reader_that_ends_early_ends_the_watching_quietly(
    stack: Stack, form: list[str]
) -> None:
    """As with `… | head -n 2`."""
    task = f"unread{len(form)}"
    await make_task(stack, task, cases=60)
    words = ["run", *door(stack), "--task", task, "--iterations", "1", "--watch", *form]
    async with stack.working(), asyncio.timeout(DEADLINE_SECONDS):
        reading, writing = os.pipe()
        watching = await asyncio.create_subprocess_exec(
            BIN / "induction",
            *words,
            stdout=writing,
            stderr=asyncio.subprocess.PIPE,
            env=os.environ | {"PYTHONUNBUFFERED": ""},
        )
        os.close(writing)
        with os.fdopen(reading, encoding="utf-8") as lines:
            await asyncio.to_thread(lines.readline)
            await asyncio.to_thread(lines.readline)
        _, complained = await watching.communicate()
    assert complained.decode() == ""
    assert watching.returncode == 141


@pytest.mark.law
@pytest.mark.long
async def test_every_line_of_a_run_watched_as_json_is_json(stack: Stack) -> None:
    await make_task(stack, "as-json", cases=12)
    options = [*door(stack), "--task", "as-json", "--iterations", "1", "--watch", "--json"]
    async with stack.working():
        _, printed, _ = await by_command(stack, "run", *options)
    first, *events = map(json.loads, printed.splitlines())
    assert first == {"type": "run", "id": (await shown(stack, first["id"]))["id"]}
    assert [events[0]["type"], events[-1]["type"]] == ["run_started", "run_finished"]


@pytest.mark.parametrize("iterations", ["0", "21", "many"])
async def test_a_limit_that_is_passed_is_told_in_words(stack: Stack, iterations: str) -> None:
    options = [*door(stack), "--task", "any", "--iterations", iterations]
    code, printed, complained = await by_command(stack, "run", *options)
    text = " ".join((printed + complained).replace("│", " ").split())
    assert code == 2
    assert "--iterations" in text
    assert "pydantic" not in text
    assert iterations == "many" or "A whole number from 1 to 20 is expected." in text


async def test_the_address_that_does_not_answer_is_named(stack: Stack) -> None:
    options = ["--url", "http://127.0.0.1:9", "--task", "any"]
    code, _, complained = await by_command(stack, "run", *options)
    assert code == 1
    assert complained.startswith("induction: no whole answer from http://127.0.0.1:9: ")
