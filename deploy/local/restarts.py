"""A process that dies is started again; one that dies again and again is not.

Not here: which processes there are (`stack`), how one is started (`process`).
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from nlu_shared.backoff import backoff

from deploy.local.problems import ProcessDied
from deploy.local.process import Child

STEADY_SECONDS = 10.0
"""Who lived so long did start; a death after that is the first of its row."""
FIRST_WAIT_SECONDS = 0.25
LONGEST_WAIT_SECONDS = 4.0
DEATHS_AT_MOST = 5
"""In a row: waits of 8 s in all, in which what a killed server left behind is gone."""


@dataclass
class Deaths:
    """A row of deaths, each within STEADY_SECONDS of its start."""

    in_a_row: int = 0

    def wait(self, *, lived: float) -> float | None:
        """Seconds before the next start, twice as many each time; None: it is of no use."""
        self.in_a_row = 1 if lived >= STEADY_SECONDS else self.in_a_row + 1
        if self.in_a_row > DEATHS_AT_MOST:
            return None
        return backoff(self.in_a_row, first=FIRST_WAIT_SECONDS, longest=LONGEST_WAIT_SECONDS)


async def keep(child: Child, say: Callable[[str], None]) -> ProcessDied:
    """Returns when there is no use in starting it again."""
    clock = asyncio.get_running_loop().time
    deaths = Deaths()
    while True:
        started = clock()
        code = await child.process.wait()
        wait = deaths.wait(lived=clock() - started)
        if wait is None:
            return child.died()
        say(f"{child.name} ended (exit code {code}): started again in {wait:g} s")
        await asyncio.sleep(wait)
        await child.restart()
