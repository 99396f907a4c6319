"""What runs below a process, read from /proc."""

import asyncio
from contextlib import suppress
from pathlib import Path

from tests.fixtures.stack import DEADLINE_SECONDS


def descendants(pid: int) -> set[int]:
    """Children, their children and so on, without the process itself."""
    parents = {child: parent for child, (parent, _) in _table().items()}
    family = {pid}
    while grown := {child for child, parent in parents.items() if parent in family} - family:
        family |= grown
    return family - {pid}


async def gone(pids: set[int]) -> set[int]:
    """Those that still run after the deadline; empty as soon as none does."""
    deadline = asyncio.get_running_loop().time() + DEADLINE_SECONDS
    while True:
        left = pids & _running()
        if not left or asyncio.get_running_loop().time() > deadline:
            return left
        await asyncio.sleep(0.02)


def _running() -> set[int]:
    """A zombie has ended; only its parent, here PID 1 of a container, has not looked yet."""
    return {pid for pid, (_, state) in _table().items() if state != "Z"}


def _table() -> dict[int, tuple[int, str]]:
    table = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
                table[int(entry.name)] = (int(parent), state)
    return table
