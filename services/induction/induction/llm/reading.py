"""What came back for a call, whatever it was: an answer, or a typed failure. Pure and total.

Nothing a provider sends raises here. What is no message is a `Failure` that `retry` decides about;
a message whose text is not the JSON that was asked for is an outcome of the model, charged by its
usage; one whose usage says nothing that can be believed has none, and is charged at its bound. No
word of the provider's goes further than this file, but its status and codes that are known.
"""

import json
import math
from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue

from induction.llm.retry import SPEND_LIMITS, Failure, Kind
from induction.task_kinds.base import ModelAnswer, Outcome, Usage

MOST_TOKENS = 10_000_000
"""Of one kind in one call. Nobody sells a window that long; more is no count but an accident."""
DEEPEST = 64
"""Levels of an answer's JSON."""
LARGEST = 2**63
"""Whole numbers in an answer stay below it: what stores and counts them can hold no more."""
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_CUTTING = ("max_tokens", "model_context_window_exceeded")


def read(status: int, headers: Mapping[str, str], body: bytes) -> ModelAnswer | Failure:
    """The one door through which everything a provider answers comes in."""
    message = _json(body)
    if not 200 <= status < 300:
        return Failure(Kind.STATUS, status, _code(message), headers.get("retry-after"))
    text = _text(message)
    if text is None or not isinstance(message, dict):
        return Failure(Kind.UNREADABLE)
    stop_reason, usage = message.get("stop_reason"), _usage(message.get("usage"))
    return ModelAnswer(_outcome(stop_reason, text), _storable(text), usage)


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


def _text(message: Any) -> str | None:
    """The text blocks of a message, joined; None where this is no whole message."""
    if not isinstance(message, dict) or message.get("type") != "message":
        return None
    blocks = message.get("content")
    if not isinstance(blocks, list):
        return None
    texts: list[str] = []
    for block in blocks:
        if not isinstance(block, dict) or not isinstance(block.get("type"), str):
            return None
        if block["type"] == "text":
            if not isinstance(block.get("text"), str):
                return None
            texts.append(block["text"])
    return "".join(texts)


def _usage(usage: Any) -> Usage | None:
    """Tokens, or None where one of the numbers is none that can be believed."""
    if not isinstance(usage, dict):
        return None
    counts = {
        "input_tokens": usage.get("input_tokens"),
        "cache_creation_input_tokens": _none_is_zero(usage.get("cache_creation_input_tokens")),
        "cache_read_input_tokens": _none_is_zero(usage.get("cache_read_input_tokens")),
        "output_tokens": usage.get("output_tokens"),
    }
    for count in counts.values():
        if type(count) is not int or not 0 <= count <= MOST_TOKENS:
            return None
    return Usage(**counts)


def _none_is_zero(count: Any) -> Any:
    return 0 if count is None else count


def _outcome(stop_reason: Any, text: str) -> Outcome:
    if stop_reason in _CUTTING:
        return Outcome.CUT
    if stop_reason == "refusal":
        return Outcome.REFUSED
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return Outcome.MALFORMED
    return Outcome.OK if _is_plain(value) else Outcome.MALFORMED


def _is_plain(whole: JsonValue) -> bool:
    """Whether everything in it can be stored and counted, and nested data walked through."""
    left: list[tuple[JsonValue, int]] = [(whole, 1)]
    while left:
        value, depth = left.pop()
        if depth > DEEPEST:
            return False
        match value:
            case str():
                plain = _storable(value) == value
            case int():
                plain = abs(value) < LARGEST
            case float():
                plain = math.isfinite(value)
            case list():
                plain = True
                left += [(item, depth + 1) for item in value]
            case dict():
                plain = all(_storable(key) == key for key in value)
                left += [(item, depth + 1) for item in value.values()]
            case _:
                plain = True
        if not plain:
            return False
    return True


def _storable(text: str) -> str:
    """Without what PostgreSQL takes in no text: NUL, and halves of surrogate pairs."""
    return (
        text.replace("\0", REPLACEMENT)
        .encode("utf-16", "surrogatepass")
        .decode("utf-16", "replace")
    )
