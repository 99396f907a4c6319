"""An NLU backend as a team would write one: asks for its prompt, and runs it on its model."""

from datetime import UTC, datetime
from decimal import Decimal

from induction.llm import prices
from induction.llm.adapters.models import Answering
from induction.llm.prices import SHIPPED
from induction.task_kinds.base import ModelPrediction, Task
from nlu_shared.client import Classification, NLUResult
from nlu_shared.rendering import render_parts
from nlu_shared.schemas.prompts import TaskKind
from nlu_shared.schemas.rendered import RenderedPrompt

UNANSWERED = "unanswered"
"""Logged where the model said nothing usable; no label of any task the demo makes."""


class Backend:
    """A classifier, and what its calls came to: `calls` sent, `notional_usd` at list price."""

    def __init__(
        self, task: Task, prompt: RenderedPrompt, version: str, *, model: str, models: Answering
    ) -> None:
        self.calls = 0
        self.notional_usd = Decimal(0)
        self._task = task
        self._prompt, self._version = prompt, version
        self._model = model
        self._models = models

    async def classify(self, text: str) -> Classification:
        """One call. A model that names no confidence has none to log: it counts as 0."""
        request = render_parts(self._prompt, text, model=self._model)
        answer = await self._models.complete(request)
        self.calls += answer.attempts
        today = datetime.now(UTC).date()
        if prices.is_known(self._model, today, SHIPPED):
            listed = prices.charge(request, answer.usage, today, SHIPPED)
            if listed is None:
                listed = prices.upper_bound(request, today, SHIPPED)
            self.notional_usd += listed
        prediction = self._task.parse(answer)
        label = prediction.output if isinstance(prediction.output, str) else self._task.kind.value
        return Classification(
            intent=label if prediction.fault is None else UNANSWERED,
            output=None if isinstance(prediction.output, str) else prediction.output,
            confidence=prediction.confidence or 0.0,
            model_version=self._model,
            prompt_version=self._version,
        )


def prediction_of(result: NLUResult, task: Task) -> ModelPrediction:
    """The logged answer as the task's scorer takes it."""
    if result.intent == UNANSWERED:
        return ModelPrediction(fault=UNANSWERED)
    is_label = task.kind is TaskKind.INTENT
    return ModelPrediction(output=result.intent if is_label else result.output)
