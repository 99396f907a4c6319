"""What a backend calls: classify a message and log what was said, then log how the work ended.

Logging never fails the caller; how hard it tries is the transport's business.
"""

import asyncio
import inspect
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Self, TypeVar
from uuid import UUID

from pydantic import JsonValue, ValidationError

from nlu_shared.client.transport import Transport
from nlu_shared.ids import uuid7
from nlu_shared.schemas.predictions import INTENT, OutcomeIn, PredictionIn, SecondaryIntent

log = logging.getLogger(__name__)
Fact = TypeVar("Fact", PredictionIn, OutcomeIn)


@dataclass(frozen=True, slots=True, kw_only=True)
class Classification:
    """What a classifier says about one message. `confidence` is from 0 to 1."""

    intent: str
    confidence: float
    secondary_intents: Sequence[SecondaryIntent] = ()
    output: JsonValue = None
    model_version: str | None = None
    prompt_version: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NLUResult(Classification):
    """The classification, and the id under which it is logged."""

    log_id: UUID


Classifier = Callable[[str], Classification | Awaitable[Classification]]
"""From a message to its classification. One that is not a coroutine runs in a worker thread."""


class NLUService:
    """A classifier whose every answer is logged."""

    def __init__(self, classifier: Classifier, transport: Transport, *, task: str = INTENT) -> None:
        self._classifier = classifier
        self._transport = transport
        self._task = task
        self._unloggable = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        await self._transport.close()

    @property
    def dropped(self) -> int:
        """Facts that never reached the log: undeliverable, refused, or not loggable at all."""
        return self._transport.dropped + self._unloggable

    async def process_message(
        self,
        *,
        message: str,
        user_id: UUID | str | None = None,
        conversation_id: UUID | str | None = None,
        message_index: int | None = None,
    ) -> NLUResult:
        """Classifies and logs. Raises only what the classifier raises."""
        log_id = uuid7()
        started = time.perf_counter()
        classification = await self._classify(message)
        milliseconds = (time.perf_counter() - started) * 1000
        prediction = prediction_of(
            classification,
            id=log_id,
            user_id=user_id,
            task=self._task,
            prompt=message,
            conversation_id=conversation_id,
            message_index=message_index,
            latency_ms=milliseconds,
        )
        if prediction is None:
            self._unloggable += 1
        else:
            await self._transport.log(prediction)
        return NLUResult(log_id=log_id, **asdict(classification))

    async def update_workflow_outcome(
        self,
        *,
        log_id: UUID,
        was_successful: bool,
        workflow_type: str | None = None,
        execution_error: str | None = None,
    ) -> None:
        """Logs how the work ended that followed the prediction `log_id`. Never raises."""
        outcome = loggable(
            OutcomeIn,
            log_id,
            was_successful=was_successful,
            workflow_type=workflow_type,
            execution_error=execution_error,
        )
        if outcome is None:
            self._unloggable += 1
        else:
            await self._transport.outcome(log_id, outcome)

    async def _classify(self, message: str) -> Classification:
        classification: Classification | Awaitable[Classification]
        if inspect.iscoroutinefunction(self._classifier):
            classification = self._classifier(message)
        else:
            classification = await asyncio.to_thread(self._classifier, message)
        return await classification if isinstance(classification, Awaitable) else classification


def prediction_of(
    classification: Classification, *, id: UUID, **values: object
) -> PredictionIn | None:
    """What was classified, with what else is known of it; None where no log would take it."""
    return loggable(
        PredictionIn,
        id,
        id=id,
        predicted_intent=classification.intent,
        confidence=classification.confidence,
        secondary_intents=list(classification.secondary_intents),
        output=classification.output,
        model_version=classification.model_version,
        prompt_version=classification.prompt_version,
        **values,
    )


def loggable(schema: type[Fact], log_id: UUID, /, **values: object) -> Fact | None:
    """The fact as the log takes it, or None and a line that holds no user text."""
    try:
        return schema.model_validate(values)
    except ValidationError as error:
        places = sorted({str(one["loc"][0]) for one in error.errors() if one["loc"]})
        log.error("%s not loggable log_id=%s fields=%s", schema.__name__, log_id, places)
        return None
