"""What several prompts say of one text, together: the rule `majority/1`. Pure.

Whoever measures an ensemble and whoever runs it votes by this function.
"""

from collections.abc import Sequence
from math import fsum

from nlu_shared.rendering import item_votes
from nlu_shared.rendering.answers import ModelPrediction
from nlu_shared.rendering.leniency import Fault
from nlu_shared.schemas.base import canonical
from nlu_shared.schemas.extraction import Extraction
from nlu_shared.schemas.prompts import TaskKind


def vote(predictions: Sequence[ModelPrediction], kind: TaskKind) -> ModelPrediction:
    """One prediction of several, at least one, in the order of the ensemble's members.

    Of an intent the label that most answers have; of several such the one whose answers are surest
    together, then the one that stands first. Its confidence is the mean over all answers, where one
    with another label counts 0. Of an extraction each item that more than half of the answers have,
    each of its fields as most of them have it (see `item_votes`).

    What cannot be used has no vote. Where no more than half of the members can be used nothing is
    decided: a fault.
    """
    usable = [one for one in predictions if one.fault is None]
    if not usable:
        return ModelPrediction(fault=predictions[0].fault)
    if 2 * len(usable) <= len(predictions):
        return ModelPrediction(fault=Fault.NO_MAJORITY)
    first = usable[0]
    if len({(canonical(one.output), one.confidence) for one in usable}) == 1:
        return ModelPrediction(first.output, first.confidence)
    if kind is TaskKind.EXTRACTION:
        read = [Extraction.model_validate(one.output) for one in usable]
        return ModelPrediction(item_votes.elected(read))
    return _label(usable)


def _label(usable: Sequence[ModelPrediction]) -> ModelPrediction:
    by_label: dict[str, list[ModelPrediction]] = {}
    for one in usable:
        by_label.setdefault(str(one.output), []).append(one)
    label, votes = max(by_label.items(), key=lambda named: (len(named[1]), _sureness(named[1])))
    without = sum(one.confidence is None for one in votes)
    if without == len(votes):
        return ModelPrediction(label)
    return ModelPrediction(label, _sureness(votes) / (len(usable) - without))


def _sureness(votes: Sequence[ModelPrediction]) -> float:
    """Exactly rounded, so that no order of the votes changes it."""
    return fsum(one.confidence or 0.0 for one in votes)
