"""What came back from a model, and what it says about a case. Pure and total: nothing a provider
sends raises here."""

import json
import math
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pydantic import JsonValue

MOST_TOKENS = 10_000_000
"""Of one kind in one call. Nobody sells a window that long; more is no count but an accident."""
DEEPEST = 64
"""Levels of an answer's JSON."""
LARGEST = 2**63
"""Whole numbers in an answer stay below it: what stores and counts them can hold no more."""
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
LONGEST_NAME = 200
"""Characters of what a server calls its model."""
_CUTTING = ("max_tokens", "model_context_window_exceeded")
_STOPS = {"length": "max_tokens", "content_filter": "refusal"}
"""Why a completion ended, in the words of the Messages form."""


class Outcome(StrEnum):
    """How a call ended. Everything but OK is a typed failure that one case can survive."""

    OK = "ok"
    CUT = "cut"  # max_tokens reached
    REFUSED = "refused"  # the model declined
    MALFORMED = "malformed"  # not the JSON that was asked for
    UNAVAILABLE = "unavailable"  # not answered after all retries, while others were
    TOO_LONG = "too_long"  # the request does not fit into the model's window
    REJECTED = "rejected"  # the provider does not take this very request
    OVER_BUDGET = "over_budget"  # not sent, or not sent again: the reservation did not fit
    OUT_OF_TIME = "out_of_time"  # not sent, or cut off: the limit of minutes was reached
    FORGOTTEN = "forgotten"  # the case was erased after the run: the answer went with it


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the provider counts them."""

    input_tokens: int = 0
    cache_creation_input_tokens: int = 0
    cache_read_input_tokens: int = 0
    output_tokens: int = 0

    @property
    def prompt_tokens(self) -> int:
        """All that was read, from a cache or not."""
        return self.input_tokens + self.cache_creation_input_tokens + self.cache_read_input_tokens


@dataclass(frozen=True, slots=True)
class ModelAnswer:
    """`attempts` were sent for it; `ambiguous` of them brought nothing readable back but may be
    billed all the same. `usage` is None where the provider did not say it, or nothing that can be
    believed: then the call costs its bound. `reported` is what the server calls the model that
    answered; None where it does not say."""

    outcome: Outcome
    text: str = ""
    usage: Usage | None = Usage()
    attempts: int = 1
    ambiguous: int = 0
    reported: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class ModelPrediction:
    """What a model said about a case, or why it said nothing usable (`fault`). `lenient` says how
    an answer that counts differs from what was asked for; it makes no other answer of it."""

    output: JsonValue = None
    confidence: float | None = None
    fault: str | None = None
    lenient: tuple[str, ...] = field(default=(), compare=False)


def read_message(body: Any) -> ModelAnswer | None:
    """The answer in the parsed body of a Messages API answer; None where this is no whole message.

    A text that is not the JSON that was asked for is an outcome of the model; usage that cannot be
    believed is None.
    """
    text = _text(body)
    if text is None:
        return None
    outcome = outcome_of(body.get("stop_reason"), text)
    usage = _usage(body.get("usage"))
    return ModelAnswer(outcome, _storable(text), usage, reported=_name(body.get("model")))


def read_completion(body: Any) -> ModelAnswer | None:
    """The same of a chat-completions answer: its first choice."""
    choices = body.get("choices") if isinstance(body, dict) else None
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(choice, dict) or not isinstance(message, dict):
        return None
    text = _content(message)
    reason = "refusal" if message.get("refusal") else choice.get("finish_reason")
    outcome = outcome_of(_STOPS.get(reason, reason) if isinstance(reason, str) else None, text)
    usage = _counted(body.get("usage"))
    return ModelAnswer(outcome, _storable(text), usage, reported=_name(body.get("model")))


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


def _content(message: dict[str, Any]) -> str:
    """The text of a completion, whole or in parts, or of its refusal; it may be empty."""
    content = message.get("content") or message.get("refusal")
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, dict)]
        content = "".join(part for part in parts if isinstance(part, str))
    return content if isinstance(content, str) else ""


def _name(model: Any) -> str | None:
    return _storable(model)[:LONGEST_NAME] if isinstance(model, str) and model.strip() else None


def _usage(usage: Any) -> Usage | None:
    """Tokens, or None where one of the numbers is none that can be believed."""
    if not isinstance(usage, dict):
        return None
    return _believed(
        input_tokens=usage.get("input_tokens"),
        cache_creation_input_tokens=_none_is_zero(usage.get("cache_creation_input_tokens")),
        cache_read_input_tokens=_none_is_zero(usage.get("cache_read_input_tokens")),
        output_tokens=usage.get("output_tokens"),
    )


def _counted(usage: Any) -> Usage | None:
    """The same of a completion, which counts what it read from its cache as prompt too."""
    if not isinstance(usage, dict):
        return None
    details = usage.get("prompt_tokens_details")
    cached = _none_is_zero(details.get("cached_tokens") if isinstance(details, dict) else None)
    prompt = usage.get("prompt_tokens")
    if type(prompt) is not int or type(cached) is not int:
        return None
    return _believed(
        input_tokens=prompt - cached,
        cache_read_input_tokens=cached,
        output_tokens=usage.get("completion_tokens"),
    )


def _believed(**counts: Any) -> Usage | None:
    for count in counts.values():
        if type(count) is not int or not 0 <= count <= MOST_TOKENS:
            return None
    return Usage(**counts)


def _none_is_zero(count: Any) -> Any:
    return 0 if count is None else count


def outcome_of(stop_reason: Any, text: str) -> Outcome:
    """How a call ended that brought this text."""
    if stop_reason in _CUTTING:
        return Outcome.CUT
    if stop_reason == "refusal":
        return Outcome.REFUSED
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return Outcome.MALFORMED
    return Outcome.OK if is_plain(value) else Outcome.MALFORMED


def is_plain(whole: JsonValue) -> bool:
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
