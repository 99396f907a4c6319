"""The plain loop: propose from the mistakes on the training cases, score the change on validation,
keep the best. No gate, no memory of cases beyond the last answers; it goes on until its calls are
used up."""

from nlu_shared.schemas.prompts import PromptContent

from benchmarks.optimisers.data import Round
from benchmarks.optimisers.metered import MeteredModel
from benchmarks.optimisers.proposing import Proposals, divided

MOST_PROPOSALS = 500


def improved(given: Round, model: MeteredModel) -> PromptContent:
    train, validation = divided(given)
    proposals = Proposals(given, model)
    best = given.task.baseline()
    reached = model.evaluate(best, validation).scored(given.task).objective
    learned = model.evaluate(best, train)
    for _ in range(MOST_PROPOSALS):
        if model.left <= 0:
            break
        candidate = proposals.next(best, learned)
        score = model.evaluate(candidate, validation).scored(given.task).objective
        if score > reached:
            best, reached = candidate, score
            if model.left > 0:
                learned = learned.updated(model.evaluate(best, train[: model.left]))
    return best
