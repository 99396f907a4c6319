"""What grows with what: the bytes a prediction and a run leave behind, and requests on full tables.

`python -m benchmarks.growth`. Bytes are those of tables with their indexes, told from what the
second half of the rows added, so that an empty table's pages do not count.
"""

import statistics
import time
from collections.abc import Mapping
from uuid import UUID

import asyncpg
import httpx2
from nlu_shared.environment import variable

from benchmarks.stage import administrator_url, alone, fill, serving
from tests.fixtures.databases import Clone, Databases
from tests.fixtures.labelled import make_task
from tests.fixtures.servers import Servers
from tests.fixtures.stack import client, opened
from tests.induction.runs.driving import reached, start

FEW = int(variable("FEW_ROWS") or 20_000)
TIMES = 10
TRIES = 15
LOGGED, AT_ONCE = 4_000, 500
CASES = 120
SIZES = """
SELECT relname::text AS name, pg_total_relation_size(oid)::bigint AS bytes
FROM pg_class WHERE relkind = 'r' AND relnamespace::regnamespace::text !~ '^(pg_|information_)'
"""
REQUESTS = {
    "a page": "/v1/predictions?limit=50",
    "a page of one intent": "/v1/predictions?intent=scheduling&limit=50",
    "a page of one text": "/v1/predictions?text=number 17000&limit=50",
    "outcomes of a week": "/v1/insights/outcomes",
    "live F1": "/v1/insights/live-f1?task=intent",
    "intents": "/v1/insights/intents",
}


async def run(databases: Databases, servers: Servers) -> None:
    await _bytes_of_predictions(databases, servers)
    await _bytes_of_runs(databases, servers)
    few = await _seconds(databases, servers, FEW)
    many = await _seconds(databases, servers, FEW * TIMES)
    print(f"requests on {FEW} and on {FEW * TIMES} predictions, median of {TRIES}:")
    for name in REQUESTS:
        both = f"{few[name] * 1000:7.1f} ms {many[name] * 1000:7.1f} ms"
        print(f"  {name:22} {both}  {many[name] / few[name]:5.2f} times")


async def _bytes_of_predictions(databases: Databases, servers: Servers) -> None:
    database = await databases.clone("nlu_logger")
    async with serving(database, servers) as service, client(service.url) as http:
        await _log(http, 0, LOGGED // 2)
        before = await _sizes(database)
        await _log(http, LOGGED // 2, LOGGED)
        added = _added(before, await _sizes(database))
    _print(added, LOGGED // 2, "prediction")


async def _log(http: httpx2.AsyncClient, first: int, last: int) -> None:
    for begin in range(first, last, AT_ONCE):
        items = [
            {
                "task": "intent",
                "prompt": f"please move the lunch with my sister to number {number}",
                "predicted_intent": f"topic_{number % 20}",
                "confidence": 0.8,
                "conversation_id": str(UUID(int=number // 4)),
                "user_id": str(UUID(int=number // 40)),
            }
            for number in range(begin, begin + AT_ONCE)
        ]
        answer = await http.post("/v1/predictions:batch", json=items)
        if any(one["status"] != 201 for one in answer.json()["items"]):
            raise RuntimeError(answer.text[:300])


async def _bytes_of_runs(databases: Databases, servers: Servers) -> None:
    async with opened(databases, servers) as stack, stack.working():
        sizes, calls = [], []
        for slug in ("first", "second"):
            await make_task(stack, slug, cases=CASES)
            ended = await reached(stack, await start(stack, slug, limits={"iterations": 5}))
            calls.append(ended["spend"]["calls"])
            sizes.append(await _sizes(stack.induction_database))
    print(f"a run of {calls[1]} calls on {CASES} cases:")
    _print(_added(*sizes), calls[1], "call")


async def _sizes(database: Clone) -> dict[str, int]:
    administrator = await asyncpg.connect(administrator_url(database))
    await administrator.execute("VACUUM ANALYZE")
    rows = await administrator.fetch(SIZES)
    await administrator.close()
    return {row["name"]: row["bytes"] for row in rows}


def _added(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    return {name: size - before.get(name, 0) for name, size in after.items()}


def _print(added: Mapping[str, int], things: int, thing: str) -> None:
    print(f"{sum(added.values()) / things:.0f} bytes a {thing}, of which")
    for name, size in sorted(added.items(), key=lambda one: -one[1])[:5]:
        print(f"  {name:32} {size / things:8.0f}")


async def _seconds(databases: Databases, servers: Servers, rows: int) -> dict[str, float]:
    database = await databases.clone("nlu_logger")
    await fill(database, rows, confidence="0.5 + (n % 50) / 100.0")
    async with serving(database, servers) as service, client(service.url) as http:
        return {name: await _median(http, path) for name, path in REQUESTS.items()}


async def _median(http: httpx2.AsyncClient, path: str) -> float:
    taken = []
    for _ in range(TRIES + 1):
        began = time.perf_counter()
        (await http.get(path)).raise_for_status()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken[1:])


if __name__ == "__main__":
    alone(run)
