"""What came back for a call, whatever it was: an answer, or a typed failure. Pure and total.

Nothing a provider sends raises here. What is no message is a `Failure` that `retry` decides about;
a message whose text is not the JSON that was asked for is an outcome of the model, charged by its
usage; one whose usage says nothing that can be believed has none, and is charged at its bound. No
word of the provider's goes further than this file, but its status and codes that are known.
"""

import json
from collections.abc import Mapping
from typing import Any

from nlu_shared.rendering.answers import ModelAnswer, read_message

from induction.llm.retry import SPEND_LIMITS, Failure, Kind


def read(status: int, headers: Mapping[str, str], body: bytes) -> ModelAnswer | Failure:
    """The one door through which everything a provider answers comes in."""
    message = _json(body)
    if not 200 <= status < 300:
        return Failure(Kind.STATUS, status, _code(message), headers.get("retry-after"))
    answer = read_message(message)
    return Failure(Kind.UNREADABLE) if answer is None else answer


def _json(body: bytes) -> Any:
    """What the bytes say; None where that is nothing. They can be nested too deeply to read."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _code(body: Any) -> str | None:
    """Of the codes of a refusal those that change what is done about it."""
    for name in ("error", "details", "error_code"):
        body = body.get(name) if isinstance(body, dict) else None
    return body if isinstance(body, str) and body in SPEND_LIMITS else None
