"""A run that is started by command and watched, as people see it."""

from tests.fixtures.labelled import make_task
from tests.fixtures.stack import Stack
from tests.induction.runs.driving import shown
from tests.induction.runs.test_starting import door
from tests.induction.test_keys_by_command import run as by_command


async def test_a_watched_run_is_shown_to_people(stack: Stack) -> None:
    """The picture of the demo, without a bar where the output is no terminal."""
    await make_task(stack, "pictured", cases=60)
    said = [*door(stack), "--task", "pictured", "--iterations", "2", "--watch"]
    async with stack.working():
        code, printed, complained = await by_command(stack, "run", *said)
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
    evaluated = [one["n"] for one in seen["changes"] if one["validation_f1"] is not None]
    assert [one["n"] for one in seen["iterations"]] == evaluated


async def test_few_cases_and_one_class_are_told_in_words(stack: Stack) -> None:
    await make_task(stack, "tiny", cases=4)
    said = [*door(stack), "--task", "tiny", "--watch"]
    async with stack.working():
        _, printed, _ = await by_command(stack, "evaluate", *said)
    text = " ".join(printed.split())
    assert "0 validation cases" in text
    assert "0 test cases" in text


async def test_a_mistyped_task_is_answered_with_those_there_are(stack: Stack) -> None:
    await make_task(stack, "known-one", cases=4)
    code, _, complained = await by_command(stack, "run", *door(stack), "--task", "knwon")
    assert code == 1
    assert complained.startswith("induction: There is no such task. There are: ")
    assert "known-one" in complained
