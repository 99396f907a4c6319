"""A process that dies is started again; one that dies again and again is not.

Not here: which processes there are (`stack`), how one is started (`process`).
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from nlu_shared.backoff import backoff

from deploy.local.problems import ProcessDied
from deploy.local.process import Child

WORKER = " work"
"""How the names of workers end."""
STEADY_SECONDS = 10.0
"""Who lived so long did start; a death after that is the first of its row."""
FIRST_WAIT_SECONDS = 0.25
LONGEST_WAIT_SECONDS = 4.0
DEATHS_AT_MOST = 5
"""In a row: waits of 8 s in all, in which what a killed server left behind is gone."""
LONGEST_OF_A_WORKER_SECONDS = 60.0
"""A worker that will not stay takes nothing down: the APIs go on, and what it does waits."""


@dataclass
class Deaths:
    """A row of deaths, each within STEADY_SECONDS of its start; of what is `spared` without end."""

    in_a_row: int = 0
    spared: bool = False

    def wait(self, *, lived: float) -> float | None:
        """Seconds before the next start, twice as many each time; None: it is of no use."""
        self.in_a_row = 1 if lived >= STEADY_SECONDS else self.in_a_row + 1
        if self.in_a_row > DEATHS_AT_MOST and not self.spared:
            return None
        longest = LONGEST_OF_A_WORKER_SECONDS if self.spared else LONGEST_WAIT_SECONDS
        return backoff(self.in_a_row, first=FIRST_WAIT_SECONDS, longest=longest)


async def keep(child: Child, say: Callable[[str], None]) -> ProcessDied:
    """Returns when there is no use in starting it again."""
    clock = asyncio.get_running_loop().time
    deaths = Deaths(spared=child.name.endswith(WORKER))
    while True:
        started = clock()
        code = await child.process.wait()
        wait = deaths.wait(lived=clock() - started)
        if wait is None:
            return child.died()
        say(f"{child.name} ended (exit code {code}): started again in {wait:g} s, see {child.log}")
        await asyncio.sleep(wait)
        await child.restart()
