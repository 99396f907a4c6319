"""A decorator for a backend that has its own classify function and wants it logged, unchanged."""

import functools
import inspect
import logging
import time
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any, ParamSpec, TypeVar, cast
from uuid import UUID

from nlu_shared.client.classification import classification_of, prediction_of
from nlu_shared.client.spool import Spool
from nlu_shared.ids import uuid7
from nlu_shared.schemas.predictions import INTENT, PredictionIn

log = logging.getLogger(__name__)
Call = ParamSpec("Call")
Result = TypeVar("Result")
_last: ContextVar[UUID | None] = ContextVar("last_log_id", default=None)


def last_log_id() -> UUID | None:
    """The id of the newest prediction logged in this thread or task, for its outcome."""
    return _last.get()


def logged(
    spool: Spool,
    *,
    task: str = INTENT,
    read: Callable[[Any], object] = lambda result: result,
) -> Callable[[Callable[Call, Result]], Callable[Call, Result]]:
    """Logs every answer of a function, sync or async, whose first argument is the message.

    `read` makes a Classification, a dict or a tuple of the answer where it is none. The answer,
    and whatever the function raises, are the caller's as before; what cannot be logged is told in
    one line.
    """

    left_out: set[str] = set()

    def wrap(function: Callable[Call, Result]) -> Callable[Call, Result]:
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def later(*args: Call.args, **kwargs: Call.kwargs) -> Any:
                started = time.perf_counter()
                result = await cast(Awaitable[Any], function(*args, **kwargs))
                if prediction := made(result, args, kwargs, started):
                    await spool.log(prediction)
                return result

            return cast(Callable[Call, Result], later)

        @functools.wraps(function)
        def at_once(*args: Call.args, **kwargs: Call.kwargs) -> Result:
            started = time.perf_counter()
            result = function(*args, **kwargs)
            if prediction := made(result, args, kwargs, started):
                spool.blocking.log(prediction)
            return result

        return at_once

    def made(
        result: Any, args: tuple[object, ...], kwargs: dict[str, object], started: float
    ) -> PredictionIn | None:
        milliseconds = (time.perf_counter() - started) * 1000
        log_id = uuid7()
        try:
            message = args[0] if args else next(iter(kwargs.values()))
            classification = classification_of(read(result))
            prediction = None
            if classification:
                prediction = prediction_of(
                    classification,
                    id=log_id,
                    known=left_out,
                    task=task,
                    prompt=message,
                    latency_ms=milliseconds,
                )
        except Exception as error:  # noqa: BLE001 - the answer is worth more than its log
            log.error("answer not loggable error=%s", type(error).__name__)
            return None
        _last.set(log_id if prediction else None)
        return prediction

    return wrap
