"""API keys of induction, as an operator makes and turns them over."""

import asyncio
import os
import sys
from pathlib import Path

from tests.fixtures.stack import Stack, client

PROGRAM = Path(sys.executable).parent / "induction"


async def run(stack: Stack, *arguments: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        PROGRAM,
        *arguments,
        env=os.environ | stack.environment(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    printed, complained = await process.communicate()
    assert process.returncode is not None
    return process.returncode, printed.decode().strip(), complained.decode().strip()


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
    code, _, said = await run(stack, "keys", "create", "--name", "ci", "--scopes", "Runs")
    assert (code, said.splitlines()[0].split(":")[0]) == (1, "scopes")
    unknown = "01a20000-0000-7000-8000-000000000000"
    code, _, said = await run(stack, "keys", "revoke", unknown)
    assert (code, said) == (1, "induction: No key has this id.")
