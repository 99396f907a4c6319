"""Stacks on which calls cost money; the offline model answers under the provider's form."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.fixtures.databases import Databases
from tests.fixtures.servers import Servers
from tests.fixtures.stack import Stack, opened

OWN: dict[str, object] = {"model": "unheard-of", "input": 0, "output": 0}


@asynccontextmanager
async def billed(databases: Databases, servers: Servers, **changed: object) -> AsyncIterator[Stack]:
    async with opened(databases, servers, provider="anthropic", **changed) as stack:
        yield stack


async def put(stack: Stack, *rows: dict[str, object], withdraw: tuple[str, ...] = ()) -> None:
    body = {"prices": rows, "withdraw": withdraw}
    answer = await stack.induction.put("/v1/admin/prices", json=body)
    assert answer.status_code == 200, answer.text
