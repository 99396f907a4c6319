"""A run that computes for long keeps its lease, hears its operator, and ends with its minutes."""

import asyncio
import io
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from induction.runs.computing import frames
from induction.runs.computing import process as engine_process
from induction.runs.computing.main import RemoteRuntime
from induction.runs.computing.patience import (
    Patience,
    RunConditions,
    patience,
    patience_while_parked,
)
from induction.runs.computing.process import EngineFailed
from nlu_shared.schemas.base import PROMPT_LIMIT

from tests.fixtures.databases import Databases
from tests.fixtures.labelled import add_case, make_task
from tests.fixtures.servers import Servers
from tests.fixtures.stack import DEADLINE_SECONDS, Stack, opened, until
from tests.induction.runs.driving import events, reached, sql, start
from tests.texts.shapes import own_words

BEGUN_BY = """
import asyncio
from induction.runs.computing import process

async def contented(_): pass

async def main():
    async with process.opened(contented, seconds=5) as engine:
        print(await engine.call(len, "abc"))

if __name__ != "__main__":
    raise SystemExit("imported anew")
asyncio.run(main())
"""
LONG_TEXTS = 60
"""Of the longest kind, no two of them alike: a few seconds of comparing before a run begins."""


@pytest.fixture(scope="module")
async def stack(databases: Databases, servers: Servers) -> AsyncIterator[Stack]:
    """A lease that has to be renewed while they compute, and can be on a busy machine."""
    async with opened(databases, servers, lease_seconds=4) as made:
        yield made


@pytest.fixture(scope="module")
async def task(stack: Stack) -> str:
    await make_task(stack, "long")
    for number in range(LONG_TEXTS):
        text = own_words(PROMPT_LIMIT, first=number * PROMPT_LIMIT)
        await add_case(stack.logger, "long", text, f"topic_{number % 4}")
    return "long"


async def computing(stack: Stack, run: str, *, seconds: int) -> None:
    """Until its lease has been renewed for so many seconds and it has said nothing yet."""

    async def holds() -> bool:
        (row,) = await sql(
            stack,
            "SELECT last_event, lease_until > started_at + make_interval(secs => $2) AS renewed"
            " FROM runs WHERE id = $1",
            run,
            seconds,
        )
        assert row["last_event"] == 0
        return bool(row["renewed"])

    await until(holds)


@pytest.mark.law
async def test_who_computes_keeps_the_lease_and_is_cancelled_meanwhile(
    stack: Stack, task: str
) -> None:
    run = await start(stack, task)
    async with stack.working():
        await computing(stack, run, seconds=6)
        assert (await stack.induction.post(f"/v1/runs/{run}/cancel")).status_code == 200
        await reached(stack, run, "cancelled")
    assert [one["type"] for one in await events(stack, run)] == ["run_finished"]
    (row,) = await sql(stack, "SELECT fence FROM runs WHERE id = $1", run)
    assert row["fence"] == 1


async def test_who_computes_past_its_minutes_says_so_and_ends(stack: Stack, task: str) -> None:
    run = await start(stack, task, limits={"minutes": 0.001})
    async with stack.working(compute_seconds=0.5):
        ended = await reached(stack, run, "failed")
    assert ended["reason"].startswith("minutes: ")
    assert [one["type"] for one in await events(stack, run)] == ["run_finished"]


@pytest.mark.law
async def test_who_computes_can_be_paused(stack: Stack, task: str) -> None:
    run = await start(stack, task)
    async with stack.working():
        await computing(stack, run, seconds=5)
        assert (await stack.induction.post(f"/v1/runs/{run}/pause")).status_code == 200
        await reached(stack, run, "paused")
    assert await events(stack, run) == []


@pytest.mark.parametrize(
    ("standing", "computing", "expected"),
    [
        (RunConditions(cancel=False, pause=False, seconds_over=-1), 1_000, Patience.GO_ON),
        (RunConditions(cancel=False, pause=False, seconds_over=59), 1_000, Patience.GO_ON),
        (RunConditions(cancel=False, pause=False, seconds_over=1_000), 59, Patience.GO_ON),
        (RunConditions(cancel=False, pause=False, seconds_over=61), 61, Patience.TOO_SLOW),
        (RunConditions(cancel=False, pause=True, seconds_over=61), 61, Patience.PAUSE),
        (RunConditions(cancel=True, pause=True, seconds_over=61), 61, Patience.CANCEL),
    ],
)
def test_patience_ends_where_somebody_asks_or_the_grace_is_used_up(
    standing: RunConditions, computing: float, expected: Patience
) -> None:
    assert patience(standing, computing=computing, grace=60) is expected


@pytest.mark.parametrize(
    ("standing", "verdict"),
    [
        (RunConditions(cancel=False, pause=False, seconds_over=-1), Patience.GO_ON),
        (RunConditions(cancel=False, pause=True, seconds_over=-1), Patience.GO_ON),
        (RunConditions(cancel=False, pause=False, seconds_over=1), Patience.TOO_SLOW),
        (RunConditions(cancel=False, pause=True, seconds_over=1), Patience.TOO_SLOW),
        (RunConditions(cancel=True, pause=True, seconds_over=1), Patience.CANCEL),
        (RunConditions(cancel=True, pause=False, seconds_over=-1), Patience.CANCEL),
        (
            RunConditions(cancel=False, pause=False, seconds_over=1, awaits_batch=True),
            Patience.GO_ON,
        ),
        (
            RunConditions(cancel=True, pause=False, seconds_over=1, awaits_batch=True),
            Patience.CANCEL,
        ),
    ],
)
def test_a_parked_run_ends_where_somebody_cancels_or_its_minutes_are_over(
    standing: RunConditions, verdict: Patience
) -> None:
    assert patience_while_parked(standing) is verdict


async def contented(_: float) -> None:
    """Lets the engine compute for as long as it likes."""


async def test_what_an_engine_raises_is_told_by_name() -> None:
    async with engine_process.opened(contented, seconds=5) as engine:
        assert await engine.call(divmod, 7, 2) == (3, 1)
        with pytest.raises(EngineFailed) as failed:
            await engine.call(divmod, 7, 0)
        assert failed.value.kind == "ZeroDivisionError"
        assert await engine.call(divmod, 7, 3) == (2, 1)


async def test_an_engine_whose_process_dies_has_failed() -> None:
    async with engine_process.opened(contented, seconds=5) as engine:
        with pytest.raises(EngineFailed, match="ended with 3"):
            await engine.call(os._exit, 3)


@pytest.mark.law
async def test_a_fork_server_that_died_is_replaced() -> None:
    async with engine_process.opened(contented, seconds=5) as engine:
        os.kill(await engine.call(os.getppid), signal.SIGKILL)
        assert await engine.call(divmod, 7, 2) == (3, 1)
    async with engine_process.opened(contented, seconds=5) as engine:
        assert await engine.call(divmod, 7, 3) == (2, 1)


async def test_an_engine_that_never_comes_to_an_end_is_ended() -> None:
    class Enough(Exception):
        pass

    async def enough(computing: float) -> None:
        if computing > 0.3:
            raise Enough

    with pytest.raises(Enough):
        async with (
            asyncio.timeout(DEADLINE_SECONDS),
            engine_process.opened(enough, seconds=0.1) as engine,
        ):
            await engine.call(sum, range(10**15))


@pytest.mark.law
async def test_an_engine_takes_nothing_along_of_what_its_worker_was_begun_by(
    tmp_path: Path,
) -> None:
    """The standard library would import the main module anew in each process: seconds a run."""
    main = tmp_path / "worker.py"
    main.write_text(BEGUN_BY)
    begun = await asyncio.create_subprocess_exec(
        sys.executable, str(main), stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await begun.communicate()
    assert (begun.returncode, printed) == (0, b"3\n")


async def test_what_the_engine_says_that_it_needs_reaches_the_worker() -> None:
    out = io.BytesIO()
    asking = asyncio.ensure_future(RemoteRuntime(out).inbox(3, needs=40))
    await asyncio.sleep(0)
    out.seek(0)
    message = frames.read(out)
    asking.cancel()
    assert isinstance(message, frames.Ask)
    assert (message.method, message.arguments) == ("inbox", (3, 40))
