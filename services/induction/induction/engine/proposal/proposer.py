"""Who proposes changes: an author who is shown what the best prompt gets wrong.

To plug in another one, write a coroutine of the type `Proposer` and search with it:
`improve(plan, runtime, partial(hill_climb, propose=yours))`.

- A `ProposalRequest` holds a `Brief`: the prompt to change, its results case by case, the error
  patterns to correct and training cases that show them, what was tried before and what came of it,
  the operator's hints. Only training cases are in it, and only those `shown` may be quoted.
- Return for each request, in their order, a `Change` to the brief's prompt, or `InvalidChange` with
  the reason why there is none. Where there is none, or where it cannot be applied, the same brief
  comes again with the reason as its `objection`, RETRIES times at most.
- `await run.ask([Call(request, sample, "proposer")])` puts questions to a model: all of a turn in
  one `ask`, since calls are paid for in the order they are asked. `run.plan` is the plan.
- Let `Stopped` through, and draw no clock and no unseeded chance: a replay must say the same.

What becomes of a change is the search's: leak guard, gate and validation are the same for all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from nlu_shared.schemas.prompts import Change

from induction.engine.proposal import meta_prompt
from induction.engine.proposal.edits import InvalidChange
from induction.engine.proposal.meta_prompt import Brief
from induction.engine.runtime import Call, RunContext
from induction.task_kinds.base import ModelAnswer, Task

RETRIES = meta_prompt.RETRIES


@dataclass(frozen=True, slots=True)
class ProposalRequest:
    """One change is wanted. `sample` is another for each request of a step, so that equal questions
    can be told apart; `objection` says what was wrong with the last answer to this brief."""

    brief: Brief
    sample: int
    objection: str | None = None


class Proposer(Protocol):
    async def __call__(
        self, run: RunContext, requests: Sequence[ProposalRequest]
    ) -> Sequence[Change | InvalidChange]: ...


async def ask_meta_prompt(
    run: RunContext, requests: Sequence[ProposalRequest]
) -> list[Change | InvalidChange]:
    """The plan's proposer model, asked with the meta-prompt."""
    answers = await run.ask(
        [
            Call(meta_prompt.request(run.plan, one.brief, one.objection), one.sample, "proposer")
            for one in requests
        ]
    )
    return [_read(answer, run.plan.task) for answer in answers]


def _read(answer: ModelAnswer, task: Task) -> Change | InvalidChange:
    try:
        return meta_prompt.read(answer, task)
    except InvalidChange as problem:
        return problem
