"""The quoting commands as an operator types them."""

import pytest

from tests.nlu_logger.exports.typed import typed
from tests.nlu_logger.imports.test_commands import environment
from tests.nlu_logger.test_quoting import add, quotable
from tests.nlu_logger.world import World


@pytest.mark.law
async def test_an_operator_ends_and_allows_quoting_by_filter(world: World, task: str) -> None:
    env = environment(world)

    async def quoting(*arguments: str) -> str:
        ended, printed, complained = await typed("quoting", *arguments, "--task", task, env=env)
        assert ended == 0, complained
        return printed

    await add(world, task, "a")
    await add(world, task, "b", group="of one person")
    filtered = ("--group", "of one person")
    counted = await quoting("end", *filtered, "--dry-run")
    assert counted == "would change 1 of 1 cases; 1 of 2 may be quoted\n"
    assert await quotable(world, task) == {"a": True, "b": True}
    changed = await quoting("end", *filtered, "--from", "2020-01-01")
    assert changed == "changed 1 of 1 cases; 1 of 2 may be quoted\n"
    assert await quotable(world, task) == {"a": True, "b": False}
    assert await quoting("default", "no") == "new cases may not be quoted\n"
    shown = "new cases may not be quoted\n1 of 2 cases may be quoted\n"
    assert await quoting("show") == shown
    assert await quoting("allow") == "changed 1 of 2 cases; 2 of 2 may be quoted\n"


async def test_a_mistyped_filter_is_refused_by_the_command(world: World, task: str) -> None:
    env = environment(world)
    ended, printed, complained = await typed("quoting", "allow", "--task", task, env=env)
    assert (ended, printed) == (1, "")
    assert "No task of this name has approved cases" in complained
