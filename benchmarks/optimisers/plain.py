"""The plain loop: propose from the mistakes on the training cases, score the change on validation,
keep the best. No gate, no memory of cases beyond the last answers; it goes on until its calls are
used up."""

from nlu_shared.schemas.prompts import PromptContent

from benchmarks.optimisers.data import Problem
from benchmarks.optimisers.metered import Models
from benchmarks.optimisers.proposing import Proposals

MOST_PROPOSALS = 500


def improved(problem: Problem, models: Models) -> PromptContent:
    task, train, validation = problem.task, problem.train, problem.validation
    proposals = Proposals(problem, models)
    best = problem.baseline
    reached = models.evaluate(best, validation).scored(task).objective
    learned = models.evaluate(best, train)
    for _ in range(MOST_PROPOSALS):
        if models.left <= 0:
            break
        candidate = proposals.next(best, learned)
        score = models.evaluate(candidate, validation).scored(task).objective
        if score > reached:
            best, reached = candidate, score
            if models.left > 0:
                learned = learned.updated(models.evaluate(best, train[: models.left]))
    return best
