"""How long the closed loop takes where somebody waits: from an approval to its run, from a
roll-back to the first answer with the old version, from a run's end to the mail server.

`python -m benchmarks.loop` alone. Both APIs, a worker and an SMTP server share this process, one
event loop and one clock with who measures; PostgreSQL and Redis are real.
"""

import asyncio
import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.stage import alone
from tests.fixtures.databases import Databases
from tests.fixtures.labelled import make_task
from tests.fixtures.receiver import mailbox
from tests.fixtures.servers import Servers
from tests.fixtures.stack import Stack, opened, until
from tests.induction.runs.driving import reached, sql, start
from tests.walks.test_an_approval_becomes_a_run import approve

APPROVALS, ROLLBACKS, MAILS = 10, 20, 8
STARTED = "SELECT created_at, started_at FROM runs WHERE task = $1 AND started_at IS NOT NULL"
ENDED = "SELECT completed_at FROM runs WHERE id = $1"


async def run(databases: Databases, servers: Servers) -> None:
    async with mailbox() as box:
        settings: dict[str, Any] = {
            "smtp_url": box.url,
            "smtp_from": "induction@example.org",
            "flag_seconds": 1.0,
            "poll_seconds": 5.0,
        }
        async with opened(databases, servers, **settings) as stack:
            await _rollbacks(stack)
            async with stack.working():
                await _mails(stack, box.mails)
                await _approvals(stack)


async def _approvals(stack: Stack) -> None:
    """Each of a task of its own, whose trigger waits for one more case."""
    stored, claimed = [], []
    for number in range(APPROVALS):
        task = f"approved-{number}"
        await make_task(stack, task, cases=24)
        rules = {"task": task, "enabled": True, "min_cases": 25}
        switched = await stack.induction.post("/v1/admin/auto-trigger", json=rules)
        switched.raise_for_status()
        await approve(stack, task, "where is my parcel", "topic_0")
        approved = datetime.now(UTC)
        (row,) = await until(lambda task=task: sql(stack, STARTED, task))
        stored.append(row["created_at"] - approved)
        claimed.append(row["started_at"] - approved)
        (run,) = (await stack.induction.get("/v1/runs", params={"task": task})).json()["items"]
        await stack.induction.post(f"/v1/runs/{run['id']}/cancel")
        await reached(stack, run["id"])
    print(_line("an approval's answer → its run is stored", stored))
    print(_line("an approval's answer → its run starts", claimed))


async def _rollbacks(stack: Stack) -> None:
    """Asked again and again while production goes back."""
    task = "rolled-back"
    first = await make_task(stack, task)
    body = {"text": "Answer with topic_0, topic_1, topic_2 or topic_3."}
    path = f"/v1/prompts/{task}"
    second = (await stack.induction.post(f"{path}/versions", json=body)).json()["id"]
    by_active, by_flag = [], []
    for _ in range(ROLLBACKS):
        moved = await stack.induction.post(f"{path}/versions/{second}/promote", json={})
        moved.raise_for_status()
        await until(lambda: _flagged(stack, task, second))
        begun = datetime.now(UTC)
        async with asyncio.TaskGroup() as group:
            active = group.create_task(_until_served(stack, task, first, by_flag=False))
            flag = group.create_task(_until_served(stack, task, first, by_flag=True))
            group.create_task(stack.induction.post(f"{path}/rollback", json={}))
        by_active.append(active.result() - begun)
        by_flag.append(flag.result() - begun)
    print(_line("a roll-back's request → `active` has the old version", by_active))
    print(_line("a roll-back's request → OFREP has it (a flag is held for 1 s)", by_flag))


async def _until_served(stack: Stack, task: str, version: str, *, by_flag: bool) -> datetime:
    serves = _flagged if by_flag else _active
    while not await serves(stack, task, version):  # noqa: ASYNC110 - it rings no bell
        await asyncio.sleep(0.01)
    return datetime.now(UTC)


async def _active(stack: Stack, task: str, version: str) -> bool:
    answer = await stack.induction.get(f"/v1/prompts/{task}/active")
    return bool(answer.json()["version_id"] == version)


async def _flagged(stack: Stack, task: str, version: str) -> bool:
    path = f"/ofrep/v1/evaluate/flags/{task}"
    answer = await stack.induction.post(path, json={"context": {"targetingKey": "unit 1"}})
    return bool(answer.json()["value"]["version_id"] == version)


async def _mails(stack: Stack, mails: Sequence[Any]) -> None:
    await make_task(stack, "mailed", cases=24)
    body = {"kind": "email", "target": "team@example.org"}
    (await stack.induction.post("/v1/admin/channels", json=body)).raise_for_status()
    waits = []
    for number in range(1, MAILS + 1):
        one = await start(stack, "mailed", kind="evaluate")
        while len(mails) < number:  # noqa: ASYNC110 - a mailbox rings no bell
            await asyncio.sleep(0.005)
        arrived = datetime.now(UTC)
        (row,) = await sql(stack, ENDED, one)
        waits.append(arrived - row["completed_at"])
    print(_line("a run's end → the mail server has its report", waits))


def _line(what: str, waits: Sequence[timedelta]) -> str:
    seconds = sorted(one.total_seconds() for one in waits)
    late = seconds[math.ceil(0.95 * len(seconds)) - 1]
    return (
        f"{what}: median {seconds[len(seconds) // 2]:.3f} s, p95 {late:.3f} s,"
        f" longest {seconds[-1]:.3f} s of {len(seconds)}"
    )


if __name__ == "__main__":
    alone(run)
