"""A host of its own for a process: a network namespace with nothing in it but one end of a virtual
cable, whose other end is here. Linux and root only."""

import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import count

from tests.faults.cable import laid

CAN_BE_MADE = (
    hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("ip") is not None
    and subprocess.run(["unshare", "--net", "true"], check=False).returncode == 0
)  # fmt: skip
_numbers = count(1)


@dataclass(frozen=True)
class Host:
    """`urls` are where this host's servers are reached from it, by the names they were given;
    `command` begins what is to run on it. Cut off, it hears nothing and is told nothing: no
    connection is reset, packets are lost."""

    end: str
    command: tuple[str, ...]
    urls: Mapping[str, str]

    def cut(self) -> None:
        _ip("link", "set", self.end, "down")

    def mend(self) -> None:
        _ip("link", "set", self.end, "up")


@asynccontextmanager
async def host(servers: Mapping[str, str]) -> AsyncIterator[Host]:
    """servers: URLs on this host's loopback, by any names."""
    number = next(_numbers)
    own = f"{os.getpid() % 10_000}-{number}"
    name, end, far = f"nlu-{own}", f"n{own}", f"f{own}"
    block = 4 * (number % 60)
    here, there = f"10.213.77.{block + 1}", f"10.213.77.{block + 2}"
    _ip("netns", "add", name)
    try:
        _ip("link", "add", end, "type", "veth", "peer", "name", far)
        _ip("link", "set", far, "netns", name)
        _ip("address", "add", f"{here}/30", "dev", end)
        _ip("link", "set", end, "up")
        _ip("-n", name, "address", "add", f"{there}/30", "dev", far)
        _ip("-n", name, "link", "set", "lo", "up")
        _ip("-n", name, "link", "set", far, "up")
        async with AsyncExitStack() as lines:
            urls = {
                key: (await lines.enter_async_context(laid(url, here)))[1]
                for key, url in servers.items()
            }
            yield Host(end, ("ip", "netns", "exec", name), urls)
    finally:
        # With the namespace goes its end of the cable, and with that the other one.
        _ip("netns", "delete", name)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)
