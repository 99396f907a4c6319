"""The most a run can cost, known before it starts, and what a search usually takes.

With V validation, T training and S test cases and N iterations:

    task calls     = T + V                   the baseline
                   + L + min(T, R)           the ladder, and the cases asked again after it
                   + min(T, W) + V           the rung that grows
                   + min(T, C) * (1 + TRIED) the cheaper prompts compared with the best
                   + N * (V + min(T, R))     each iteration, and the cases asked again
                   + A * 2G                  each gate: the candidate, and stale answers of the best
                   + 2S * answers + 2F + T   the final evaluation, its repeats, the train score
                   + min(T * CALLS_PER_MISS, MOST_CALLS)   the misses looked into
    proposer calls = A * (1 + retries)
    A              = N * (rejections allowed in a row + changes tried side by side - 1), the most
                     attempts there can be

L is what the race takes with all the rungs there can be, other draws and orders too. Where the
search is cross-validated, each fold adds FOLD_CHANGES attempts as above, a ladder of FOLD_RUNGS
(one more where banks are tried), and its own cases once; where the baseline quotes cases, it is
asked again in every fold. Tries of pruning are iterations.

Runs stay far below: most attempts are no series of rejections, and results are mostly kept.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from nlu_shared.rendering import framed, part_tokens, prompt_tokens, tokens
from nlu_shared.rendering.request import as_bytes
from nlu_shared.schemas.base import canonical

from induction.engine.data.folds import HeldOut, held_out_folds
from induction.engine.data.room import Room, longest_case
from induction.engine.data.splits import Splits, splits_of
from induction.engine.evaluation.repeats import FIRST_CASES, MOST_ANSWERS
from induction.engine.leak_guard.screen import EXAMPLE_TOKENS, INSTRUCTION_TOKENS
from induction.engine.plan import Plan
from induction.engine.proposal.error_patterns import MOST_AT_ONCE
from induction.engine.proposal.memory import MOST_SHOWN
from induction.engine.proposal.meta_prompt import (
    CASES_SHOWN,
    MAX_TOKENS,
    RETRIES,
    SYSTEM,
    TRIED_SHOWN,
)
from induction.engine.proposal.rungs import MOST_KINDS
from induction.engine.search.choice import MOST_CASES, MOST_TRIED
from induction.engine.search.entering import FOLD_RUNGS
from induction.engine.search.gate import GATE_CASES
from induction.engine.search.ladder import GROWTH_CASES, ORDER_CALLS, OTHER_ORDERS
from induction.engine.search.race import MORE_DRAWS, most_calls
from induction.engine.search.state import REFRESHED
from induction.engine.search.stopping import REJECTIONS
from induction.engine.verdict.cross_validation import FOLD_CHANGES
from induction.engine.verdict.error_analysis import CALLS_PER_MISS, MOST_CALLS
from induction.task_kinds.base import Case, Task

USUAL_RUNGS, USUAL_PROPOSALS, USUAL_VALIDATED = 6, 12, 4
PROPOSAL_TOKENS_OUT = 1_000
CONFIDENCE = 0.87
"""As models write it: two digits."""


@dataclass(frozen=True, slots=True)
class Workload:
    """Calls and their sizes: the most there can be, or an estimate. Tokens are about.

    task_calls: that put a prompt to a case.
    proposer_calls: that ask for a change, with those asked again.
    task_tokens_in: of one such call.
    task_tokens_out: of one such call.
    proposer_tokens_in: of one such call.
    proposer_tokens_out: of one such call.
    of_models: calls that put a prompt to a case by other models than the task's, by model.
    task_tokens_fixed: of `task_tokens_in` those that are the same for each case, which a provider
        may keep in its cache.
    """

    task_calls: int
    proposer_calls: int
    task_tokens_in: int
    task_tokens_out: int
    proposer_tokens_in: int
    proposer_tokens_out: int
    of_models: Mapping[str, int] = field(default_factory=dict)
    task_tokens_fixed: int = 0

    @property
    def calls(self) -> int:
        return self.task_calls + self.proposer_calls + sum(self.of_models.values())


def forecast(plan: Plan) -> Workload:
    """The bound of `improve(plan, …)`."""
    splits = splits_of(plan.cases, plan.splits)
    train, validation, test = len(splits.train), len(splits.validation), len(splits.test)
    iterations = plan.max_iterations
    attempts = iterations * (REJECTIONS + plan.proposals - 1)
    gate = 2 * min(train, GATE_CASES)
    dealt = held_out_folds(plan, splits)
    repeated = len(dealt)
    fold_attempts = FOLD_CHANGES * repeated
    choosing = sum(_choosing(fold, splits) for fold in dealt)
    out_of_fold = repeated if any(one.case_id for one in plan.baseline.all_examples) else 0
    longest, answers = longest_case(plan), plan.task.answers
    schema = tokens(as_bytes(answers.schema).decode())
    room = Room.of(plan).most
    grown = INSTRUCTION_TOKENS + EXAMPLE_TOKENS + schema
    baseline = prompt_tokens(plan.baseline, answers)
    prompt = max(baseline, grown if room is None else min(room, grown))
    changes = TRIED_SHOWN + min(MOST_SHOWN, len(plan.remembered))
    shown = MOST_AT_ONCE * CASES_SHOWN * longest + changes * MAX_TOKENS
    return Workload(
        task_calls=2 * train
        + validation
        + _ladder(plan, train, validation)
        + min(train, MOST_CASES) * (1 + MOST_TRIED)
        + iterations * (validation + min(train, REFRESHED))
        + attempts * gate
        + 2 * (test * MOST_ANSWERS + min(test, FIRST_CASES))
        + min(train * CALLS_PER_MISS, MOST_CALLS)
        + fold_attempts * (gate + min(train, REFRESHED))
        + (FOLD_CHANGES + (FOLD_RUNGS + plan.retrieval) * plan.tries_ladder) * choosing
        + (train + validation) * (out_of_fold + (repeated > 0)),
        proposer_calls=(attempts + fold_attempts) * (1 + RETRIES),
        task_tokens_in=prompt + longest,
        task_tokens_out=answers.max_tokens,
        proposer_tokens_in=prompt + shown + tokens(SYSTEM),
        proposer_tokens_out=MAX_TOKENS,
    )


def usual(plan: Plan, splits: Splits, *, answer: int | None = None) -> Workload:
    """What a search usually takes: the baseline, the ladder, proposals, what they are compared on,
    and the end, with a prompt that shows half of what it could. An estimate; `forecast` is the
    bound.

    plan: the run's.
    splits: its cases.
    answer: tokens of an answer, where they are known.
    """
    train, validation, test = len(splits.train), len(splits.validation), len(splits.test)
    iterations = plan.max_iterations
    proposals = min(USUAL_PROPOSALS, iterations * (REJECTIONS + plan.proposals - 1))
    dealt = held_out_folds(plan, splits)
    fold = FOLD_CHANGES * min(train, GATE_CASES)
    prompt = prompt_tokens(plan.baseline, plan.task.answers) + _examples(plan, splits) // 2
    case = case_tokens(splits.learning)
    return Workload(
        task_calls=2 * train
        + (2 + min(USUAL_VALIDATED, iterations)) * validation
        + most_calls(USUAL_RUNGS, cases=validation)
        + min(train, GROWTH_CASES)
        + min(train, REFRESHED)
        + proposals * min(train, GATE_CASES)
        + 2 * (test + min(test, FIRST_CASES))
        + sum(fold + FOLD_CHANGES * _choosing(one, splits) + len(one) for one in dealt),
        proposer_calls=proposals + FOLD_CHANGES * len(dealt),
        task_tokens_in=prompt + case,
        task_tokens_out=answer or answer_tokens(plan.task, splits.learning),
        proposer_tokens_in=prompt + tokens(SYSTEM) + MOST_AT_ONCE * CASES_SHOWN * case,
        proposer_tokens_out=PROPOSAL_TOKENS_OUT,
        task_tokens_fixed=prompt,
    )


def case_tokens(cases: Sequence[Case]) -> int:
    """Of the text of a case, the mean."""
    return _mean([tokens(framed(case.text, case.context)) for case in cases])


def answer_tokens(task: Task, cases: Sequence[Case]) -> int:
    """Of an answer that says no more than the truth and how sure it is: the mean."""
    truths = [case.truth for case in cases]
    written = [
        canonical({"label": one, "confidence": CONFIDENCE} if isinstance(one, str) else one)
        for one in truths
    ]
    return min(task.answers.max_tokens, _mean([tokens(one) for one in written]))


def _mean(lengths: Sequence[int]) -> int:
    return -(-sum(lengths) // max(1, len(lengths)))


def _examples(plan: Plan, splits: Splits) -> int:
    """Tokens of all that a prompt could quote and has room for."""
    quotable = (plan.task.example(case) for case in splits.train if case.may_quote)
    room = EXAMPLE_TOKENS if plan.max_prompt_tokens is None else plan.max_prompt_tokens
    return min(room, sum(part_tokens(one, plan.task.answers) for one in quotable))


def _ladder(plan: Plan, train: int, validation: int) -> int:
    """The race of all rungs, other orders, the rung that grows, and what a kept one is asked."""
    if not plan.tries_ladder:
        return 0
    entrants = MOST_KINDS + plan.retrieval + MORE_DRAWS + OTHER_ORDERS
    raced = most_calls(entrants, cases=validation)
    return raced + ORDER_CALLS + min(train, GROWTH_CASES) + validation + min(train, REFRESHED)


def forecast_of_evaluation(plan: Plan) -> Workload:
    """The bound of `evaluate_only(plan, …)`: each case once."""
    splits = splits_of(plan.cases, plan.splits)
    calls = len(splits.train) + len(splits.validation)
    return replace(forecast(plan), task_calls=calls, proposer_calls=0)


def _choosing(fold: HeldOut, splits: Splits) -> int:
    """The cases that choose the prompt where a fold is left out: the training cases, if it takes
    all of validation."""
    left_out = {case.id for case in fold}
    if all(case.id in left_out for case in splits.validation):
        return len(splits.train)
    return len(splits.validation)
