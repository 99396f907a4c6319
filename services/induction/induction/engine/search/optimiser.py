"""What a search is, seen from a run: something that improves `search.best` and says why it ended.

To plug in another one, write a coroutine of the type `Optimiser` and give it to `improve`:

    async def shorter(search: Search) -> str:
        for block in search.best.instructions:
            rest = tuple(one for one in search.best.instructions if one is not block)
            await consider(search, PromptContent(instructions=rest))
        return "every block was tried"

    await improve(plan, runtime, shorter)

What it is given:

- `search.best` is the prompt to improve, at first the baseline; `search.run.plan` says what is
  wanted (task, seed, iterations); `search.splits.train` are the cases to learn from and
  `search.splits.validation` those that choose. What the baseline answers to both is known:
  `search.train`, `search.validation`.
- `await search.evaluate(prompt, cases, split=Split.TRAIN)` says what a prompt answers to cases,
  scored case by case. Each training case is asked without the examples of its own fold, so that
  a prompt gains nothing by quoting what it is asked. No leak guard reads the prompt here.
- `await consider(search, prompt)` is how a prompt becomes the best: it goes through the leak guard
  and is evaluated on validation, and takes the best one's place where it is better and breaks no
  guard. It returns the answers on validation, or None where it was refused unseen. Events tell of
  each, with the change from the best prompt, which is derived (see `difference`). A block of the
  baseline goes only where the plan says `may_remove_blocks`.
- `await search.run.ask([Call(…)])` puts any question to a model, the proposer for one.
- To change how changes are proposed and nothing else, see `proposal/proposer.py`.

What holds, whatever it does: every call is paid for by the run's budget and answered from the
ledger where it can be, and the calls of the final evaluation are kept back; `consider` evaluates no
more prompts than the plan has iterations; cases of the test split are put to no prompt, and
baseline, verdict and error analysis are the run's. So is the winner: of the prompts that answered
validation it may be a shorter one that is as good as the best (see `choice`), and the calls to
compare them are kept back too where there are enough. Where the search is cross-validated, it is
called once more for each fold.

What it has to hold itself: let `Stopped` through, which any of these raises, and return a reason
otherwise. Draw no clock and no unseeded chance, and ask in an order that depends on answers alone,
or a replay will say something else. `forecast` bounds `hill_climb`, not what is plugged in.
"""

from typing import Protocol

from induction.engine.proposal.proposer import Proposer, ask_meta_prompt
from induction.engine.search.ladder import ladder
from induction.engine.search.pruning import prune
from induction.engine.search.state import Search
from induction.engine.search.step import consider, step
from induction.engine.search.validation import refresh


class Optimiser(Protocol):
    async def __call__(self, search: Search) -> str: ...


async def try_candidate(search: Search) -> str:
    """The plan's own candidate and nothing else."""
    if search.run.plan.candidate is not None:
        await consider(search, search.run.plan.candidate)
    return "the prompt that was to be tried was"


async def hill_climb(search: Search, propose: Proposer = ask_meta_prompt) -> str:
    """The ladder of examples first, then one targeted change after another, each kept only if it is
    better; in the end what the best prompt can do without is pruned. Where the baseline stays, it
    answers more of the training cases before."""
    await ladder(search)
    if search.is_unchanged and search.unknown:
        await refresh(search, (), search.iteration)
    while (reason := search.reason_to_stop()) is None:
        await step(search, propose)
    await prune(search)
    return reason
