"""Requests that a generator makes from the OpenAPI document: whatever comes, no answer is a 5xx.

GENERATED=n asks for at least so many requests; the generator's own report goes to the log.
"""

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest

from tests.fixtures.databases import BOOTSTRAP_KEY
from tests.fixtures.stack import client
from tests.nlu_logger.world import World, world

pytestmark = pytest.mark.law

__all__ = ["world"]

GENERATED = int(os.environ.get("GENERATED", "300"))
ROUNDS = 50


async def generate(url: str, *, seed: int, folder: Path) -> str:
    """What the generator says at its end."""
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).parent / "schemathesis"),
        "run",
        f"{url}/openapi.json",
        "--url",
        url,
        "--phases",
        "examples,fuzzing,stateful",
        "--checks",
        "not_a_server_error",
        "--max-examples",
        "20" if GENERATED > 1_000 else "4",
        "--seed",
        str(seed),
        "--continue-on-failure",
        # The generator would take away the key it goes in with.
        "--exclude-operation-id",
        "revoke_key",
        "--exclude-operation-id",
        "rotate_key",
        "--header",
        f"Authorization:Bearer {BOOTSTRAP_KEY}",
        "--suppress-health-check",
        "all",
        "--no-color",
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return output.decode()


async def answers(world: World) -> dict[str, int]:
    """How many answers of each status the service has counted since it started."""
    async with client(world.url) as caller:
        page = (await caller.get("/metrics")).text
    counted: dict[str, int] = {}
    for status, number in re.findall(r'http_requests_total\{.*status="(\d+)"\} ([\d.]+)', page):
        counted[status] = counted.get(status, 0) + int(float(number))
    return counted


async def test_no_generated_request_is_answered_with_a_server_error(
    world: World, tmp_path: Path
) -> None:
    for seed in range(ROUNDS):
        report = await generate(world.url, seed=seed, folder=tmp_path)
        counted = await answers(world)
        crashed = {status: number for status, number in counted.items() if status >= "500"}
        assert not crashed, report[-5_000:]
        if sum(counted.values()) >= GENERATED:
            break
    assert sum(counted.values()) >= GENERATED, report[-5_000:]
    assert any(status < "300" for status in counted), counted
    assert any(status >= "400" for status in counted), counted
