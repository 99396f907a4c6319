"""Flags by OFREP from one process, against the framework's own limit.

`python -m benchmarks.ofrep` alone. The limit is a bare FastAPI route in a process of its own, by
the same server: it reads the same body by the same model and answers the same flag, which it holds;
no key, no database, no ETag. Clients are keep-alive sockets of this process, for both the same.
"""

import asyncio
import os
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from fastapi import FastAPI
from nlu_shared.kit.process.processes import serve
from nlu_shared.schemas.ofrep import OfrepFlag, OfrepIn

from benchmarks.posting import ask, connect, request
from benchmarks.rates import ratio_line
from benchmarks.stage import INDUCTION, alone, program
from tests.fixtures.databases import Databases
from tests.fixtures.labelled import make_task
from tests.fixtures.servers import Servers
from tests.fixtures.stack import opened

CONNECTIONS = 8
"""Fewer than a process has to its database: one core is busy with so many."""
REQUESTS = 1_600
ROUNDS = 5
TASK = "flagged"
PATH = f"/ofrep/v1/evaluate/flags/{TASK}"
UNIT = {"context": {"targetingKey": "unit 1"}}
HELD = "BENCHMARKED_FLAG"
"""The file of the flag that the bare route answers."""


def bare() -> FastAPI:
    flag = OfrepFlag.model_validate_json(Path(os.environ[HELD]).read_bytes())
    app = FastAPI()

    @app.post(PATH)
    async def evaluate(body: OfrepIn) -> OfrepFlag:
        return flag

    @app.get("/readyz")
    async def ready() -> None:
        """It has nothing to wait for."""

    return app


async def _rate(url: str, sent: bytes, *, status: int) -> float:
    """Answers per second over connections that each wait for theirs."""

    async def connection() -> None:
        reader, writer = await connect(url)
        for _ in range(REQUESTS // CONNECTIONS):
            if (answered := await ask(reader, writer, sent)) != status:
                raise RuntimeError(f"answered {answered}")
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(connection() for _ in range(CONNECTIONS)))
    return REQUESTS / (time.perf_counter() - began)


async def run(databases: Databases, servers: Servers) -> None:
    limits = {"key_cache_seconds": 5}
    async with opened(databases, servers, **limits) as stack:
        await make_task(stack, TASK)
        flag = await stack.induction.post(PATH, json=UNIT)
        with TemporaryDirectory() as folder:
            file = Path(folder) / "flag.json"
            file.write_bytes(flag.content)
            own = (sys.executable, "-m", "benchmarks.ofrep")
            async with (
                program(*INDUCTION, environment=dict(stack.environment())) as ours,
                program(*own, environment={HELD: str(file)}) as theirs,
            ):
                await _measured(ours, theirs, flag.headers["etag"], len(flag.content))


async def _measured(ours: str, theirs: str, etag: str, size: int) -> None:
    sent, held = request(PATH, UNIT), request(PATH, UNIT, etag=etag)
    for url in (ours, theirs):  # connections made, caches warm
        await _rate(url, sent, status=200)
    flags, unchanged = [], []
    for _ in range(ROUNDS):
        limit = await _rate(theirs, sent, status=200)
        flags.append((await _rate(ours, sent, status=200), limit))
        unchanged.append((await _rate(ours, held, status=304), limit))
    against = "a bare FastAPI route"
    print(ratio_line(f"flags of {size} bytes", flags, unit="requests/s", against=against))
    print(ratio_line("flags that are held (304)", unchanged, unit="requests/s", against=against))


if __name__ == "__main__":
    if "--port" in sys.argv:
        serve(bare(), host="127.0.0.1", port=int(sys.argv[sys.argv.index("--port") + 1]))
    else:
        alone(run)
