"""From a message to a classification by the prompt that serves."""

import asyncio

from nlu_shared.client.classification import Classification
from nlu_shared.client.prompted.model import MessagesApi, ModelFailed
from nlu_shared.client.prompted.served import ServedPrompt
from nlu_shared.client.prompted.source import PromptSource
from nlu_shared.client.service import NLUService
from nlu_shared.client.transport import Transport
from nlu_shared.environment import given
from nlu_shared.rendering import ModelRequest, read, render_parts
from nlu_shared.schemas.ground_truth import Context
from nlu_shared.schemas.prompts import TaskKind
from nlu_shared.schemas.rendered import RenderedPrompt

MODEL = "NLU_MODEL"


class PromptedClassifier:
    """`model` is asked instead of the one the prompt was measured with; NLU_MODEL is asked where
    neither is known."""

    def __init__(self, source: PromptSource, api: MessagesApi, *, model: str | None = None) -> None:
        self.source = source
        self._api = api
        self._model = model

    async def classify(self, message: str, context: Context | None = None) -> Classification:
        """One call. The id of the prompt's version goes with the answer; a model that names no
        confidence has none: it counts as 0. Raises NoPrompt and ModelFailed."""
        prompt = await self.source.current()
        classification, _ = await asyncio.gather(
            self._answer(prompt, message, context), self.source.refresh()
        )
        return classification

    async def close(self) -> None:
        await self.source.close()
        await self._api.close()

    async def _answer(
        self, prompt: ServedPrompt, message: str, context: Context | None
    ) -> Classification:
        model = self._model or prompt.model or given(MODEL)
        if model is None:
            raise ModelFailed(f"no model is known for this prompt; {MODEL} can name one")
        try:
            request = await _rendered(prompt.rendered, message, context, model)
        except (TypeError, ValueError, RecursionError):
            raise ModelFailed("the message is no text") from None
        prediction = read(await self._api.complete(request), prompt.answers)
        if prediction.fault is not None:
            raise ModelFailed(f"the model gave no usable answer: {prediction.fault}")
        is_label = prompt.answers.kind is TaskKind.INTENT
        return Classification(
            intent=str(prediction.output) if is_label else prompt.answers.kind.value,
            confidence=prediction.confidence or 0.0,
            output=None if is_label else prediction.output,
            model_version=model,
            prompt_version=prompt.version,
        )


async def _rendered(
    form: RenderedPrompt, message: str, context: Context | None, model: str
) -> ModelRequest:
    """A bank takes a moment to be prepared, and milliseconds to choose from: beside the loop."""
    if form.retrieval is None:
        return render_parts(form, message, context, model=model)
    return await asyncio.to_thread(render_parts, form, message, context, model=model)


class PromptedService(NLUService):
    """A prompt whose every answer is logged."""

    def __init__(self, classifier: PromptedClassifier, transport: Transport, *, task: str) -> None:
        super().__init__(classifier.classify, transport, task=task)
        self._prompted = classifier

    @property
    def fallbacks(self) -> int:
        """How often induction was asked for the prompt in vain, while what was known served."""
        return self._prompted.source.fallbacks

    async def close(self) -> None:
        await self._prompted.close()
        await super().close()
