"""The process dies, the disk refuses, processes share a folder: a call that returned was kept."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from nlu_shared.client import create_nlu_service
from nlu_shared.client.spool import BlockingSpool

from tests.fixtures.databases import BOOTSTRAP_KEY
from tests.fixtures.stack import DEADLINE_SECONDS, Stack, until
from tests.shared.client.spool.words import NOWHERE, prediction_of
from tests.shared.client.spool.world import all_of, away, files, spool_of, stored
from tests.shared.client.test_service import by_function

KILLS = int(os.environ.get("KILLS", "4"))
"""Four in the suite; `python -m benchmarks.client` does fifty."""


@asynccontextmanager
async def talking(
    folder: Path, url: str, task: str, first: int, count: int
) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.shared.client.spool.talker",
        str(folder), url, task, str(first), str(count),
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"NLU_LOGGER_KEY": BOOTSTRAP_KEY},
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def heard(process: asyncio.subprocess.Process, most: int) -> list[str]:
    """Up to `most` numbers whose calls have returned."""
    assert process.stdout is not None
    lines: list[str] = []
    while len(lines) < most and (line := await process.stdout.readline()):
        lines.append(line.decode().strip())
    return lines


@pytest.mark.law
async def test_a_killed_process_loses_no_call_that_returned(stack: Stack, tmp_path: Path) -> None:
    url = str(stack.logger.base_url)
    acknowledged: list[str] = []
    for kill in range(KILLS):
        async with talking(tmp_path, url, "killed", kill * 100_000, 100_000) as process:
            acknowledged += await heard(process, 30 + 40 * kill)
            process.send_signal(signal.SIGKILL)
            acknowledged += await heard(process, 100_000)
    async with spool_of(tmp_path, url) as spool:
        assert await spool.flush(DEADLINE_SECONDS)
    texts = [row["prompt"] for row in await stored(stack, "killed")]
    assert set(acknowledged) <= set(texts)
    assert len(texts) == len(set(texts))
    assert len(files(tmp_path)) == 1


async def test_what_a_process_leaves_at_its_end_is_sent_by_the_next(
    stack: Stack, tmp_path: Path
) -> None:
    async with talking(tmp_path, "-", "left", 0, 25) as process:
        assert len(await heard(process, 100)) == 25
    async with spool_of(tmp_path, str(stack.logger.base_url)) as spool:
        assert await spool.flush(DEADLINE_SECONDS)
    rows = await stored(stack, "left")
    assert len(rows) == 25
    assert sum(row["was_successful"] is True for row in rows) == 3


@pytest.mark.law
async def test_processes_share_a_folder_and_the_living_inherit(
    stack: Stack, tmp_path: Path
) -> None:
    url = str(stack.logger.base_url)
    async with (
        talking(tmp_path, "-", "shared", 0, 20) as one,
        talking(tmp_path, "-", "shared", 1_000, 100_000) as other,
    ):
        kept = await heard(other, 20) + await heard(one, 100)
        assert len(kept) == 40
        await one.wait()
        async with spool_of(tmp_path, url) as spool:
            await spool.log(prediction_of("shared", "third"))
            assert await spool.flush(DEADLINE_SECONDS)
    async with spool_of(tmp_path, url):

        async def inherited() -> bool:
            texts = {row["prompt"] for row in await stored(stack, "shared")}
            return {*kept, "third"} <= texts and len(files(tmp_path)) == 1

        await until(inherited)
    texts = [row["prompt"] for row in await stored(stack, "shared")]
    assert len(texts) == len(set(texts))


async def test_a_folder_nobody_can_write_to_costs_no_answer_and_is_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    blocked = tmp_path / "a file"
    blocked.write_text("no folder")
    service = create_nlu_service(by_function, url=NOWHERE, key="nlk_x", spool=blocked / "spool")
    async with service:
        result = await service.process_message(message="my pin is 4711")
        await service.update_workflow_outcome(log_id=result.log_id, was_successful=True)
    assert result.intent == "move"
    assert service.dropped == 2
    assert str(result.log_id) in caplog.text
    assert "4711" not in caplog.text


async def test_a_full_disk_is_counted_and_what_came_before_is_kept(
    stack: Stack, tmp_path: Path
) -> None:
    """The largest file this process may write stands for the end of the disk."""
    script = (
        "import resource, sys;"
        "from tests.shared.client.spool.words import NOWHERE, prediction_of;"
        "from nlu_shared.client.spool import BlockingSpool;"
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000));"
        "spool = BlockingSpool(sys.argv[1], url=NOWHERE, key='k', closing_seconds=0);"
        "[spool.log(prediction_of('disk', str(n) + 'x' * 2000)) for n in range(200)];"
        "print(spool.dropped)"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await process.communicate()
    assert process.returncode == 0
    lost = int(printed)
    assert 0 < lost < 200
    async with spool_of(tmp_path, str(stack.logger.base_url)) as spool:
        assert await spool.flush(DEADLINE_SECONDS)
    assert len(await stored(stack, "disk")) == 200 - lost


async def test_a_file_that_is_no_spool_is_set_aside_and_nothing_waits_for_it(
    stack: Stack, tmp_path: Path
) -> None:
    (tmp_path / "0-torn.sqlite").write_bytes(b"not a database " * 100)
    async with spool_of(tmp_path, str(stack.logger.base_url)) as spool:
        await spool.log(prediction_of("torn"))
        assert await spool.flush(DEADLINE_SECONDS)
    assert len(await stored(stack, "torn")) == 1
    assert files(tmp_path, ".broken")


async def test_a_forked_child_logs_into_a_file_of_its_own(stack: Stack, tmp_path: Path) -> None:
    script = (
        "import os, sys;"
        "from tests.shared.client.spool.words import NOWHERE, prediction_of;"
        "from nlu_shared.client.spool import BlockingSpool;"
        "spool = BlockingSpool(sys.argv[1], url=NOWHERE, key='k', closing_seconds=0);"
        "spool.log(prediction_of('forked', 'parent'));"
        "child = os.fork();"
        "spool.log(prediction_of('forked', 'child' if not child else 'parent again'));"
        "child or (spool.close(), os._exit(0));"
        "sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", script, str(tmp_path))
    assert await process.wait() == 0
    assert len(files(tmp_path)) == 2
    async with spool_of(tmp_path, str(stack.logger.base_url)) as spool:
        await until(lambda: alone(tmp_path))
        assert await spool.flush(DEADLINE_SECONDS)
    texts = sorted(row["prompt"] for row in await stored(stack, "forked"))
    assert texts == ["child", "parent", "parent again"]


async def alone(folder: Path) -> bool:
    return len(files(folder)) == 1


async def test_a_full_spool_lets_the_oldest_go_and_says_how_many(tmp_path: Path) -> None:
    async with away(tmp_path, most=10, on_full="drop_oldest") as spool:
        for number in range(25):
            await spool.log(prediction_of("capped", str(number)))
        health = await spool.health()
        assert (health.waiting, health.dropped, spool.dropped) == (10, 15, 15)


async def test_a_full_spool_makes_the_caller_wait_and_not_its_loop(
    stack: Stack, tmp_path: Path
) -> None:
    async with away(tmp_path, most=10) as spool:
        await all_of(*(spool.log(prediction_of("room", str(n))) for n in range(10)))
        late = asyncio.create_task(spool.log(prediction_of("room", "late")))
        assert (await spool.health()).waiting == 10
        assert not late.done()
    await late
    assert spool.dropped == 1
    async with spool_of(tmp_path, str(stack.logger.base_url), most=10) as spool:
        await all_of(*(spool.log(prediction_of("room", f"more {n}")) for n in range(60)))
        assert await spool.flush(DEADLINE_SECONDS)
        assert spool.dropped == 0
    assert len(await stored(stack, "room")) == 70


def test_a_spool_that_is_closed_takes_nothing_and_says_so(tmp_path: Path) -> None:
    spool = BlockingSpool(tmp_path, url=NOWHERE, key="k", closing_seconds=0)
    spool.close()
    spool.close()
    spool.log(prediction_of("closed"))
    assert spool.dropped == 1
