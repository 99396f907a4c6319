"""Those of dspy's optimisers without a hook for a proposal function: they search demonstrations."""

import contextlib
import io
import logging
from collections.abc import Callable
from typing import Any

from dspy.teleprompt import BootstrapFewShotWithRandomSearch, MIPROv2
from nlu_shared.schemas.prompts import PromptContent

from benchmarks.optimisers.data import Problem, most_shown
from benchmarks.optimisers.dspy_program import Program, examples, is_right, program, prompt_of
from benchmarks.optimisers.metered import Models

CANDIDATES = 1_000
"""More than any budget pays for; the models end the search."""
Compiled = Callable[[Problem, Models, Program], Program]


def improved(problem: Problem, models: Models, compiled: Compiled) -> PromptContent:
    logging.disable(logging.WARNING)
    silence = io.StringIO()
    with contextlib.redirect_stdout(silence), contextlib.redirect_stderr(silence):
        return prompt_of(compiled(problem, models, program(problem, models)).predictor)


def random_search(problem: Problem, models: Models, student: Program, *, demos: int) -> Program:
    """One candidate at a time, so that the last one whose every call was paid for counts."""
    best, reached = student, -1.0
    demos = min(demos, most_shown(problem))
    for number in range(-3, CANDIDATES):
        candidate = BootstrapFewShotWithRandomSearch(
            metric=is_right, max_labeled_demos=demos, num_candidate_programs=CANDIDATES,
            num_threads=1,
        ).compile(
            student, trainset=examples(problem.train), valset=examples(problem.validation),
            restrict={number},
        )  # fmt: skip
        if models.silent:
            break
        if candidate.candidate_programs[0]["score"] > reached:
            best, reached = candidate, candidate.candidate_programs[0]["score"]
    return best


def mipro(problem: Problem, models: Models, student: Program, *, demos: int) -> Program:
    trials = 2 * models.left // len(problem.validation)  # Those drawn again come from its cache.
    demos = min(demos, most_shown(problem))
    search = _DemosOnly(
        metric=is_right, prompt_model=object(), task_model=object(), auto=None, seed=problem.seed,
        num_candidates=max(4, trials // 2), max_labeled_demos=demos, num_threads=1,
    )  # fmt: skip
    return search.compile(
        student, trainset=examples(problem.train), valset=examples(problem.validation),
        num_trials=trials, minibatch=False,
    )  # fmt: skip


class _DemosOnly(MIPROv2):
    def _propose_instructions(self, program: Any, *_: Any, **__: Any) -> dict[int, list[str]]:
        return {0: [program.predictor.signature.instructions]}
