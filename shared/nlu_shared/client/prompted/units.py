"""What units are to run, remembered for a while: bounded, and pure but for its memory.

In an experiment each unit has an answer of its own; where there is none, one answer is for all.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from nlu_shared.client.prompted.served import ServedPrompt
from nlu_shared.schemas.registry import ActivePrompt

MOST_UNITS, MOST_PROMPTS = 10_000, 4
"""The least recently asked units are forgotten, and asked anew; of answers, which units share,
those are named to induction that it may well give again."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Units that get the same share it. `is_for_all`: no experiment parts units."""

    prompt: ServedPrompt
    etag: str
    is_for_all: bool


def answer_of(active: ActivePrompt, etag: str, prompt: ServedPrompt) -> Answer:
    is_parted = active.assigned is not None and active.assigned.experiment_id is not None
    return Answer(prompt, etag, is_for_all=not is_parted)


class Units:
    """Times are seconds of the caller's clock; an answer is fresh for `seconds`."""

    def __init__(self, *, seconds: float, most: int = MOST_UNITS) -> None:
        self._seconds = seconds
        self._most = most
        self._of: OrderedDict[str, tuple[Answer, float]] = OrderedDict()
        self._for_all: tuple[Answer, float] | None = None
        self._recent: OrderedDict[str, Answer] = OrderedDict()

    def fresh(self, unit: str, now: float) -> ServedPrompt | None:
        """None where induction is to be asked."""
        answer, since = self._for_all or self._of.get(unit) or (None, now)
        return answer.prompt if answer is not None and now - since < self._seconds else None

    def last(self, unit: str) -> ServedPrompt | None:
        """However long ago it was heard."""
        heard = self._for_all or self._of.get(unit)
        return None if heard is None else heard[0].prompt

    def recent(self) -> Mapping[str, Answer]:
        """By their ETags."""
        return dict(self._recent)

    def hear(self, unit: str, answer: Answer, now: float) -> None:
        """An answer for all ends what single units had: nobody keeps a candidate that was rolled
        back."""
        if answer.etag:
            self._recent.pop(answer.etag, None)
            self._recent[answer.etag] = answer
        if len(self._recent) > MOST_PROMPTS:
            self._recent.popitem(last=False)
        if answer.is_for_all:
            self._for_all = answer, now
            self._of.clear()
            return
        self._for_all = None
        self._of.pop(unit, None)
        self._of[unit] = answer, now
        if len(self._of) > self._most:
            self._of.popitem(last=False)
