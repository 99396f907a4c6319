"""`make bench`: every benchmark on fresh databases; each prints its ratios."""

import asyncio

import uvloop

from benchmarks import (
    anonymous,
    client,
    exports,
    followers,
    growth,
    headroom,
    ingest,
    kills,
    ledger,
    loop,
    migrations,
    ofrep,
    runs,
    scorer,
    verdicts,
)
from tests.fixtures.databases import Databases
from tests.fixtures.servers import Servers, running_servers


async def main(servers: Servers) -> None:
    databases = Databases(servers)
    try:
        await ingest.run(databases, servers)
        await ledger.run(databases, servers)
        await runs.run(databases, servers)
        await followers.run(databases, servers)
        await ofrep.run(databases, servers)
        await loop.run(databases, servers)
        await growth.run(databases, servers)
        await anonymous.run(databases, servers)
        await exports.run(databases, servers)
        await client.run(databases, servers)
    finally:
        await databases.drop_all()


if __name__ == "__main__":
    scorer.run()
    verdicts.run()
    migrations.run()
    headroom.run()
    with running_servers() as started:
        uvloop.run(main(started))
    asyncio.run(kills.main())
