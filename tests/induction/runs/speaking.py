"""A stack beside servers of the chat-completions API, and a task to ask them about."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from tests.fixtures.databases import Databases
from tests.fixtures.dialects import Server
from tests.fixtures.labelled import make_task
from tests.fixtures.servers import Servers
from tests.fixtures.stack import Stack, opened, serving

CASES = 24


@asynccontextmanager
async def beside(
    databases: Databases, servers: Servers, speaking: Mapping[str, Server], **described: object
) -> AsyncIterator[Stack]:
    """A stack with these servers as providers, and a task of a few cases."""
    async with AsyncExitStack() as entered:
        providers = {}
        for name, server in speaking.items():
            url = await entered.enter_async_context(serving(server))
            providers[name] = {
                "api": "chat-completions",
                "base_url": f"{url}{server.root}",
                "billed": False,
                "api_key": "sk-right",
                **described,
            }
        stack = await entered.enter_async_context(opened(databases, servers, providers=providers))
        await make_task(stack, "spoken", cases=CASES)
        yield stack
