"""A task model of which it is known how well it does with how many examples, whatever they say."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from induction.engine.plan import Plan
from induction.engine.runtime import Call
from induction.task_kinds.base import ModelAnswer, ModelRequest, Outcome, Usage
from nlu_shared.rendering import request_tokens
from nlu_shared.rendering.bm25 import HEADING
from nlu_shared.rendering.prompt import EXAMPLES_HEADING

from tests.induction.engine.runtimes import Recording

Kind = TypeVar("Kind")


def of_kind(events: Sequence[object], kind: type[Kind]) -> list[Kind]:
    return [event for event in events if isinstance(event, kind)]


def opened(plan: Plan) -> Plan:
    return replace(plan, tries_ladder=True)


def by_number(chances: dict[int, float]) -> Callable[[list[dict[str, str]]], float]:
    """The chance of the largest number of examples that is shown or surpassed."""
    return lambda shown: chances[max(most for most in chances if most <= len(shown))]


def shown_in(request: ModelRequest) -> list[dict[str, str]]:
    """The examples of a request, in their order; of those chosen for its text `chosen` is said."""
    shown: list[dict[str, str]] = []
    for heading, more in ((EXAMPLES_HEADING, {}), (HEADING, {"chosen": "yes"})):
        parts = [part for part in request.system if part.startswith(heading)]
        shown += [{**json.loads(line), **more} for part in parts for line in part.splitlines()[1:]]
    return shown


class Habit(Recording):
    """Answers right with a chance that depends on the examples alone; the proposer says nothing.

    Whatever it is asked, a case that is answered right with one chance is so with any higher one;
    with `new_luck` not so where examples are shown.
    `scale`: tokens it says it took, for one of the estimate.
    """

    def __init__(
        self,
        plan: Plan,
        chance: Callable[[list[dict[str, str]]], float],
        *,
        scale: float = 1.0,
        new_luck: bool = False,
    ) -> None:
        super().__init__()
        self._truths = {case.text: str(case.truth) for case in plan.cases}
        self._labels = sorted(set(self._truths.values()))
        self._chance, self._scale, self._new_luck = chance, scale, new_luck
        self.sent: list[Call] = []

    async def ask(self, calls: Sequence[Call], ahead: Sequence[Call] = ()) -> list[ModelAnswer]:
        self.sent += calls
        return [
            self._answer(call.request) if call.purpose == "task" else ModelAnswer(Outcome.REFUSED)
            for call in calls
        ]

    def _answer(self, request: ModelRequest) -> ModelAnswer:
        text, shown = json.loads(request.user)["text"], shown_in(request)
        name = f"{text} {bool(shown)}" if self._new_luck else text
        lot = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4]) / 2**32
        label = self._truths[text]
        if lot >= self._chance(shown):
            label = self._labels[self._labels.index(label) - 1]
        tokens = round(self._scale * request_tokens(request))
        answer = json.dumps({"label": label, "confidence": 0.9})
        return ModelAnswer(Outcome.OK, answer, Usage(input_tokens=tokens))
