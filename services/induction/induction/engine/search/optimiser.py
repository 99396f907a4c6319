"""What a search is, seen from a run: something that improves `search.best` and says why it ended.

To plug in another one, write a coroutine of the type `Optimiser` and give it to `improve`:

- `search.best` is the prompt to improve, `search.splits.train` and `.validation` are the cases;
- `await search.evaluate(prompt, cases, split=…)` scores a prompt, paid for by the run's budget,
  answered from the ledger where it can be, each case asked without its own example;
- `await consider(search, Candidate(change, prompt))` takes a prompt through the leak guard and
  validation, and makes it the best where it is better; it tells all of it as events;
- `await search.run.ask([Call(…)])` puts any question to a model;
- return the reason the search ended; `Stopped`, raised by any of these, ends it too.

The test split is none of its business: baseline, verdict and error analysis are the run's. Nothing
in it may draw a clock or unseeded chance, or a replay will tell something else.
"""

from typing import Protocol

from induction.engine.search.pruning import prune
from induction.engine.search.state import Search
from induction.engine.search.step import step


class Optimiser(Protocol):
    async def __call__(self, search: Search) -> str: ...


async def hill_climb(search: Search) -> str:
    """Many shots first, then one targeted change after another, each kept only if it is better;
    in the end what the best prompt can do without is pruned."""
    while (reason := search.reason_to_stop()) is None:
        await step(search)
    await prune(search)
    return reason
