"""Which runs are about logged predictions instead of approved cases. Pure.

A migration by agreement needs texts alone: the old model's answers are its truths.
"""

from nlu_shared.measure.non_inferiority import least_groups
from nlu_shared.schemas.events import Split
from nlu_shared.schemas.runs import RunKind, RunRequest

from induction.engine.data.splits import THREE_SPLITS, VALIDATION_FROM
from induction.engine.verdict.verdict import SIGNIFICANT


def is_about_traffic(request: RunRequest) -> bool:
    """Whether logged predictions are what was ordered."""
    return request.kind is RunKind.REPLAY or request.predictions is not None


def stand_in(request: RunRequest, approved: int, *, logged: int | None = None) -> bool:
    """Whether logged predictions stand in for approved cases: of a migration by agreement that has
    none, or too few for an answer. One that searches prompts needs those it has.

    request: the order.
    approved: cases of the task.
    logged: predictions there are; None: as many as it takes.
    """
    if request.kind is not RunKind.MIGRATE or not request.agreement:
        return False
    if approved and request.optimise:
        return False
    compared = compared_of(approved)
    return compared < least(request) and (logged is None or logged > compared)


def least(request: RunRequest) -> int:
    """Cases that a comparison takes at the least, about."""
    return least_groups(request.margin, SIGNIFICANT / max(1, len(request.to_models)))


def compared_of(approved: int) -> int:
    """How many of the approved cases are set aside, about; few are all asked."""
    if approved < VALIDATION_FROM:
        return approved
    return round(THREE_SPLITS[Split.TEST] * approved)


def remark(request: RunRequest, *, approved: int, logged: int) -> list[str]:
    """What a migration about predictions says of it.

    request: the order.
    approved: cases of the task.
    logged: predictions it is about; 0: none.
    """
    if request.kind is not RunKind.MIGRATE or not logged:
        return []
    why = "as ordered"
    if request.predictions is None:
        why = "since there is no approved case"
    if request.predictions is None and approved:
        why = (
            f"since about {compared_of(approved)} of {approved} approved cases would be compared,"
            f" and it takes {least(request)} at the least"
        )
    return [
        f"The models are compared on the newest {logged} logged predictions, {why}: how often they"
        " answer alike, right or wrong. Their texts are stored nowhere, and answers until its end."
    ]
