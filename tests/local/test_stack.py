"""The supervisor as a person meets it: `python -m deploy.local`, its lines and its exit codes."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from deploy.local import placement
from deploy.local.secrets import make_temporary
from tests.fixtures.stack import DEADLINE_SECONDS
from tests.local.processes import descendants, gone

pytestmark = pytest.mark.law

OURS = ("NLU_", "INDUCTION_", "DATABASE_URL", "REDIS_URL", "ANTHROPIC_")
READY = re.compile(r"ready  nlu-logger (\S+)  induction (\S+)  admin key in (\S+)")


@dataclass(frozen=True)
class Running:
    process: asyncio.subprocess.Process
    lines: list[str]
    nlu_logger: str
    induction: str
    key: str


def environment(data: Path, **more: str) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    return inherited | {"NLU_DATA_DIR": str(data)} | more


async def command(*words: str, data: Path, **more: str) -> tuple[int | None, str]:
    """Exit code and everything said."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "deploy.local", *words),
        env=environment(data, **more),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await asyncio.wait_for(process.communicate(), DEADLINE_SECONDS)
    return process.returncode, output.decode()


@asynccontextmanager
async def running(data: Path) -> AsyncIterator[Running]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "deploy.local", "run"),
        env=environment(data),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    lines: list[str] = []
    try:
        while (ready := READY.search(lines[-1] if lines else "")) is None:
            line = await asyncio.wait_for(process.stdout.readline(), DEADLINE_SECONDS)
            assert line, lines
            lines.append(line.decode())
        yield Running(process, lines, ready[1], ready[2], key_in(ready[3]))
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


def key_in(file: str) -> str:
    assert Path(file).stat().st_mode & 0o077 == 0
    return Path(file).read_text().strip()


@pytest.fixture
def data() -> Iterator[Path]:
    path = make_temporary("nlu-test-")
    yield path
    placement.remove(path)


@pytest.mark.long
async def test_a_stack_killed_outright_leaves_nothing_and_its_data_is_there_again(
    data: Path,
) -> None:
    """One walk, since a start takes seconds: start, be refused, be killed, start again, stop."""
    log = "INSERT INTO kept VALUES (1)"
    async with running(data) as first:
        code, output = await command("run", data=data)
        assert (code, output.count("\n")) == (1, 1)
        assert "another stack runs on" in output

        assert (await command("psql", data=data, SQL="CREATE TABLE kept (n int)"))[0] == 0
        assert (await command("psql", data=data, SQL=log))[0] == 0
        assert (await command("psql", data=data, SQL="SELECT nonsense"))[0] == 1
        healthy, looks = await command("doctor", data=data)
        assert (healthy, "problem" in looks) == (0, False), looks
        assert {"nlu-logger:", "induction:"} <= set(looks.splitlines())

        below = descendants(first.process.pid)
        first.process.kill()
        assert not await gone(below)

    for name in ("psql", "doctor"):
        assert "nothing runs on" in (await command(name, data=data))[1]
    async with running(data) as second:
        assert second.key == first.key
        assert "(1 row)" in (await command("psql", data=data, SQL="TABLE kept"))[1]
        async with httpx2.AsyncClient(base_url=second.nlu_logger, trust_env=False) as http:
            assert (await http.get("/readyz")).status_code == httpx2.codes.OK

        below = descendants(second.process.pid)
        second.process.send_signal(signal.SIGINT)
        assert await second.process.wait() == 0
        assert not await gone(below)


@pytest.mark.long
async def test_a_process_that_dies_again_and_again_ends_the_stack_and_shows_why(
    data: Path,
) -> None:
    async with running(data) as stack:
        below = descendants(stack.process.pid)
        killed: set[int] = set()
        while stack.process.returncode is None:
            now = named(descendants(stack.process.pid), "nlu_logger.cli", "serve") - killed
            for pid in now:
                os.kill(pid, signal.SIGKILL)
            killed |= now
            await asyncio.sleep(0.02)
        output, _ = await stack.process.communicate()
        assert stack.process.returncode == 1
        assert output.count(b"nlu-logger serve ended (exit code -9): started again in") == 5
        assert b"nlu-logger serve ended unexpectedly" in output
        assert not await gone(below)


def named(pids: set[int], *words: str) -> set[int]:
    """Those whose command line holds all of the words, folders aside."""
    matching = set()
    for pid in pids:
        with suppress(OSError):
            line = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            names = [part.rpartition(b"/")[2] for part in line]
            if all(any(word.encode() in name for name in names) for word in words):
                matching.add(pid)
    return matching


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"NLU_LOGGER_PORT": "banana"}, "NLU_LOGGER_PORT=banana"),
        ({"NLU_LOGGER_PORT": "70000"}, "NLU_LOGGER_PORT=70000"),
        ({"NLU_LOGGER_PORT": "7000", "INDUCTION_PORT": "7000"}, "must differ"),
        ({"DATABASE_URL": "postgresql://a:b@127.0.0.1:1/c"}, "DATABASE_URL: no connection"),
        ({"DATABASE_URL": "banana"}, "DATABASE_URL: no connection"),
        ({"NLU_DATA_DIR": "/dev/null/data"}, "cannot write to /dev/null/data"),
    ],
)
async def test_what_cannot_work_is_said_in_one_line(
    data: Path, variables: dict[str, str], expected: str
) -> None:
    code, output = await command("run", data=data, **variables)
    assert (code, output.count("\n")) == (1, 1), output
    assert expected in output


async def test_a_redis_that_does_not_answer_is_named(data: Path) -> None:
    code, output = await command("run", data=data, REDIS_URL="redis://127.0.0.1:1/0")
    assert code == 1
    assert "REDIS_URL: no connection" in output


async def test_the_demo_refuses_a_file_it_cannot_read_before_anything_starts(data: Path) -> None:
    code, output = await command("demo", data=data, DATA="/nonexistent.csv")
    assert code == 1
    assert "starting" not in output


async def test_a_demo_after_the_first_says_that_its_data_goes_and_how_it_is_kept(
    data: Path,
) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "deploy.local", "demo"),
        env=environment(data, TASK="extraction"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    line = (await asyncio.wait_for(process.stdout.readline(), DEADLINE_SECONDS)).decode()
    process.terminate()
    await process.communicate()
    assert "this demo's data is not kept" in line
    assert str(data) in line
    assert "NLU_DATA_DIR=other `make demo` keeps it and `make run` shows it" in line


async def test_a_setting_that_cannot_be_read_is_refused_before_anything_starts(data: Path) -> None:
    code, output = await command("run", data=data, INDUCTION_BUNDLE_SIGNERS="no key")
    assert code == 1
    assert output.startswith("deploy.local: INDUCTION_BUNDLE_SIGNERS: ")
    assert "starting" not in output
    assert len(output.splitlines()) == 1
