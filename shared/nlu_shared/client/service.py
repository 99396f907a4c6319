"""What a backend calls: classify a message and log what was said, then log how the work ended.

Logging never fails the caller; how hard it tries is the transport's business.
"""

import asyncio
import contextvars
import inspect
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, fields
from functools import partial
from typing import Any, Self, TypeGuard
from uuid import UUID

from nlu_shared.client.classification import (
    Classification,
    classification_of,
    index_of,
    loggable,
    prediction_of,
    unread,
)
from nlu_shared.client.transport import Transport
from nlu_shared.ids import uuid7
from nlu_shared.schemas.predictions import INTENT, OutcomeIn

log = logging.getLogger(__name__)
ENDINGS = (StopIteration, GeneratorExit, asyncio.CancelledError)
"""What a coroutine takes for its own end. From a function they are mistakes, and reach the caller
as RuntimeError, as PEP 479 has it for generators."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NLUResult(Classification):
    """The classification, and the id under which it is logged.

    Where a classifier's answer could not be read, `intent` is empty and `output` is that answer.
    """

    log_id: UUID


Answer = Classification | dict[str, Any] | tuple[Any, ...]
Classifier = Callable[[str], Any | Awaitable[Any]]
"""From a message to an Answer: a Classification, a dict of its fields, or a tuple of intent,
confidence and secondary intents. One that is not a coroutine runs in a worker thread."""


class NLUService:
    """A classifier whose every answer is logged."""

    def __init__(self, classifier: Classifier, transport: Transport, *, task: str = INTENT) -> None:
        self._classifier = classifier
        self._transport = transport
        self._task = task
        self._unloggable = 0
        self._left_out: set[str] = set()

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
        message: str,
        user_id: UUID | str | None = None,
        conversation_id: UUID | str | None = None,
        message_index: int | None = None,
    ) -> NLUResult:
        """Classifies and logs. Raises only what the classifier raises."""
        return await self._processed(
            self._classifier, message, user_id, conversation_id, message_index
        )

    async def _processed(
        self,
        classifier: Classifier,
        message: str,
        user_id: object,
        conversation_id: object,
        message_index: int | None,
    ) -> NLUResult:
        log_id = uuid7()
        started = time.perf_counter()
        answer = await _classified(classifier, message)
        milliseconds = (time.perf_counter() - started) * 1000
        if (classification := classification_of(answer)) is None:
            self._unloggable += 1
            return _result(log_id, unread(answer))
        prediction = prediction_of(
            classification,
            id=log_id,
            known=self._left_out,
            user_id=user_id,
            task=self._task,
            prompt=message,
            conversation_id=conversation_id,
            message_index=index_of(message_index),
            latency_ms=milliseconds,
        )
        await self._keep(self._transport.log(prediction) if prediction else None)
        return _result(log_id, classification)

    async def update_workflow_outcome(
        self,
        log_id: UUID | str,
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
        known = _uuid(log_id)
        await self._keep(self._transport.outcome(known, outcome) if outcome and known else None)

    async def _keep(self, sending: Awaitable[None] | None) -> None:
        """Counts what there was nothing to send of, and what a transport broke its promise on."""
        try:
            if sending:
                await sending
                return
        except Exception as error:  # noqa: BLE001 - no log is worth its caller
            log.error("transport raised error=%s", type(error).__name__)
        self._unloggable += 1


async def _classified(classifier: Classifier, message: str) -> object:
    answer: object
    if inspect.iscoroutinefunction(classifier):
        answer = classifier(message)
    else:
        answer = await _in_thread(classifier, message)
    return await answer if _is_awaitable(answer) else answer


def _is_awaitable(answer: object) -> TypeGuard[Awaitable[object]]:
    try:
        return isinstance(answer, Awaitable)
    except Exception:  # noqa: BLE001 - an object that does not say what it is
        return False


async def _in_thread(function: Callable[[str], object], message: str) -> object:
    """In a worker thread; where there is none to be had, as when the interpreter ends, here."""
    work = partial(contextvars.copy_context().run, _attempt, function, message)
    try:
        future = asyncio.get_running_loop().run_in_executor(None, work)
    except RuntimeError:
        answer, error = _attempt(function, message)
    else:
        answer, error = await future
    if isinstance(error, ENDINGS):
        raise RuntimeError(f"the classifier raised {type(error).__name__}") from error
    if error is not None:
        raise error
    return answer


def _attempt(
    function: Callable[[str], object], message: str
) -> tuple[object, BaseException | None]:
    """What it returned or raised, as a value: a future refuses to carry a StopIteration."""
    try:
        return function(message), None
    except BaseException as error:  # noqa: BLE001 - raised to the caller
        return None, error


def _result(log_id: UUID, classification: Classification) -> NLUResult:
    values = {one.name: getattr(classification, one.name) for one in fields(Classification)}
    return NLUResult(log_id=log_id, **values)


def _uuid(log_id: object) -> UUID | None:
    try:
        return UUID(str(log_id))
    except ValueError:
        log.error("outcome without the id of a prediction")
        return None
