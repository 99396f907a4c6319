"""Which labels a reviewer is offered, and in which order. Pure."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nlu_shared.schemas.labels import LabelSet, spelling
from nlu_shared.schemas.predictions import Prediction

KEYS = 9
"""That give a label at once; the others are found by typing."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A label, what falls under it, and how sure the model was of it; None: it did not say.

    `number` is the key that gives it, whatever the model thought of it, so that a hand learns it:
    its place in the task's set, or what `keys` gave it; None beyond the last key."""

    label: str
    description: str
    confidence: float | None
    is_predicted: bool
    number: int | None


def offered(
    prediction: Prediction,
    known: LabelSet,
    *,
    answered: Sequence[str] = (),
    kept: Sequence[str] = (),
    hides_answer: bool,
) -> list[Choice]:
    """The task's labels, what the model thought of first; where nobody defined them, the model's
    own words are as good. A reviewer who is not to see the answer gets the task's order.

    known: the task's set.
    answered: what the model answers of this task, by the set's name where it has one; counts where
        nobody defined the set.
    kept: the keys of labels that nobody defined, as `keys` gave them.
    """
    described = {one.name: one.description for one in known.labels}
    guesses = {} if hides_answer else _guesses(prediction, known)
    likely = [name for name in guesses if name in known.names or not known.version]
    predicted = next(iter(guesses), None)
    others: Sequence[str] = known.names
    numbers = {name: number for number, name in enumerate(known.names[:KEYS], start=1)}
    if not known.version:
        others = tuple({*known.names, *_read(answered, known)})
        numbers = _numbers((*likely, *others), kept)
        others = sorted(others, key=lambda name: (numbers.get(name, KEYS + 1), name))
    return [
        Choice(
            name, described.get(name, ""), guesses.get(name), name == predicted, numbers.get(name)
        )
        for name in dict.fromkeys((*likely, *others))
    ]


def keys(known: LabelSet, answered: Sequence[str], kept: Sequence[str]) -> tuple[str, ...]:
    """Which label each key gives where nobody defined the set, as marks, the first key first: who
    has a key keeps it, and the next label gets the next free one. Approved labels come first, so
    that what the model makes up takes no key from them."""
    names = (*known.names, *sorted(_read(answered, known)[:KEYS]))
    return tuple(dict.fromkeys((*kept, *map(_mark, names))))[:KEYS]


def is_new(label: str | None, known: LabelSet) -> bool:
    """Whether a truth would be new in the task's set."""
    if label is None or not known.version:
        return False
    return known.spellings.get(spelling(label)) not in known.names


def _numbers(names: Iterable[str], kept: Sequence[str]) -> dict[str, int]:
    places = {mark: number for number, mark in enumerate(kept, start=1)}
    return {name: places[_mark(name)] for name in names if _mark(name) in places}


def _mark(name: str) -> str:
    """A label in six letters, for a cookie."""
    return hashlib.sha256(name.encode()).hexdigest()[:6]


def _read(answers: Sequence[str], known: LabelSet) -> list[str]:
    spelled = filter(None, map(spelling, answers))
    return [known.spellings.get(one, one) for one in spelled]


def _guesses(prediction: Prediction, known: LabelSet) -> dict[str, float | None]:
    """By label, the answer first and the others by confidence."""
    others = sorted(prediction.secondary_intents, key=lambda one: -one.confidence)
    guesses = [(prediction.predicted_intent, prediction.confidence)]
    guesses += [(one.intent, one.confidence) for one in others]
    named: dict[str, float | None] = {}
    for intent, confidence in guesses:
        spelled = spelling(intent)
        if spelled:
            named.setdefault(known.spellings.get(spelled, spelled), confidence)
    return named
