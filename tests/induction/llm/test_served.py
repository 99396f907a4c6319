"""The offline model on a port, as load tests and other processes reach it."""

import asyncio
import contextlib
import json
import signal
import socket
import sys
from collections.abc import AsyncIterator

import httpx2
import pytest
from induction.llm.adapters.claude import Claude
from induction.task_kinds.base import Outcome

from tests.fixtures.stack import DEADLINE_SECONDS
from tests.induction.llm.toys import simple_question


@pytest.fixture
async def served() -> AsyncIterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "offline_model", "--port", str(port),
        env={"OFFLINE_MODEL_FAULTS": '{"rate_limited": 1}', "OFFLINE_MODEL_RETRY_AFTER_S": "0"},
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    try:
        async with asyncio.timeout(DEADLINE_SECONDS), httpx2.AsyncClient() as http:
            while True:
                with contextlib.suppress(httpx2.ConnectError):
                    await http.get(url)
                    break
                await asyncio.sleep(0.05)
        yield url
    finally:
        process.send_signal(signal.SIGINT)
        assert await process.wait() == 0


async def test_on_a_port_it_takes_its_settings_from_the_environment(served: str) -> None:
    async def no_wait(_: float) -> None: ...

    claude = Claude(api_key="any", base_url=served, sleep=no_wait)
    answer = await claude.complete(simple_question())
    await claude.close()
    assert (answer.outcome, answer.attempts) == (Outcome.OK, 2)
    assert json.loads(answer.text)["label"] == "parcel"
