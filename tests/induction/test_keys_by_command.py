"""API keys of induction, as an operator makes and turns them over."""

import os

from tests.fixtures.commands import typed
from tests.fixtures.stack import Stack, client


async def run(stack: Stack, *arguments: str) -> tuple[int | None, str, str]:
    ended = await typed("induction", *arguments, env=os.environ | stack.environment())
    return ended.code, ended.printed.strip(), ended.complained.strip()


async def test_a_key_is_made_turned_over_and_revoked(stack: Stack) -> None:
    _, old, _ = await run(stack, "keys", "create", "--name", "ci", "--scopes", "runs:read")
    _, listed, _ = await run(stack, "keys", "list")
    (line,) = [line for line in listed.splitlines() if "\tci\t" in line]
    key_id = line.split("\t")[0]
    _, new, _ = await run(stack, "keys", "rotate", key_id, "--grace-hours", "1")
    url = str(stack.induction.base_url)
    async with client(url, old) as before, client(url, new) as after:
        assert (await before.get("/v1/runs")).status_code == 200
        await run(stack, "keys", "revoke", key_id)
        assert (await before.get("/v1/runs")).status_code == 401
        assert (await after.get("/v1/runs")).status_code == 200


async def test_what_cannot_be_done_is_said_on_one_line(stack: Stack) -> None:
    code, _, complaint = await run(stack, "keys", "create", "--name", "ci", "--scopes", "Runs")
    assert (code, "runs:read, runs:write" in complaint) == (1, True)
    code, _, complaint = await run(stack, "keys", "create", "--name", "ci", "--scopes", "runs:reed")
    assert (code, "runs:read, runs:write" in complaint, "reed" in complaint) == (1, True, False)
    unknown = "01a20000-0000-7000-8000-000000000000"
    code, _, complaint = await run(stack, "keys", "revoke", unknown)
    assert (code, complaint) == (1, "induction: No key has this id.")
