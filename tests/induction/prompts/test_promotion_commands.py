"""What serves, by command: promoted, proposed, approved, looked back at, rolled back."""

import os

import pytest

from tests.fixtures.commands import typed
from tests.fixtures.databases import BOOTSTRAP_KEY
from tests.fixtures.labelled import make_task
from tests.fixtures.stack import Stack
from tests.induction.test_scopes import key_with

TASK = "by-command"
TEXT = "Answer with topic_0, topic_1, topic_2 or topic_3, by command."


@pytest.fixture(scope="module")
async def other(stack: Stack) -> str:
    """A version that does not serve."""
    await make_task(stack, TASK)
    made = await stack.induction.post(f"/v1/prompts/{TASK}/versions", json={"text": TEXT})
    return str(made.json()["id"])


async def command(
    stack: Stack, *words: str, key: str = BOOTSTRAP_KEY
) -> tuple[int | None, str, str]:
    env = {"INDUCTION_URL": str(stack.induction.base_url), "INDUCTION_KEY": key}
    ended = await typed("induction", "prompts", *words, "--task", TASK, env=os.environ | env)
    return ended.code, ended.printed.strip(), ended.complained


async def test_a_version_goes_to_production_and_back_by_command(stack: Stack, other: str) -> None:
    before_all = "2020-01-01T00:00:00+00:00"
    code, printed, complained = await command(stack, "history", "--as-of", before_all)
    complaint = f"induction: nothing had served by {before_all} in production\n"
    assert (code, printed, complained) == (0, "", complaint)
    await stack.induction.patch(f"/v1/tasks/{TASK}", json={"promotion_approvals": 1})
    promote = ("promote", "--version", other, "--reason", "Shorter.")
    code, printed, complained = await command(stack, *promote)
    proposal, stands = printed.split("\t")
    assert (code, stands) == (0, "waiting")
    assert f"induction prompts approve {proposal}" in complained
    assert "is not taken" not in (await command(stack, *promote))[2]
    again = await command(stack, *promote[:3], "--reason", "Even shorter.")
    assert again[:2] == (0, printed)
    assert "it was proposed before, with the reason 'Shorter.'; yours is not taken" in again[2]
    assert f"induction prompts reject {proposal}" in again[2]
    _, lines, _ = await command(stack, "proposals")
    assert lines.splitlines()[0].split("\t")[-2:] == ["bootstrap", "Shorter."]
    key = await key_with(stack, {"prompts:approve"})
    assert await command(stack, "approve", proposal, key=key) == (0, "applied", "")
    _, lines, _ = await command(stack, "history")
    newest, oldest = (one.split("\t") for one in lines.splitlines())
    first = oldest[2].split()[0]
    assert newest[1:3] == ["promoted", f"{other} from {first}"]
    assert newest[3:] == ["of a test", "Shorter."]
    assert await command(stack, "rollback", "--reason", "Too short.") == (0, first, "")
    await stack.induction.patch(f"/v1/tasks/{TASK}", json={"promotion_approvals": 0})
    assert await command(stack, "promote", "--version", other) == (0, f"{other}\tserves", "")
