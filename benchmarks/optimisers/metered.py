"""The one way to the task model: every method comes through here and is counted here.

The model is the shipped offline one, called in the process, or another (`Answering`). A call
counts when the model answers; with `cached` an equal question is answered from memory and costs
nothing, as our ledger and dspy's cache have it. When the calls are used up, the model says no more,
and says so.
"""

import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

from induction.engine.evaluation.results import EvalResults, judge
from induction.task_kinds.base import Case, ModelAnswer, ModelRequest, Outcome, Task
from nlu_shared.rendering import render_parts, rendered
from nlu_shared.schemas.prompts import PromptContent
from offline_model import proposer, wire
from offline_model.answers import answer
from offline_model.chance import draw, noisy
from offline_model.settings import OfflineSettings

MODEL = "claude-haiku-5-5"
UNLIMITED = 1_000_000
Answering = Callable[[ModelRequest, int], ModelAnswer]
"""A request and the number of its sample in, an answer out."""


class Models(Protocol):
    """What a peer may ask. `left` are the calls it has left; `silent` says that a question went
    unanswered."""

    @property
    def left(self) -> int: ...

    @property
    def silent(self) -> bool: ...

    def evaluate(self, prompt: PromptContent, cases: Sequence[Case]) -> EvalResults:
        """A result for each of the cases, in their order; without an answer it is wrong."""

    def propose(self, request: ModelRequest, sample: int = 0) -> ModelAnswer: ...


class MeteredModel:
    """`calls` are answers of the task model, `proposals` those of the proposer, of which a share
    of `useless` change nothing worth having. `silent` says that a question went unanswered; without
    `budget` none does. `answering` is the task model: None the offline one, with that noise."""

    def __init__(
        self,
        task: Task,
        *,
        budget: int | None = None,
        noise: float = 0.0,
        useless: float = 0.0,
        cached: bool = False,
        answering: Answering | None = None,
    ) -> None:
        self.task = task
        self.calls = self.proposals = 0
        self.silent = False
        self._budget, self._useless = budget, useless
        self._answering = answering or partial(_offline, OfflineSettings(noise=noise))
        self._known: dict[tuple[str, int], ModelAnswer] | None = {} if cached else None

    @property
    def left(self) -> int:
        """Calls until the model falls silent."""
        return UNLIMITED if self._budget is None else self._budget - self.calls

    def evaluate(self, prompt: PromptContent, cases: Sequence[Case]) -> EvalResults:
        """What the prompt answers to the cases; those past the budget count as wrong."""
        results, form = {}, rendered(prompt, self.task.answers)
        for case in cases:
            answer = self.ask(render_parts(form, case.text, model=MODEL))
            results[case.id] = judge(self.task, case, self.task.parse(answer))
        return EvalResults(results)

    def ask(self, request: ModelRequest, sample: int = 0) -> ModelAnswer:
        key = request.key, sample
        if self._known is not None and key in self._known:
            return self._known[key]
        if self.left <= 0:
            self.silent = True
            return ModelAnswer(Outcome.OVER_BUDGET)
        self.calls += 1
        answered = self._answering(request, sample)
        if self._known is not None:
            self._known[key] = answered
        return answered

    def propose(self, request: ModelRequest, sample: int = 0) -> ModelAnswer:
        self.proposals += 1
        if draw("useless", request.key, sample) < self._useless:
            return ModelAnswer(Outcome.OK, _useless(self.proposals))
        return ModelAnswer(Outcome.OK, proposer.answer(request.user, request.schema))


def _offline(settings: OfflineSettings, request: ModelRequest, sample: int) -> ModelAnswer:
    disturb = partial(noisy, settings, f"{request.key}/{sample}")
    return ModelAnswer(Outcome.OK, answer(_on_the_wire(request), disturb))


def _on_the_wire(request: ModelRequest) -> wire.MessagesRequest:
    return wire.MessagesRequest(
        model=request.model,
        max_tokens=request.max_tokens,
        messages=[wire.Turn(role="user", content=request.user)],
        system=[wire.TextBlock(type="text", text=text) for text in request.system],
        output_config=wire.OutputConfig(
            format=wire.JsonFormat(type="json_schema", schema=dict(request.schema))
        ),
    )


def _useless(number: int) -> str:
    """A valid change that tells the model nothing."""
    return json.dumps(
        {
            "strategy": "B",
            "rationale": "It asks for care.",
            "edits": [
                {"op": "add_block", "block": f"care_{number}", "text": f"Take care {number} times."}
            ],
        }
    )
