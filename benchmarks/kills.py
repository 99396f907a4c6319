"""Predictions, outcomes and corrections posted while the service is killed and PostgreSQL crashes.

Everybody posts until it is acknowledged, as a client does; afterwards SQL tells what is there.
Both servers are this run's own.
"""

import asyncio
import signal
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import asyncpg
from nlu_shared.environment import variable
from nlu_shared.ids import uuid7

from benchmarks.posting import PREDICTION, ask, connect, request
from benchmarks.stage import serving
from deploy.local import placement
from deploy.local.ports import free_port
from deploy.local.postgres import Postgres
from deploy.local.problems import LocalProblem
from deploy.local.redis import Redis
from deploy.local.secrets import make_temporary
from tests.fixtures.databases import Clone, Databases
from tests.fixtures.servers import Servers
from tests.fixtures.stack import until

POSTS = int(variable("KILLED_POSTS") or 10000)
"""`KILLED_POSTS=100000 KILLS=20` for the published figure."""
KILLS = int(variable("KILLS") or 5)
CRASHES = (signal.SIGQUIT, signal.SIGKILL)
CONNECTIONS = 32
FOLLOWED = 40
"""Of so many predictions one is sent again, and gets an outcome and a correction, said twice."""
ACKNOWLEDGED = {200, 201}
AGAIN_SECONDS = 0.05
DURABILITY = ("fsync", "full_page_writes", "synchronous_commit")


@dataclass
class Record:
    """What the senders were told, by status, and what was found afterwards."""

    durability: Mapping[str, str]
    acknowledged: set[UUID] = field(default_factory=set)
    answers: Counter[int] = field(default_factory=Counter)
    cuts: int = 0
    made_again: int = 0
    """Repeats of something acknowledged that were answered as if it were new."""
    stored: set[UUID] = field(default_factory=set)
    rows: int = 0
    followed: int = 0
    """Predictions that were sent again and got an outcome and a correction, each twice."""
    outcomes: int = 0
    corrections: int = 0

    @property
    def lost(self) -> int:
        return len(self.acknowledged - self.stored)

    @property
    def duplicates(self) -> int:
        return self.rows - len(self.stored)


async def main() -> None:
    record = await killed(posts=POSTS, kills=KILLS, crashes=CRASHES)
    print(", ".join(f"{name} {value}" for name, value in record.durability.items()))
    print(
        f"{len(record.acknowledged)} predictions acknowledged through {KILLS} kills of the service"
        f" and {len(CRASHES)} crashes of PostgreSQL: {record.lost} lost, {record.duplicates} twice;"
        f" {record.cuts} requests cut off, {record.answers[503]} refused for the moment"
    )
    print(
        f"{record.followed} outcomes and corrections, each sent at least twice:"
        f" {record.outcomes} and {record.corrections} stored, {record.made_again} made again"
    )


async def killed(*, posts: int, kills: int, crashes: Sequence[signal.Signals]) -> Record:
    """Raises RuntimeError where PostgreSQL is told to be anything but durable."""
    data = make_temporary("nlu-kills-")
    try:
        async with Postgres(data) as postgres, Redis(data) as redis:
            servers = Servers(postgres.admin_url, redis.url)
            database = await Databases(servers).clone("nlu_logger")
            record = Record(await _durability(database))
            await _through(record, posts, kills, crashes, postgres, database, servers)
            await _count(record, database)
            return record
    finally:
        placement.remove(data)


async def _through(
    record: Record,
    posts: int,
    kills: int,
    crashes: Sequence[signal.Signals],
    postgres: Postgres,
    database: Clone,
    servers: Servers,
) -> None:
    """The service lives `kills` + 1 times; PostgreSQL crashes in the middle of some of them."""
    port, senders = free_port(), list[asyncio.Task[None]]()
    crash_in = {kills * (n + 1) // (len(crashes) + 1): how for n, how in enumerate(crashes)}
    async with asyncio.TaskGroup() as group:
        for life in range(kills + 1):
            async with serving(database, servers, port=port) as service:
                if not senders:
                    shares = [len(range(n, posts, CONNECTIONS)) for n in range(CONNECTIONS)]
                    senders = [
                        group.create_task(_Sender(service.url, record).run(share))
                        for share in shares
                    ]
                if life in crash_in:
                    await _until(record, posts * (2 * life + 1) // (2 * kills + 2))
                    await _crash(postgres, crash_in[life])
                if life < kills:
                    await _until(record, posts * (life + 1) // (kills + 1))
                    service.process.kill()
                else:
                    await asyncio.wait(senders)


@dataclass
class _Sender:
    """One connection at a time, and one prediction after another, each until acknowledged."""

    url: str
    record: Record
    _open: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def run(self, count: int) -> None:
        for number in range(count):
            identifier = uuid7()
            prediction = PREDICTION | {"id": str(identifier), "message_index": number}
            await self._say("/v1/predictions", prediction)
            self.record.acknowledged.add(identifier)
            if number % FOLLOWED == 0:
                self.record.made_again += await self._say("/v1/predictions", prediction) == 201
                path = f"/v1/predictions/{identifier}"
                for _ in range(2):
                    await self._say(f"{path}/outcome", {"was_successful": True})
                    await self._say(f"{path}/corrections", {"corrected_intent": "leave"})
                self.record.followed += 1
        if self._open:
            self._open[1].close()

    async def _say(self, path: str, body: object) -> int:
        """The status that acknowledged it. Raises RuntimeError where it was refused for good."""
        sent = request(path, body)
        while True:
            try:
                self._open = self._open or await connect(self.url)
                status = await ask(*self._open, sent)
            except (OSError, asyncio.IncompleteReadError):
                self.record.cuts += self._open is not None
                self._open = None
            else:
                self.record.answers[status] += 1
                if status in ACKNOWLEDGED:
                    return status
                if status != 503:
                    raise RuntimeError(f"{path} answered {status}")
            await asyncio.sleep(AGAIN_SECONDS)


async def _until(record: Record, acknowledged: int) -> None:
    async def enough() -> bool:
        return len(record.acknowledged) >= acknowledged

    await until(enough, seconds=600)


async def _crash(postgres: Postgres, how: signal.Signals) -> None:
    postgres.child.process.send_signal(how)
    await postgres.child.process.wait()

    async def recovered() -> bool:
        try:
            await postgres.start()
        except LocalProblem:  # what it left behind is still ending
            return False
        return True

    await until(recovered)


async def _durability(database: Clone) -> dict[str, str]:
    app = await asyncpg.connect(database.app_url)
    shown = {name: await app.fetchval(f"SHOW {name}") for name in DURABILITY}
    await app.close()
    if set(shown.values()) != {"on"}:
        raise RuntimeError(f"not durable: {shown}")
    return shown


async def _count(record: Record, database: Clone) -> None:
    owner = await asyncpg.connect(database.owner_url)
    ids = [row["id"] for row in await owner.fetch("SELECT id FROM nlu_prompt_logs")]
    record.rows, record.stored = len(ids), set(ids)
    record.outcomes = await owner.fetchval(
        "SELECT count(*) FROM nlu_prompt_logs WHERE was_successful"
    )
    record.corrections = await owner.fetchval("SELECT count(*) FROM corrections")
    await owner.close()


if __name__ == "__main__":
    asyncio.run(main())
