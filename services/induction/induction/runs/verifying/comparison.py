"""The engine's three questions answered from what a finished run has written down. Pure.

A worker that goes on with a run answers from the same rows and asks for what is missing
(`runtime`); here nothing is asked for and nothing recorded, so whatever is missing is a difference.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nlu_shared.schemas.events import EvaluationProgress, RunFinished
from pydantic import JsonValue

from induction.engine.inbox import Inbox
from induction.engine.runtime import Call, Event
from induction.llm.accounting.flights import Key
from induction.task_kinds.base import ModelAnswer

Body = Mapping[str, JsonValue]
IN_THE_ROW: Mapping[tuple[str, str], str] = {
    ("verdict_reached", "verdict"): "verdict",
    ("cross_validated", "verdict"): "cross_validation",
    ("errors_analysed", "error_analysis"): "error_analysis",
    ("run_finished", "final_f1"): "final_f1",
    ("run_finished", "status"): "status",
}
"""What of an event stands in the run's row too, in which column."""


class Differs(Exception):
    """Event number `n` is not what was recorded; None where one side has none."""

    def __init__(
        self, n: int, recorded: Body | None, replayed: Body | None, reason: str | None = None
    ) -> None:
        super().__init__(f"event {n} differs")
        self.n, self.recorded, self.replayed, self.reason = n, recorded, replayed, reason


class AnswerGone(Exception):
    """What the run was answered has been taken out of its ledger since."""


class CutShort(Exception):
    """The run was ended here by its worker, before its engine came to the next event."""


@dataclass(slots=True)
class Replay:
    """Raises Differs, Gone or CutShort through the engine.

    answers: of the run's ledger; None where an answer is no longer kept.
    readings: of its inbox, by step.
    recorded: its events by number, as stored.
    last: the number of its last event.
    cancelled: whether an operator ended it.
    """

    answers: Mapping[Key, ModelAnswer | None]
    readings: Mapping[int, Inbox]
    recorded: Mapping[int, dict[str, Any]]
    last: int
    cancelled: bool
    events: int = field(default=0, init=False)

    @property
    def ended_by_worker(self) -> bool:
        """Whether the last event is a worker's: an engine's names the best prompt."""
        body = self.recorded.get(self.last, {})
        is_end = body.get("type") == "run_finished" and body.get("best_hash") is None
        return is_end and body.get("status") in ("cancelled", "failed")

    @property
    def at_the_cut(self) -> bool:
        """Whether nothing but its worker's word is left."""
        return self.ended_by_worker and self.events == self.last - 1

    async def ask(self, calls: Sequence[Call], ahead: Sequence[Call] = ()) -> list[ModelAnswer]:
        keys = [(one.request.key, one.sample) for one in calls]
        if unknown := [
            one for one, key in zip(calls, keys, strict=True) if key not in self.answers
        ]:
            raise self._stray(f"asks what its ledger does not hold: {_named(unknown)}")
        answers = [self.answers[key] for key in keys]
        kept = [one for one in answers if one is not None]
        if len(kept) < len(answers):
            raise AnswerGone
        return kept

    async def inbox(self, step: int, needs: int = 0) -> Inbox:
        if step not in self.readings:
            raise self._stray("reads its inbox once more than the run did")
        return self.readings[step]

    async def tell(self, event: Event) -> None:
        if isinstance(event, EvaluationProgress):
            return
        # A worker's end stands where the engine would have gone on; past the engine's own last
        # word only somebody who cancelled can have come.
        if self.at_the_cut and (self.cancelled or not isinstance(event, RunFinished)):
            raise CutShort
        n = self.events + 1
        recorded, replayed = self.recorded.get(n), event.model_dump(mode="json")
        if recorded != replayed:
            raise Differs(n, recorded, replayed)
        self.events = n

    def require_end(self) -> None:
        """Raises Differs where more was recorded than the engine has said."""
        if self.events < self.last:
            raise self._stray("ends before the run did")

    def require_row(self, row: Body) -> None:
        """Raises Differs where the run's row says something else than the last event of which it is
        the projection."""
        newest = {body["type"]: (n, body) for n, body in sorted(self.recorded.items())}
        for (type_, field_), column in IN_THE_ROW.items():
            n, body = newest.get(type_, (self.last, {}))
            if row[column] != body.get(field_):
                reason = "The run's row does not say what its event says."
                raise Differs(n, {column: row[column]}, {column: body.get(field_)}, reason)

    def _stray(self, reason: str) -> Exception:
        if self.at_the_cut:
            return CutShort()
        n = self.events + 1
        return Differs(n, self.recorded.get(n), None, f"The engine {reason}.")


def _named(calls: Sequence[Call]) -> str:
    """Without a text: the first of them as the ledger would have it, and how many more."""
    first = calls[0]
    more = f", and {len(calls) - 1} more" if len(calls) > 1 else ""
    return (
        f"a call of {first.request.model} ({first.purpose}, sample {first.sample}, key"
        f" {first.request.key}){more}"
    )
