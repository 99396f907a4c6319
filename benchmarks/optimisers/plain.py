"""The plain loop: propose from the mistakes on the training cases, score the change on validation,
keep the best. No gate, no memory of cases beyond the last answers; it goes on until its calls are
used up."""

from nlu_shared.schemas.prompts import PromptContent

from benchmarks.optimisers.data import Round
from benchmarks.optimisers.door import Door
from benchmarks.optimisers.proposing import Proposals, divided

MOST_PROPOSALS = 500


def improved(given: Round, door: Door) -> PromptContent:
    train, validation = divided(given)
    proposals = Proposals(given, door)
    best = given.task.baseline()
    reached = door.book(best, validation).scored(given.task).objective
    learned = door.book(best, train)
    for _ in range(MOST_PROPOSALS):
        if door.left <= 0:
            break
        candidate = proposals.next(best, learned)
        score = door.book(candidate, validation).scored(given.task).objective
        if score > reached:
            best, reached = candidate, score
            if door.left > 0:
                learned = learned.updated(door.book(best, train[: door.left]))
    return best
