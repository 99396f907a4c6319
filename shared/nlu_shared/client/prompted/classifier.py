"""From a message to a classification by the prompt that serves."""

import asyncio
import logging
from functools import partial
from uuid import UUID

from nlu_shared.client.classification import Classification, ids_with, unit_of
from nlu_shared.client.prompted.endpoints import ModelApis, endpoint_of
from nlu_shared.client.prompted.model import ModelFailed
from nlu_shared.client.prompted.served import ServedPrompt
from nlu_shared.client.prompted.source import PromptSource
from nlu_shared.client.service import NLUResult, NLUService
from nlu_shared.client.transport import Transport
from nlu_shared.environment import variable
from nlu_shared.rendering import ModelPrediction, ModelRequest, Outcome, read, render_parts
from nlu_shared.rendering.vote import vote
from nlu_shared.schemas.endpoints import ModelEndpoint
from nlu_shared.schemas.ground_truth import Context
from nlu_shared.schemas.prompts import TaskKind
from nlu_shared.schemas.rendered import RenderedPrompt

log = logging.getLogger(__name__)
MODEL = "NLU_MODEL"


class PromptedClassifier:
    """`model` is asked instead of the one the prompt was measured with, see `endpoints.instead`;
    NLU_MODEL where neither is known."""

    def __init__(self, source: PromptSource, apis: ModelApis, *, model: str | None = None) -> None:
        self.source = source
        self._apis = apis
        self._model = model

    async def classify(
        self, message: str, context: Context | None = None, *, unit: str | None = None
    ) -> Classification:
        """One call, or of an ensemble one for each member, side by side; in an experiment of the
        version that is the unit's. The id of the version goes with the answer; a model that names
        no confidence has none: it counts as 0. Raises NoPrompt and ModelFailed."""
        prompt = await self.source.current(unit)
        classification, _ = await asyncio.gather(
            self._answer(prompt, message, context), self.source.refresh()
        )
        return classification

    async def close(self) -> None:
        await self.source.close()
        await self._apis.close()

    async def _answer(
        self, prompt: ServedPrompt, message: str, context: Context | None
    ) -> Classification:
        model = self._model or prompt.model or variable(MODEL)
        if model is None:
            raise ModelFailed(f"no model is known for this prompt; {MODEL} can name one")
        endpoint = endpoint_of(prompt, model)
        prediction = await self._predicted(prompt, message, context, endpoint)
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

    async def _predicted(
        self,
        prompt: ServedPrompt,
        message: str,
        context: Context | None,
        endpoint: ModelEndpoint,
    ) -> ModelPrediction:
        """By vote, as it was measured. A member that gives no answer has none, and where none of
        them gives one it is as if there were but one."""
        answers = await asyncio.gather(
            *(self._read(form, prompt, message, context, endpoint) for form in prompt.forms),
            return_exceptions=True,
        )
        failures = [one for one in answers if isinstance(one, BaseException)]
        for failure in failures:
            if len(failures) == len(answers) or not isinstance(failure, ModelFailed):
                raise failure
        predictions = [
            ModelPrediction(fault=Outcome.UNAVAILABLE) if isinstance(one, BaseException) else one
            for one in answers
        ]
        return vote(predictions, prompt.answers.kind)

    async def _read(
        self,
        form: RenderedPrompt,
        prompt: ServedPrompt,
        message: str,
        context: Context | None,
        endpoint: ModelEndpoint,
    ) -> ModelPrediction:
        try:
            request = await _rendered(form, message, context, endpoint.model)
        except (TypeError, ValueError, RecursionError):
            raise ModelFailed("the message is no text") from None
        return read(await self._apis.complete(request, endpoint), prompt.answers)


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
        self._has_warned = False

    async def process_message(
        self,
        message: str,
        user_id: UUID | str | None = None,
        conversation_id: UUID | str | None = None,
        message_index: int | None = None,
        *,
        unit: UUID | str | None = None,
    ) -> NLUResult:
        """Answers, and logs what answered. `unit` is who has a part in experiments: the id of the
        user or the conversation, whichever an experiment counts. It always gets the same version,
        and is logged: as the user or the conversation that it equals, else as the conversation
        where none is given; one that is no UUID as a UUID made of it. A unit that induction would
        not take is as none."""
        chosen = unit_of(unit)
        user, conversation, is_logged = ids_with(chosen, user_id, conversation_id)
        if not is_logged and not self._has_warned:
            self._has_warned = True
            log.warning("unit is neither the user nor the conversation: it is logged nowhere")
        return await self._processed(
            partial(self._prompted.classify, unit=chosen),
            message,
            user,
            conversation,
            message_index,
        )

    @property
    def fallbacks(self) -> int:
        """How often induction was asked for the prompt in vain, while what was known served."""
        return self._prompted.source.fallbacks

    async def close(self) -> None:
        await self._prompted.close()
        await super().close()
