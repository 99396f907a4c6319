"""What came back for a call, whatever it was: an answer, or a typed failure. Pure and total.

Nothing a provider sends raises here. What is no message is a `Failure` that `retry` decides about;
a message whose text is not the JSON that was asked for is an outcome of the model, charged by its
usage; one whose usage says nothing that can be believed has none, and is charged at its bound. No
word of the provider's goes further than this file, but its status and codes that are known.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from nlu_shared.rendering import answers
from nlu_shared.rendering.answers import ModelAnswer

from induction.llm.retry import SPEND_LIMITS, Failure, Kind

Reading = Callable[[Any], ModelAnswer | None]


def read_message(status: int, headers: Mapping[str, str], body: bytes) -> ModelAnswer | Failure:
    """What a provider of the Messages API answers, whatever it is."""
    return _read(status, headers, body, answers.read_message)


def read_completion(status: int, headers: Mapping[str, str], body: bytes) -> ModelAnswer | Failure:
    """What a server of the chat-completions API answers, whatever it is."""
    return _read(status, headers, body, answers.read_completion)


def _read(
    status: int, headers: Mapping[str, str], body: bytes, reading: Reading
) -> ModelAnswer | Failure:
    message = _json(body)
    if not 200 <= status < 300:
        return Failure(Kind.STATUS, status, _code(message), headers.get("retry-after"))
    answer = reading(message)
    return Failure(Kind.UNREADABLE) if answer is None else answer


def _json(body: bytes) -> Any:
    """What the bytes say; None where that is nothing. They can be nested too deeply to read."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _code(body: Any) -> str | None:
    """Of the codes of a refusal those that change what is done about it."""
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return None
    details = error.get("details")
    codes = (error.get("code"), details.get("error_code") if isinstance(details, dict) else None)
    return next((code for code in codes if isinstance(code, str) and code in SPEND_LIMITS), None)
