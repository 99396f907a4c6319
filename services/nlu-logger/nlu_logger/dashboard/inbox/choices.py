"""Which labels a reviewer is offered, and in which order. Pure."""

from dataclasses import dataclass

from nlu_shared.schemas.labels import LabelSet, spelling
from nlu_shared.schemas.predictions import Prediction

KEYS = 9
"""That give a label at once; the others are found by typing."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A label, what falls under it, and how sure the model was of it; None: it did not say.

    `number` is the key that gives it: its place in the task's order, whatever the model thought
    of it, so that a hand learns it; None beyond the last key."""

    label: str
    description: str
    confidence: float | None
    is_predicted: bool
    number: int | None


def offered(prediction: Prediction, known: LabelSet, *, hides_answer: bool) -> list[Choice]:
    """The task's labels, what the model thought of first; where nobody defined them, the model's
    own words are as good. A reviewer who is not to see the answer gets the task's order."""
    described = {one.name: one.description for one in known.labels}
    guesses = {} if hides_answer else _guesses(prediction, known)
    likely = [name for name in guesses if name in known.names or not known.version]
    predicted = next(iter(guesses), None)
    keys = dict(zip(dict.fromkeys((*known.names, *likely)), range(1, KEYS + 1), strict=False))
    return [
        Choice(name, described.get(name, ""), guesses.get(name), name == predicted, keys.get(name))
        for name in dict.fromkeys((*likely, *known.names))
    ]


def _guesses(prediction: Prediction, known: LabelSet) -> dict[str, float | None]:
    """By label, the answer first and the others by confidence."""
    others = sorted(prediction.secondary_intents, key=lambda one: -one.confidence)
    given = [(prediction.predicted_intent, prediction.confidence)]
    given += [(one.intent, one.confidence) for one in others]
    named: dict[str, float | None] = {}
    for intent, confidence in given:
        spelled = spelling(intent)
        if spelled:
            named.setdefault(known.spellings.get(spelled, spelled), confidence)
    return named
