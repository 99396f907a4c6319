"""The most a run can cost, known before it starts.

With V validation, T training and S test cases and N iterations:

    task calls     = T + V                   the baseline
                   + N * (V + min(T, R))     each iteration, and the case book after a kept change
                   + A * 2G                  each gate: the candidate, and stale answers of the best
                   + 2S (1 + repeats) + 2F + T   the final look, noise in it, and the books closed
                   + min(T, M) * CALLS_PER_MISS   the misses looked into
    proposer calls = A * (1 + retries)
    A              = N * (rejections allowed in a row + changes tried side by side - 1), the most
                     attempts there can be

Where the procedure is judged (see `procedure`), each fold adds FOLD_CHANGES attempts as above, and
its own cases once; where the baseline quotes cases, it is asked again in every fold. A diet's tries
are iterations.

Runs stay far below: most attempts are no series of rejections, and a case book is mostly kept.
"""

from dataclasses import dataclass

from induction.engine.diagnose import MOST_AT_ONCE
from induction.engine.gate import GATE_CASES
from induction.engine.left_out import Fold, folds
from induction.engine.misses import CALLS_PER_MISS, MOST_EXAMINED
from induction.engine.noise import FIRST_CASES, REPEATS
from induction.engine.plan import Plan
from induction.engine.procedure import FOLD_CHANGES
from induction.engine.propose import (
    CASES_SHOWN,
    MAX_TOKENS,
    RETRIES,
    SYSTEM,
    TRIED_SHOWN,
)
from induction.engine.recall import TOLD
from induction.engine.screen import EXAMPLE_TOKENS, INSTRUCTION_TOKENS
from induction.engine.search import REFRESHED
from induction.engine.split import Parts, parts_of
from induction.engine.stop import REJECTIONS
from induction.tasks.base import asked


@dataclass(frozen=True, slots=True)
class Bound:
    """Calls never exceeded. Tokens are for one call at its largest, at four characters each."""

    task_calls: int
    proposer_calls: int
    task_tokens_in: int
    task_tokens_out: int
    proposer_tokens_in: int
    proposer_tokens_out: int

    @property
    def calls(self) -> int:
        return self.task_calls + self.proposer_calls


def forecast(plan: Plan) -> Bound:
    """The bound of `improve(plan, …)`."""
    parts = parts_of(plan.cases, plan.parts)
    train, validation, test = len(parts.train), len(parts.validation), len(parts.test)
    iterations = plan.max_iterations
    attempts = iterations * (REJECTIONS + plan.proposals - 1)
    gate = 2 * min(train, GATE_CASES)
    dealt = folds(plan, parts)
    repeated = len(dealt)
    fold_attempts = FOLD_CHANGES * repeated
    choosing = sum(_choosing(fold, parts) for fold in dealt)
    asked_again = repeated if any(one.case_id for one in plan.baseline.examples) else 0
    longest = -(-max((len(asked(case.text, case.context)) for case in plan.cases), default=0) // 4)
    told = max(plan.baseline.tokens, INSTRUCTION_TOKENS + EXAMPLE_TOKENS)
    request = plan.task.request(plan.baseline, "", model=plan.task_model)
    changes = TRIED_SHOWN + min(TOLD, len(plan.remembered))
    shown = MOST_AT_ONCE * CASES_SHOWN * longest + changes * MAX_TOKENS
    return Bound(
        task_calls=2 * train
        + validation
        + iterations * (validation + min(train, REFRESHED))
        + attempts * gate
        + 2 * (test * (1 + REPEATS) + min(test, FIRST_CASES))
        + min(train, MOST_EXAMINED) * CALLS_PER_MISS
        + fold_attempts * (gate + min(train, REFRESHED))
        + FOLD_CHANGES * choosing
        + (train + validation) * (asked_again + (repeated > 0)),
        proposer_calls=(attempts + fold_attempts) * (1 + RETRIES),
        task_tokens_in=told + longest,
        task_tokens_out=request.max_tokens,
        proposer_tokens_in=told + shown + len(SYSTEM) // 4,
        proposer_tokens_out=MAX_TOKENS,
    )


def _choosing(fold: Fold, parts: Parts) -> int:
    """The cases that choose the prompt where a fold is left out: the training cases, if it takes
    all of validation."""
    left_out = {case.id for case in fold}
    if all(case.id in left_out for case in parts.validation):
        return len(parts.train)
    return len(parts.validation)
